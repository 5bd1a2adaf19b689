from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from tidebook.core.errors import Conflict, InvalidInput, TidebookError
from tidebook.sdk import backoff
from tidebook.sdk.backoff import Backoff
from tidebook.sdk.client import Away, Client, check_server, is_loopback


class Answers(BaseHTTPRequestHandler):
    """Answers /STATUS with that status."""

    seen: ClassVar[list[tuple[str, str | None]]] = []
    headers_sent: ClassVar[dict[str, str]] = {}
    body: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(int(self.path[1:]))
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - overrides
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server that gives `Answers`."""
    Answers.seen, Answers.headers_sent, Answers.body = [], {}, b""
    listener = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}"
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    """A client of it."""
    made = Client(server, "tide_secret")
    yield made
    made.close()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 507])
def test_what_may_pass_is_told_from_what_does_not(client: Client, status: int) -> None:
    Answers.headers_sent = {"Retry-After": "7"}
    with pytest.raises(Away) as raised:
        client.call("GET", f"/{status}")
    assert raised.value.details == {"retry_after": 7.0}
    assert str(status) in raised.value.got


def test_the_servers_own_error_comes_back_as_it_was(client: Client) -> None:
    import json

    Answers.body = json.dumps(Conflict("A rule", got="this", fix="Do that.", length=12).problem()).encode()
    with pytest.raises(Conflict) as raised:
        client.call("GET", "/409")
    assert (raised.value.rule, raised.value.fix, raised.value.details) == ("A rule", "Do that.", {"length": 12})


@pytest.mark.parametrize("status", [302, 404, 418])
def test_another_servers_answer_is_no_reason_to_try_again(client: Client, server: str, status: int) -> None:
    Answers.headers_sent = {"Location": f"{server}/200"}
    with pytest.raises(TidebookError, match="must be that of a Tidebook server") as raised:
        client.call("GET", f"/{status}")
    assert not isinstance(raised.value, Away)
    assert [path for path, _ in Answers.seen] == [f"/{status}"]  # the token is carried nowhere else


def test_nobody_there_is_away() -> None:
    client = Client("http://127.0.0.1:1", "tide_secret")
    with pytest.raises(Away, match="no answer from http://127.0.0.1:1"):
        client.call("GET", "/")
    client.close()


def test_a_proxy_does_not_stand_before_this_machine(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = Client(server, "tide_secret")
    assert client.call("GET", "/200") is None
    assert Answers.seen == [("/200", "Bearer tide_secret")]
    client.close()


def test_this_machines_addresses_are_known() -> None:
    for host in ("127.0.0.1", "127.8.0.1", "localhost", "[::1]", "a.localhost"):
        assert is_loopback(f"http://{host}:8765")
    for host in ("10.0.0.1", "localhost.example", "tide.example"):
        assert not is_loopback(f"http://{host}:8765")


@pytest.mark.parametrize(
    "text", ["", "tide.example", "ftp://x", "http://", "http://a:b@host", "http://h:99999", "http://h:x"]
)
def test_an_address_that_is_none_is_refused_and_shows_no_password(text: str) -> None:
    with pytest.raises(InvalidInput, match="must look like") as raised:
        check_server(text)
    assert "a:b" not in str(raised.value)
    assert check_server(" https://tide.example/base/ ") == "https://tide.example/base"


def test_a_token_that_would_break_the_header_is_refused_and_not_shown() -> None:
    for token in ("a\nb", "é", "two words"):
        with pytest.raises(InvalidInput) as raised:
            Client("http://127.0.0.1:1", token)
        assert token not in str(raised.value)


def test_waits_double_up_to_a_bound_and_are_never_the_same_for_all() -> None:
    waits = [Backoff() for _ in range(2)]
    first, second = ([each.next() for _ in range(12)] for each in waits)
    assert first != second
    assert all(backoff.MOST / 2 <= wait <= backoff.MOST for wait in first[9:])
    assert first[0] <= backoff.FIRST
    patient = Backoff()
    assert patient.next(told=5.0) >= 5.0
    assert patient.next(told=1e9) <= backoff.MOST
    patient.reset()
    assert patient.next() <= backoff.FIRST


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"[]", b'{"name": 1}', b'{"length'])
def test_an_answer_that_is_not_what_was_asked_for_is_another_servers(client: Client, body: bytes) -> None:
    Answers.body = body
    with pytest.raises(TidebookError, match="must be that of a Tidebook server") as raised:
        client.call("GET", "/200", needs=("length",))
    assert not isinstance(raised.value, Away)
    Answers.body = b"<html>Welcome</html>"
    with pytest.raises(TidebookError, match="must be that of a Tidebook server, but got 200 and no JSON from"):
        client.call("GET", "/200")
