"""The store of a server, from another machine: what went up comes down the same, whatever happens on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.integration.conftest import Server
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import write_json
from tidebook.store import LocalStore
from tidebook.store.copying import digest
from tidebook.store.http_store import HttpStore
from tidebook.store.transfer import transfer
from tidebook.store.trees.local import Folder

LINE = "product/P100_all/lstm"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose store the tests of this module share."""
    home = tmp_path_factory.mktemp("held") / "home"
    started = Server(home, "train:3:0.05").start()
    yield started
    started.stop()


@pytest.fixture
def store(held: Server, tmp_path: Path) -> HttpStore:
    return HttpStore(held.url, held.token, cache=tmp_path / "cache", patience=20)


def on_server(server: Server) -> LocalStore:
    return LocalStore(server.home / "saved_models")


def made(folder: Path, **metadata: object) -> dict[str, Path]:
    """The files of a version, one of them large."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "metadata.json", {"format_version": 1, "description": "from elsewhere", **metadata})
    (folder / "model.pth").write_bytes(os.urandom(20_000_000))
    (folder / "empty").write_bytes(b"")
    return {"metadata.json": folder / "metadata.json", "sub/model.pth": folder / "model.pth", "无": folder / "empty"}


def put(store: HttpStore, files: dict[str, Path], line: str = LINE, owner: str = "run") -> str:
    prefix = f"{line}/v{store.claim(line, owner)}"
    store.commit(prefix, store.fill(prefix, files))
    return prefix


def test_a_version_goes_up_and_comes_down_the_same(store: HttpStore, held: Server, tmp_path: Path) -> None:
    files = made(tmp_path / "made")
    number = store.claim(LINE, "first")
    assert (number, store.claim(LINE, "first"), store.claimed(LINE, "first")) == (1, 1, 1)
    assert store.claimed(LINE, "other") is None
    prefix = f"{LINE}/v{number}"
    entries = store.fill(prefix, files)
    with pytest.raises(NotFound, match="The version must exist"):
        store.manifest(prefix)
    assert list(store.trees(LINE)) == []
    store.commit(prefix, entries)
    store.commit(prefix, entries)  # An answer that was lost makes it a second time.
    assert list(store.trees(LINE)) == [prefix]
    assert store.newest(LINE) == 1
    assert store.manifest(prefix)["files"] == on_server(held).manifest(prefix)["files"]
    for path, source in files.items():
        assert store.open(prefix, path).read_bytes() == source.read_bytes()
    folder = store.folder(prefix)
    assert {entry.path: digest(folder / entry.path) for entry in entries} == {e.path: e.digest for e in entries}
    with pytest.raises(Conflict, match="written once"):
        store.fill(prefix, files)
    with pytest.raises(Conflict, match="in use") as refused:
        store.delete(prefix, "no longer wanted")
    assert refused.value.details["reasons"] == ["best"]
    store.delete(prefix, "no longer wanted", force=True)
    assert list(store.trees(LINE)) == []
    with pytest.raises(NotFound):
        store.open(prefix, "metadata.json")
    assert store.claim(LINE, "first") == 2


def test_a_folder_goes_up_and_comes_down_with_few_requests(
    store: HttpStore, held: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    (folder / "deep" / "er").mkdir(parents=True)
    for number in range(1000):
        (folder / "deep" / f"{number}.bin").write_bytes(os.urandom(number))
    (folder / "deep" / "er" / "large").write_bytes(os.urandom(3_000_000))
    requests: list[httpx.Request] = []
    http = store._link.client._http
    real = http.send

    def send(request: httpx.Request, **more: Any) -> httpx.Response:
        requests.append(request)
        return real(request, **more)

    monkeypatch.setattr(http, "send", send)
    tree = store.tree("files/many/v1")
    result = transfer(Folder(folder), tree)
    tree.keep(result.entries)
    assert (len(result.moved), result.failed) == (1001, [])
    assert len(requests) < 10
    again = transfer(Folder(folder), store.tree("files/many/v1"))
    assert (len(again.present), again.moved) == (1001, [])
    requests.clear()
    back = Folder(tmp_path / "back")
    assert len(transfer(store.tree("files/many/v1"), back).moved) == 1001
    assert len(requests) < 10
    ours = {path: entry.mtime for path, entry in Folder(folder).entries().items()}
    assert {path: entry.mtime for path, entry in back.entries().items()} == ours
    for path in ours:
        assert (tmp_path / "back" / path).read_bytes() == (folder / path).read_bytes()
    assert store.tree("files/many/v1").remove(["deep/1.bin", "not there"]) == ["deep/1.bin"]
    with held.client() as client:
        listed = client.get("/api/store/models").json()["items"]
        assert [(item["name"], item["versions"], item["files"]) for item in listed] == [("many", 1, 1000)]
        assert client.get("/api/store/models/many").json()["versions"][0]["version"] == "v1"


def test_records_are_changed_with_nobody_else_in_between(store: HttpStore, held: Server, tmp_path: Path) -> None:
    prefix = put(store, made(tmp_path / "made"), "product/P101_all/lstm")
    assert store.record(prefix, "labels.json") is not None  # The server has written whose it is.
    after = store.amend(prefix, "labels.json", lambda before: {**(before or {}), "notes": "a note"})
    assert (after or {})["notes"] == "a note"
    assert (store.record(prefix, "labels.json") or {})["notes"] == "a note"
    assert (on_server(held).record(prefix, "labels.json") or {})["notes"] == "a note"


def test_a_range_is_given_only_of_the_same_content(store: HttpStore, held: Server, tmp_path: Path) -> None:
    prefix = put(store, made(tmp_path / "made"), "product/P102_all/lstm")
    content = (tmp_path / "made" / "model.pth").read_bytes()
    with held.client() as client:

        def get(**headers: str) -> tuple[int, bytes]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = client.get(f"/api/store/content/{prefix}", params={"path": "sub/model.pth"}, headers=named)
            return answer.status_code, answer.content

        whole = client.get(f"/api/store/content/{prefix}", params={"path": "sub/model.pth"})
        tag = whole.headers["ETag"]
        assert whole.content == content
        assert whole.headers["X-Content-Type-Options"] == "nosniff"
        assert get(Range="bytes=5-9") == (206, content[5:10])
        assert get(Range="bytes=-7", If_Range=tag) == (206, content[-7:])
        assert get(Range="bytes=19999999-") == (206, content[-1:])
        assert get(Range="bytes=5-9", If_Range='"another"') == (200, content)
        assert get(If_None_Match=tag) == (304, b"")
        for wrong in ("bytes=20000000-", "bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=-0", "bytes=-"):
            assert get(Range=wrong)[0] == 416, wrong


def test_the_memory_of_the_server_stays_as_it_is_while_a_large_file_goes_up_and_down(
    store: HttpStore, held: Server, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "large").open("wb") as file:
        file.truncate(400_000_000)
    process, most, ended = psutil.Process(held.pid), [0], threading.Event()
    first = process.memory_info().rss

    def look() -> None:
        while not ended.wait(0.01):
            most[0] = max(most[0], process.memory_info().rss - first)

    looking = threading.Thread(target=look)
    looking.start()
    assert transfer(Folder(source), store.tree("files/large/v1")).failed == []
    assert transfer(store.tree("files/large/v1"), Folder(tmp_path / "back")).failed == []
    ended.set()
    looking.join()
    assert (tmp_path / "back" / "large").stat().st_size == 400_000_000
    assert most[0] < 50_000_000
