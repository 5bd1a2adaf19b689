"""Who may come in: Host, Origin, session cookie or bearer token, checked before any route is reached.

Everything below /api needs a login unless it is in OPEN; what is not below /api is the web UI, which holds no data.
"""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from tidebook.catalog.credentials import Credentials
from tidebook.catalog.users import User
from tidebook.core.errors import Forbidden, TidebookError, Unauthorized
from tidebook.core.settings import Settings
from tidebook.server.lending import Lending
from tidebook.server.problems import as_ours, problem_response

COOKIE = "tidebook_session"
OPEN = frozenset({"/api/health"})  #: paths below /api that need no login
REFUSED = 4401  #: code with which a WebSocket is closed when its login ends

_LOCAL_NAMES = frozenset({"localhost"})


class Gate:
    """ASGI middleware that lets in who may come in, and answers everybody else with a problem document."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = _LOCAL_NAMES | {name.strip().lower() for name in [settings.host, *settings.allowed_hosts]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            check_host(headers, self._names)
            check_origin(headers)
            if _needs_login(scope["path"]):
                scope["tidebook.user"] = await run_in_threadpool(_admitted, scope, headers)
        except Exception as error:  # noqa: BLE001 - nothing is let in by mistake
            await _refuse(as_ours(error), scope, receive, send)
            return
        await self._app(scope, receive, send)


def user_of(connection: HTTPConnection) -> User:
    """The user whom the gate let in."""
    user: User = connection.scope["tidebook.user"]
    return user


def check_host(headers: Headers, names: frozenset[str]) -> None:
    """Forbidden for a host name that is not ours: a page elsewhere may have pointed its name at this machine."""
    host = headers.get("host", "")
    name = _name_of(host)
    if name in names or _is_address(name):
        return
    raise Forbidden(
        "The Host header must name this server",
        got=repr(host[:120]),
        fix="Open the address that the server printed, or add the name to TIDEBOOK_ALLOWED_HOSTS.",
    )


def check_origin(headers: Headers) -> None:
    """Forbidden where a browser says that the request comes from a page of another origin."""
    origin = headers.get("origin")
    if origin is None:
        return  # no browser, or a plain navigation; the cookie is SameSite=Strict
    scheme, _, host = origin.partition("://")
    if scheme in {"http", "https"} and host.lower() == headers.get("host", "").lower():
        return
    raise Forbidden(
        "The Origin header must be this server's own",
        got=repr(origin[:120]),
        fix="Use the web UI at the address that the server printed.",
    )


def identify(headers: Headers, credentials: Credentials) -> User:
    """The user of the bearer token or, where there is none, of the session cookie; else Unauthorized."""
    secret = _bearer(headers)
    if secret is not None:
        user = credentials.user_of_token(secret)
        got = "a token that does not hold"
    else:
        cookie = session_secret(headers)
        user = credentials.user_of_session(cookie) if cookie else None
        got = "a session that has ended" if cookie else "no login"
    if user is None:
        raise Unauthorized(
            "You must be logged in",
            got=got,
            fix="Open the link that an administrator gave you; "
            "programs send `Authorization: Bearer` and a token (TIDEBOOK_TOKEN).",
        )
    return user


def _admitted(scope: Scope, headers: Headers) -> User:
    """The user of a request, be it made by one of this server's own processes for somebody."""
    services = scope["app"].state.services
    lending: Lending = services.lending
    secret = _bearer(headers)
    if secret is not None and lending.is_key(secret):
        return lending.user_of(secret, f"{scope.get('method', '')} {scope['path']}")
    return identify(headers, services.credentials)


def _bearer(headers: Headers) -> str | None:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def session_secret(headers: Headers) -> str | None:
    """The secret in the session cookie."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _needs_login(path: str) -> bool:
    return (path == "/api" or path.startswith("/api/")) and path not in OPEN


def _name_of(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0][1:].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # an address cannot be pointed elsewhere as a name can


async def _refuse(error: TidebookError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=REFUSED, reason=error.rule)(scope, receive, send)
        return
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    await problem_response(error, headers)(scope, receive, send)
