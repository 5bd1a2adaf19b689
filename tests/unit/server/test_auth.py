"""Hosts, origins and cookies."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from tidebook.core.errors import Forbidden
from tidebook.server.auth import check_host, check_origin, session_secret

NAMES = frozenset({"localhost", "127.0.0.1", "tide.example"})


@pytest.mark.parametrize(
    "host", ["localhost:8765", "LOCALHOST", "127.0.0.1:1", "10.0.0.7:80", "[::1]:8765", "tide.example"]
)
def test_a_name_of_ours_and_any_address_are_taken(host: str) -> None:
    check_host(Headers({"host": host}), NAMES)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "tide.example.evil", "[evil]"])
def test_another_name_is_refused(host: str) -> None:
    with pytest.raises(Forbidden, match="The Host header must name this server"):
        check_host(Headers({"host": host}), NAMES)


@pytest.mark.parametrize("origin", [None, "http://localhost:8765", "https://LOCALHOST:8765"])
def test_no_origin_and_its_own_are_taken(origin: str | None) -> None:
    check_origin(Headers({"host": "localhost:8765", **({"origin": origin} if origin else {})}))


@pytest.mark.parametrize("origin", ["null", "", "http://localhost", "file://localhost:8765", "http://localhost:87650"])
def test_another_origin_is_refused(origin: str) -> None:
    with pytest.raises(Forbidden, match="The Origin header must be this server's own"):
        check_origin(Headers({"host": "localhost:8765", "origin": origin}))


@pytest.mark.parametrize(
    ("cookie", "secret"),
    [
        ("tidebook_session=abc", "abc"),
        ("x=1; tidebook_session=abc; y=2", "abc"),
        ("x=1", None),
        ("", None),
        ("=;;", None),
    ],
)
def test_the_session_is_found_among_cookies(cookie: str, secret: str | None) -> None:
    assert session_secret(Headers({"cookie": cookie})) == secret
