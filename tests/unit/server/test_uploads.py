"""Uploads: streamed, limited, and gone when something is wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from tidebook.core.errors import InvalidInput, TooLarge
from tidebook.core.settings import Settings
from tidebook.server.uploads import receive


def arrive(settings: Settings, body: bytes, content_type: str, chunk: int = 7) -> tuple[str, str, bytes, Any]:
    """What `receive` makes of a body that comes in small pieces: path, name, content and mapping."""

    async def main() -> tuple[str, str, bytes, Any]:
        pieces = iter([body[i : i + chunk] for i in range(0, len(body), chunk)])

        async def read() -> dict[str, Any]:
            piece = next(pieces, None)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        headers = [(b"content-type", content_type.encode())]
        async with receive(Request({"type": "http", "headers": headers}, read), settings) as upload:
            return upload.path.name, upload.name, upload.path.read_bytes(), upload.mapping

    return asyncio.run(main())


def form(files: Any, data: dict[str, str] | None = None) -> tuple[bytes, str]:
    """A multipart body and its content type, as a client makes them."""
    request = httpx.Request("POST", "http://x", files=files, data=data)
    request.read()
    return request.content, request.headers["content-type"]


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_a_file_arrives_as_it_was_sent(settings: Settings, chunk: int) -> None:
    content = bytes(range(256)) * 20 + b"\r\n--not a boundary\r\n"
    body, kind = form({"file": ("Sales 2025.PARQUET", content)}, {"name": " 药店 ", "mapping": '{"target": "sales"}'})
    path, name, received, mapping = arrive(settings, body, kind, chunk)
    assert (path, name, received) == ("upload.parquet", "药店", content)
    assert mapping["target"] == "sales"
    assert not list((settings.cache / "uploads").iterdir())


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"),
        ("..\\..\\evil.csv", "evil.csv"),
        ("/abs.csv", "abs.csv"),
        ("n\x00l.csv", "nl.csv"),
        ("名字.csv", "名字.csv"),
        ("x" * 400 + ".csv", "x" * 200),
        ("<b>.csv", "<b>.csv"),
    ],
)
def test_a_hostile_file_name_decides_nothing_but_the_shown_name(settings: Settings, filename: str, shown: str) -> None:
    boundary = "b"
    disposition = f'form-data; name="file"; filename="{filename}"'.encode()
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\ncontent\r\n--b--\r\n"
    path, name, content, _ = arrive(settings, body, f"multipart/form-data; boundary={boundary}")
    assert (path, name, content) == ("upload.csv", shown, b"content")


def parts(*each: tuple[str, bytes]) -> Iterable[bytes]:
    """Parts with their disposition."""
    for disposition, content in each:
        yield b"--b\r\nContent-Disposition: form-data; " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


FILE = ('name="file"; filename="x.csv"', b"a,b\n1,2\n")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"".join(parts(('name="name"', b"x"))) + b"--b--\r\n", "no file"),
        (b"".join(parts(FILE, FILE)) + b"--b--\r\n", "more than one file"),
        (b"".join(parts(FILE)), "a body that ends too early"),
        (b"".join(parts(FILE)) + b"--b", "a body that ends too early"),
        (b"", "a body that ends too early"),
        (b"nonsense", "multipart/form-data"),
        (b"".join(parts(FILE, ('name="name"', b"x" * 70_000))) + b"--b--\r\n", "more than 65536 bytes"),
        (b"".join(parts(FILE, ('name="mapping"', b"{"))) + b"--b--\r\n", "mapping must be JSON text"),
        (b"".join(parts(FILE, ('name="mapping"', b'{"tarket": "x"}'))) + b"--b--\r\n", "tarket"),
        (b"".join(parts(('name="file"; filename="x.exe"', b"MZ"))) + b"--b--\r\n", "must end in .parquet or .csv"),
        (b"".join(parts(('name="file"', b"MZ"))) + b"--b--\r\n", "must end in .parquet or .csv"),
        (b"".join(parts(*((f'name="f{i}"', b"") for i in range(11)))) + b"--b--\r\n", "more than 10 fields"),
    ],
)
def test_what_is_no_upload_is_told_so_and_leaves_nothing(settings: Settings, body: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        arrive(settings, body, "multipart/form-data; boundary=b")
    assert not list((settings.cache / "uploads").iterdir())


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/mixed; boundary=b",
        f"multipart/form-data; boundary={'b' * 999}",
    ],
)
def test_another_content_type_is_told_so(settings: Settings, kind: str) -> None:
    with pytest.raises(InvalidInput, match="An upload must be multipart/form-data"):
        arrive(settings, b"", kind)


def test_a_file_that_is_too_large_is_cut_off_and_leaves_nothing(settings: Settings) -> None:
    small = settings.model_copy(update={"max_upload_bytes": 1000})
    body, kind = form({"file": ("x.csv", b"x" * 1001)})
    with pytest.raises(TooLarge, match="An uploaded file must have at most 1,000 bytes, but got more than that"):
        arrive(small, body, kind)
    assert not list((settings.cache / "uploads").iterdir())
    body, kind = form({"file": ("x.csv", b"x" * 1000)})
    assert len(arrive(small, body, kind)[2]) == 1000
