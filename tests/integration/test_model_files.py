"""Files of a version, looked at and downloaded: what is hostile in them stays harmless."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from tests.integration.conftest import Server
from tidebook.core.files import write_json
from tidebook.store import LocalStore

LINE = "product/P001_all/lstm"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def contents() -> dict[str, bytes]:
    table = io.BytesIO()
    frame = pl.DataFrame(
        {"text": ["x" * 1000] * 150, "n": range(150), "null": [None] * 150, "nan": [float("nan")] * 150}
    )
    frame.with_columns(list=pl.lit([[1, 2]]), day=pl.date(2026, 1, 31), big=2**60).write_parquet(table)
    return {
        "notes.txt": "中文 text\n".encode(),
        "config.json": b'{"a": [1, 2]}',
        "huge.json": b"[" + b"1," * 2_000_000 + b"1]",
        "deep.json": b"[" * 100_000 + b"]" * 100_000,
        "broken.json": b'{"a":',
        "picture.png": PNG,
        "page.png": b"<html><script>alert(1)</script>",
        "weights.pth": os.urandom(3_000_000),
        "cut.txt": "é".encode() * 200_000,
        "table.parquet": table.getvalue(),
        "false.parquet": b"PAR1" + os.urandom(1000) + b"PAR1",
        "text.parquet": b"no table",
        "empty": b"",
        "sub/目录/file.log": b"a line\n",
    }


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with real workers, and a version that holds files of every kind."""
    folder = tmp_path_factory.mktemp("files")
    store = LocalStore(folder / "home" / "saved_models")
    made = folder / "made"
    for name, content in contents().items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    write_json(made / "metadata.json", {"format_version": 1, "description": "all kinds"})
    names = [*contents(), "metadata.json"]
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    store.commit(prefix, store.fill(prefix, {name: made / name for name in names}))
    started = Server(folder / "home", "real").start()
    yield started
    started.stop()


def preview(server: Server, path: str) -> dict[str, Any]:
    with server.client() as client:
        answer = client.get(f"/api/model-preview/{LINE}/v1", params={"path": path})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        shown: dict[str, Any] = answer.json()
        assert shown["path"] == path
        assert shown["size"] == len(contents().get(path, b"")) or path in {"weights.pth", "false.parquet"}
        return shown


@pytest.mark.parametrize(
    ("path", "kind", "truncated"),
    [
        ("notes.txt", "text", False),
        ("config.json", "json", False),
        ("huge.json", "text", True),
        ("deep.json", "text", False),
        ("broken.json", "text", False),
        ("picture.png", "image", False),
        ("page.png", "text", False),
        ("weights.pth", "binary", False),
        ("cut.txt", "text", True),
        ("text.parquet", "text", False),
        ("empty", "text", False),
        ("sub/目录/file.log", "text", False),
    ],
)
def test_a_preview_is_of_what_a_file_holds_and_not_of_what_it_is_called(
    real: Server, path: str, kind: str, truncated: bool
) -> None:
    shown = preview(real, path)
    assert (shown["kind"], shown["truncated"]) == (kind, truncated)
    assert (shown["columns"], shown["rows"]) == (None, None)
    if kind in {"text", "json"}:
        content = contents()[path].decode()
        assert shown["text"] == content[: len(shown["text"])]
        assert len(shown["text"].encode()) <= 256 * 1024
        assert truncated or shown["text"] == content
    else:
        assert shown["text"] is None


def test_a_table_shows_its_first_rows(real: Server) -> None:
    shown = preview(real, "table.parquet")
    assert (shown["kind"], shown["truncated"], len(shown["rows"])) == ("table", True, 100)
    assert shown["columns"] == ["text", "n", "null", "nan", "list", "day", "big"]
    assert shown["rows"][3] == ["x" * 200 + "…", 3, None, None, "[[1, 2]]", "2026-01-31", str(2**60)]
    with real.client() as client:
        broken = client.get(f"/api/model-preview/{LINE}/v1", params={"path": "false.parquet"})
        assert (broken.status_code, "Parquet" in broken.json()["rule"]) == (422, True)
        assert client.get("/api/health").status_code == 200


def test_only_files_of_the_version_are_shown(real: Server) -> None:
    with real.client() as client:
        for path in ("manifest.json", "../v1/notes.txt", "/etc/passwd", ".claim", "missing", "a\0b", "sub"):
            answer = client.get(f"/api/model-preview/{LINE}/v1", params={"path": path})
            assert answer.status_code in {404, 422}, path
        for address in (f"{LINE}/v2", LINE, "product/../x/lstm/v1", "files/x/v1", "x"):
            for route in ("model-preview", "model-zip"):
                answer = client.get(f"/api/{route}/{address}", params={"path": "notes.txt"})
                assert answer.status_code in {404, 422}, address


def test_a_zip_holds_all_files(real: Server) -> None:
    with real.client() as client:
        answer = client.get(f"/api/model-zip/{LINE}/v1")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''product_P001_all_lstm_v1.zip"
    made = real.home.parent / "made"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted([*contents(), "metadata.json"])
        for name in archive.namelist():
            assert archive.read(name) == (made / name).read_bytes(), name
        assert archive.getinfo("weights.pth").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("huge.json").compress_size < 100_000
        assert json.loads(archive.read("metadata.json"))["description"] == "all kinds"


def test_a_zip_of_a_large_version_takes_no_memory(real: Server, tmp_path: Path) -> None:
    store = LocalStore(real.home / "saved_models")
    large = tmp_path / "model.pth"
    with large.open("wb") as file:
        file.truncate(400_000_000)
    write_json(tmp_path / "metadata.json", {"format_version": 1})
    prefix = f"{LINE}/v{store.claim(LINE, 'large')}"
    store.commit(prefix, store.fill(prefix, {name: tmp_path / name for name in ("metadata.json", "model.pth")}))
    process, most, size = psutil.Process(real.pid), 0, 0
    first = process.memory_info().rss
    with real.client() as client, client.stream("GET", f"/api/model-zip/{prefix}") as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            size += len(piece)
            most = max(most, process.memory_info().rss - first)
    assert size > 400_000_000
    assert most < 50_000_000
    store.delete(prefix, "the test is over")
