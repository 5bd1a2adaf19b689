"""What stands before a body is limited, and a server goes on whatever is sent to it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import Server


def sent(server: Server, *pieces: bytes) -> bytes:
    """What the server answers until it closes the connection or is silent."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=10) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.settimeout(2)
            while data := connection.recv(65536):
                answer += data
        except OSError:
            pass
        return answer


HEAD = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD, *(b"x-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100))),
        (HEAD, b"x: ", *([b"y" * 10_000] * 100)),
        (b"GET /", *([b"y" * 10_000] * 100)),
    ],
)
def test_a_head_without_end_is_refused(server: Server, pieces: tuple[bytes, ...]) -> None:
    answer = sent(server, *pieces)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    with server.client() as client:
        assert client.get("/api/health").status_code == 200


def test_many_requests_on_one_connection_are_no_large_head(server: Server) -> None:
    requests = [HEAD + b"x: " + b"y" * 20_000 + b"\r\n\r\n" for _ in range(10)]
    assert sent(server, *requests).count(b"HTTP/1.1 200") == 10


@pytest.mark.parametrize(
    "garbage", [b"\0" * 1000, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", HEAD + b"Content-Length: x\r\n\r\n"]
)
def test_what_is_no_request_is_refused(server: Server, garbage: bytes) -> None:
    assert not sent(server, garbage).startswith(b"HTTP/1.1 200")
    with server.client() as client:
        assert client.get("/api/health").status_code == 200
