"""HTTP with a Tidebook server: a bearer token, and errors of ours."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from tidebook import __version__
from tidebook.core.errors import InvalidInput, TidebookError

TIMEOUT = 60.0  #: seconds without a byte from the server
CONNECTING = 10.0  #: seconds until a connection must stand
_TRANSIENT = frozenset({408, 425, 429})

Content = bytes | Iterable[bytes]
SLOWEST = 2_000_000  #: bytes a second that a large body is waited for


class Away(TidebookError):
    """The server cannot be reached or cannot answer now; the same request may succeed later."""

    slug = "away"
    status = 503
    exit_code = 8


class Client:
    """A connection to one server, kept open between requests; each thread that uses it at once opens another."""

    def __init__(self, server: str, token: str, *, timeout: float = TIMEOUT) -> None:
        self.server = check_server(server)
        self._token, self._timeout = token, timeout
        headers = {"User-Agent": f"tidebook/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {_check_token(token)}"
        self._http = httpx.Client(
            base_url=self.server,
            headers=headers,
            timeout=_timeouts(timeout),
            trust_env=not is_loopback(self.server),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float] | None = None,
        json: Any = None,
        content: Content | None = None,
        size: int = 0,
        needs: Collection[str] = (),
    ) -> Any:
        """The answer's JSON value, None where it has no body. `size` is that of a content that comes in pieces.

        Away where the same request may succeed later; else the server's own error, or one that says that the address
        is not that of a Tidebook server: so where an answer is no JSON or no object with the names that it `needs`.
        """
        more: dict[str, Any] = {}
        if content is not None:
            length = len(content) if isinstance(content, bytes) else size
            more["headers"] = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
            more["timeout"] = _timeouts(self._timeout + length / SLOWEST)
        try:
            answer = self._http.request(method, path, params=params, json=json, content=content, **more)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if not answer.is_success:
            raise self._error(answer)
        try:
            value = answer.json() if answer.content else None
        except ValueError as error:
            raise _of_another(answer, "and no JSON ") from error
        if needs and not (isinstance(value, dict) and value.keys() >= set(needs)):
            raise _of_another(answer, "and another answer ")
        return value

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """The answer while it arrives; errors as those of `call`, also where it is cut while it is read."""
        try:
            with self._http.stream(method, path, params=params, json=json, headers=headers) as answer:
                if not answer.is_success:
                    answer.read()
                    raise self._error(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def another(self) -> Client:
        """A second connection to the same server, for what is sent while this one is busy."""
        return Client(self.server, self._token, timeout=self._timeout)

    def close(self) -> None:
        """Ends the connection."""
        self._http.close()

    def _unreachable(self, error: httpx.HTTPError) -> Away:
        return Away(
            "The server must be reachable",
            got=f"no answer from {self.server} ({str(error) or type(error).__name__})",
            fix="See that it runs and that the address is right; nothing is lost meanwhile.",
        )

    def _error(self, answer: httpx.Response) -> TidebookError:
        status = answer.status_code
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        ours = TidebookError.from_problem(problem) if isinstance(problem, dict) and "rule" in problem else None
        if status >= 500 or status in _TRANSIENT:
            told = answer.headers.get("Retry-After", "")
            return Away(
                "The server must be able to take it",
                got=f"{status}: {ours}" if ours else f"{status} from {self.server}",
                fix="It is tried again; see the server's log where that lasts.",
                **({"retry_after": float(told)} if told.isdigit() else {}),
                **({"problem": problem} if ours else {}),
            )
        if ours:
            ours.status = status
            return ours
        return _of_another(answer)


def _of_another(answer: httpx.Response, what: str = "") -> TidebookError:
    other = TidebookError(
        "The address must be that of a Tidebook server",
        got=f"{answer.status_code} {what}from {answer.url.copy_with(query=None)}",
        fix="Give the address that the server printed, such as http://127.0.0.1:8765.",
    )
    other.status = answer.status_code
    return other


def check_server(server: str) -> str:
    """The address without what follows the host and port; InvalidInput where it is none."""
    text = server.strip()
    parts = urlsplit(text)
    try:
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.username or parts.password:
        raise InvalidInput(
            "A server's address must look like http://127.0.0.1:8765",
            got=repr(f"{parts.scheme}://{parts.hostname}" if parts.username else text)[:120],
            fix="Give the address that the server printed at its start, and the token by itself.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(server: str) -> bool:
    """Whether the address is this machine's own, which no proxy stands before."""
    host = urlsplit(server).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _timeouts(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, CONNECTING))


def _check_token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token.strip():
        raise InvalidInput(
            "A token must be one word of plain letters, digits and signs",
            got="something else",
            fix="Make one with `tidebook token NAME` on the server, or in the web's settings.",
        )
    return token.strip()
