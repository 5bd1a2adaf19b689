"""The key of a task to the server's store, for its process alone: it holds while the attempt runs."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from tidebook.core.errors import NotFound, StorageFailure
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord

PREFIX = "task_"
_FILE = "key.json"
_KEY = re.compile(r"task_(TRAI[a-z0-9]{28})_([\w-]{20,100})", re.ASCII)


def issue(settings: Settings, record: TaskRecord) -> str:
    """A new key for an attempt that is about to start; that of an earlier attempt no longer holds."""
    secret = secrets.token_urlsafe(32)
    content = {"format_version": 1, "attempt": record.attempt, "digest": _digest(secret)}
    write_json(records.folder(settings, record.id) / _FILE, content)
    return f"{PREFIX}{record.id}_{secret}"


def holder(settings: Settings, key: str) -> TaskRecord | None:
    """The task that the key belongs to; None where it does not hold."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    try:
        kept = read_json(records.folder(settings, match[1]) / _FILE)
        record = records.load(settings, match[1])
    except (NotFound, StorageFailure, TypeError):
        return None
    holds = isinstance(kept, dict) and hmac.compare_digest(str(kept.get("digest")), _digest(match[2]))
    return record if holds and record.state == "RUNNING" and kept.get("attempt") == record.attempt else None


def _digest(secret: str) -> str:
    # 256 random bits cannot be guessed from their digest, so no slow hash is needed.
    return hashlib.sha256(secret.encode()).hexdigest()
