"""In which language a client is answered: problems, and what records say of why something failed.

They are kept in English, and turned into the language of the request where the answer is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tidebook.core.locales import LANGUAGES
from tidebook.core.translation import problem_in, text_in

_spoken: ContextVar[str] = ContextVar("tidebook_language", default=LANGUAGES[0])

_SAID = ("error", "problem", "reason")  # members that hold a problem document, or the same as one text
_LISTS = ("items", "failed", "versions")  # members that hold a list of what may have those


class Languages:
    """ASGI middleware that finds out the language of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] in {"http", "websocket"}:
            _spoken.set(_asked(scope))  # and not reset: errors are answered outside of all middleware
        await self._app(scope, receive, send)


def spoken() -> str:
    """The language of the request that is being answered."""
    return _spoken.get()


def preferred(header: str) -> str:
    """The language of ours that an Accept-Language header wants most; English where it wants none of them."""
    best, wanted = LANGUAGES[0], 0.0
    for part in header[:1000].split(","):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.partition("=")[2]) if quality else 1.0
        except ValueError:
            continue
        name = tag.strip().lower().partition("-")[0]
        if name in LANGUAGES and wanted < weight <= 1:
            best, wanted = name, weight
    return best


def told(value: Any) -> Any:
    """An answer with its problems and reasons in the language of the request.

    Looks at the answer and at the members of its lists, no deeper: logs and names are never changed.
    """
    return value if spoken() == LANGUAGES[0] else _told(value)


def _told(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    changed = {name: _said(value[name]) for name in _SAID if value.get(name)}
    for name in _LISTS:
        if isinstance(items := value.get(name), list):
            changed[name] = [_told(item) for item in items]
    if isinstance(problems := value.get("problems"), list):
        changed["problems"] = [_said(problem) for problem in problems]
    return {**value, **changed} if changed else value


def _said(said: Any) -> Any:
    if isinstance(said, str):
        return text_in(spoken(), said)
    return problem_in(spoken(), said) if isinstance(said, Mapping) and "rule" in said else said


def _asked(scope: Scope) -> str:
    """What a WebSocket asks for may be in its address, because a page cannot state its headers."""
    if scope["type"] == "websocket":
        named = parse_qs(scope["query_string"].decode("latin-1")).get("language")
        if named:
            return preferred(named[-1])
    return preferred(Headers(scope=scope).get("accept-language", ""))
