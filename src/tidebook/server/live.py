"""One WebSocket for everything that moves: topics with cursors, read from the files and the database.

Nothing is remembered for a client. A cursor says what it has; whoever comes back with the last one goes on there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tidebook.catalog.access import Access
from tidebook.core.errors import InvalidInput, TidebookError, Unauthorized
from tidebook.core.ids import check_id
from tidebook.server.access import access_of
from tidebook.server.auth import REFUSED, identify
from tidebook.server.languages import told
from tidebook.server.problems import as_ours
from tidebook.server.runs import follow
from tidebook.server.services import Services, services_of
from tidebook.tasks.tail import Chunk

TICK = 0.2  #: seconds between looks
CHECK_LOGIN = 10.0  #: seconds between looks whether the login still holds and what the user sees
MAX_TOPICS = 100  #: of one connection
MAX_LINES = 2000  #: of one message
MAX_MESSAGE = 64 * 1024  #: bytes from a client

router = APIRouter()

Read = Callable[[int, Access], Chunk]


@dataclass
class Subscription:
    """What a client follows."""

    read: Read  #: what there is after a cursor that the user sees
    cursor: int
    fresh: bool = True  #: nothing sent yet


@router.websocket("/api/live")
async def live(socket: WebSocket) -> None:
    """Sends what changes in the topics that the client subscribes to."""
    await socket.accept()
    access = await run_in_threadpool(access_of, socket)
    await _Connection(socket, services_of(socket), access).run()


def topic(name: object, parts: Services) -> Read:
    """How to read a topic; InvalidInput for one that does not exist. What the user does not see is NotFound there."""
    tasks = parts.tasks
    match str(name).split("/"):
        case ["training"]:
            return tasks.changes
        case ["training", task_id]:
            check_id(task_id, "TRAI")
            return lambda after, access: tasks.changes_of(task_id, after, access)
        case ["training", task_id, "logs"]:
            check_id(task_id, "TRAI")
            return lambda after, access: tasks.logs(task_id, after, MAX_LINES, access)
        case ["training", task_id, "metrics"]:
            check_id(task_id, "TRAI")
            return lambda after, access: tasks.metrics(task_id, after, access)
        case ["runs"]:
            return lambda after, access: follow.changes(parts, after, access)
        case ["runs", run_name]:
            return lambda after, access: follow.changes_of(parts, run_name, after, access)
        case ["runs", run_name, "logs"]:
            return lambda after, access: follow.logs(parts, run_name, after, access)
        case ["runs", run_name, "metrics"]:
            return lambda after, access: follow.metrics(parts, run_name, after, access)
    raise InvalidInput(
        "A topic must be training or runs, alone or with /{id}, /{id}/logs or /{id}/metrics",
        got=repr(str(name)[:80]),
        fix="Subscribe to one of these.",
    )


@dataclass
class _Connection:
    socket: WebSocket
    parts: Services
    access: Access  #: as of the last look at the login
    topics: dict[str, Subscription] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listens and sends until the client goes, the login ends or the server stops."""
        sending = asyncio.create_task(self._send_changes())
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, listening):
                task.cancel()
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await asyncio.gather(sending, listening, return_exceptions=True)
                if self.socket.application_state is WebSocketState.CONNECTED:
                    await self.socket.close()

    async def _listen(self) -> None:
        while True:
            try:
                text = await self.socket.receive_text()
            except (WebSocketDisconnect, KeyError):
                return
            try:
                await self._obey(text)
            except TidebookError as error:
                await self._say({"topic": None, "error": error.problem()})

    async def _obey(self, text: str) -> None:
        message = _message(text)
        name = message.get("topic")
        if message.get("type") == "unsubscribe":
            self.topics.pop(str(name), None)
            return
        if message.get("type") != "subscribe":
            raise InvalidInput(
                "type must be subscribe or unsubscribe", got=repr(message.get("type"))[:80], fix="Send one of these."
            )
        try:
            if len(self.topics) >= MAX_TOPICS:
                raise InvalidInput(
                    f"A connection can follow at most {MAX_TOPICS} topics", got="one more", fix="Unsubscribe some."
                )
            read = topic(name, self.parts)
            cursor = message.get("cursor")
            if cursor is None:
                cursor = await run_in_threadpool(_now, name, self.parts)
            if type(cursor) is not int or not 0 <= cursor <= 2**53:  # True is an int, too
                raise InvalidInput(
                    "cursor must be one that the server gave", got=repr(cursor)[:80], fix="Leave it out to begin anew."
                )
        except Exception as error:  # noqa: BLE001 - nor must one that cannot begin
            await self._say({"topic": str(name)[:200], "error": as_ours(error).problem()})
            return
        self.topics[str(name)] = Subscription(read, cursor)
        self.woken.set()

    async def _send_changes(self) -> None:
        checked = time.monotonic()
        while True:
            for name, subscription in list(self.topics.items()):
                await self._catch_up(name, subscription)
            if time.monotonic() - checked > CHECK_LOGIN:
                checked = time.monotonic()
                try:
                    self.access = await run_in_threadpool(self._still_seen)
                except Unauthorized as error:
                    await self.socket.close(REFUSED, error.rule)
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), TICK)
            self.woken.clear()

    async def _catch_up(self, name: str, subscription: Subscription) -> None:
        while self.topics.get(name) is subscription:
            try:
                chunk = await run_in_threadpool(subscription.read, subscription.cursor, self.access)
                ending = {"complete": True} if chunk.complete else {}
                news = _written({"topic": name, "cursor": chunk.cursor, "items": chunk.items, **ending})
            except Exception as error:  # noqa: BLE001 - one broken topic must not end the others
                self.topics.pop(name, None)
                await self._say({"topic": name, "error": as_ours(error).problem()})
                return
            if self.topics.get(name) is not subscription:
                return
            if chunk.items or chunk.complete or subscription.fresh:
                subscription.cursor, subscription.fresh = chunk.cursor, False
                await self.socket.send_text(news)
            if chunk.complete:
                self.topics.pop(name, None)
            if not chunk.items:
                return

    def _still_seen(self) -> Access:
        """What the user sees now; Unauthorized where the login has ended."""
        return self.parts.projects.access(identify(self.socket.headers, self.parts.credentials))

    async def _say(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(_written(message))


def _written(message: dict[str, Any]) -> str:
    return orjson.dumps(told(message), default=str).decode()


def _now(name: object, parts: Services) -> int:
    """Where a topic begins for who has nothing: lists with what changes from now on, all else from its beginning."""
    if name == "training":
        return parts.tasks.now()
    return parts.runs.last_change() if name == "runs" else 0


def _message(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text) if len(text) <= MAX_MESSAGE else None
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise InvalidInput(
            "A message must be a JSON object with type and topic",
            got=repr(text[:80]),
            fix='Send for example {"type": "subscribe", "topic": "training", "cursor": 0}.',
        )
    return message
