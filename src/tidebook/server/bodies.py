"""How much a request may carry: a body is taken up to a limit before any route sees it."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidebook.core.errors import TooLarge
from tidebook.core.files import MAX_RECORD_BYTES
from tidebook.server.problems import problem_response

MAX_BODY_BYTES = MAX_RECORD_BYTES
_DRAINED_BYTES = 4 * MAX_BODY_BYTES  # so much is read on, and forgotten, for clients that send all before they listen
#: what is streamed, each with a limit of its own
_STREAMED = re.compile(
    r"/api/datasets/upload|/api/ingest/runs/[^/]+/(append|files/.+)|/api/store/(content|bundles)/.+", re.DOTALL
)


class BodyLimit:
    """ASGI middleware that answers 413 to a body above the limit, stated or not; streamed uploads pass."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http" or _STREAMED.fullmatch(scope["path"]) or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        while more and size <= _DRAINED_BYTES:
            message = await receive()
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if size <= MAX_BODY_BYTES:
                messages.append(message)
            else:
                messages.clear()
        if size > MAX_BODY_BYTES:
            await problem_response(_too_large())(scope, receive, send)
            return
        waiting = iter(messages)

        async def again() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, again, send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _too_large() -> TooLarge:
    return TooLarge(
        f"A request must have at most {MAX_BODY_BYTES:,} bytes",
        got="more than that",
        fix="Send less at once, or what is large as a file of a run or a dataset.",
    )
