"""Lends the store to this server's own processes, where it is no folder that they reach by themselves.

They get the server's address and a key to it, never the credentials of the store.
"""

from __future__ import annotations

import hmac
import re
import secrets

from tidebook.catalog.users import User, Users
from tidebook.core.environment import is_local
from tidebook.core.errors import Forbidden, NotFound, Unauthorized
from tidebook.core.settings import Settings
from tidebook.records.task import TaskRecord
from tidebook.server.links import address
from tidebook.tasks import key

WORKER = "worker_"
_READS = re.compile(
    r"GET /api/store/(trees|lines|newest|claims|records|(manifests|entries|content)/.+)"
    r"|POST /api/store/(contents|restorations)/.+"
)
_FILLS = re.compile(r"POST /api/store/(claims|(uploads|shares|commits)/.+)|PUT /api/store/(content|bundles)/.+")


class Lending:
    """Keys of tasks, which hold while they run, and of the warm workers, which only read."""

    def __init__(self, settings: Settings, users: Users) -> None:
        self._settings, self._users = settings, users
        self._worker = WORKER + secrets.token_urlsafe(32)

    def to_task(self, record: TaskRecord) -> dict[str, str]:
        """What the environment of a task's process needs to publish; {} where it reaches the store by itself."""
        return self._lent(key.issue(self._settings, record)) if self._lends else {}

    def to_workers(self) -> dict[str, str]:
        """The same for workers, to read versions."""
        return self._lent(self._worker) if self._lends else {}

    def is_key(self, token: str) -> bool:
        """Whether it looks like a key of a process, and not like a token of a user."""
        return token.startswith((key.PREFIX, WORKER))

    def user_of(self, token: str, request: str) -> User:
        """For whom a process acts; Unauthorized where its key does not hold, Forbidden for any other request."""
        if hmac.compare_digest(token.encode(), self._worker.encode()):
            user: User | None = self._users.administrator()
            allowed = _READS.fullmatch(request)
        else:
            record = key.holder(self._settings, token)
            user = None if record is None else self._owner(record.owner)
            allowed = _READS.fullmatch(request) or _FILLS.fullmatch(request)
        if user is None:
            raise Unauthorized(
                "A task's key must be that of one that runs", got="one that has ended", fix="Start the task again."
            )
        if not allowed:
            raise Forbidden(
                "A task's key must be used for the store only", got=request[:120], fix="Use a token of a user."
            )
        return user

    @property
    def _lends(self) -> bool:
        return bool(self._settings.store) and not is_local(self._settings.store or "")

    def _lent(self, token: str) -> dict[str, str]:
        return {"TIDEBOOK_STORE": address(self._settings), "TIDEBOOK_TOKEN": token}

    def _owner(self, user_id: str) -> User | None:
        try:
            found = self._users.get(user_id)
        except NotFound:
            return None
        return None if found["disabled"] else User(user_id, found["name"], found["role"])
