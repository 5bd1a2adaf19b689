"""Writes that succeed only where nobody else wrote: the store refuses them, or else one lock orders them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidebook.core.errors import StorageFailure
from tidebook.core.files import storage_errors
from tidebook.store.objects import answers
from tidebook.store.objects.bucket import Bucket


class Conditions:
    """Creates and replaces objects of a bucket.

    With `alone`, a local folder for locks, the processes that share it are the only ones that write to the bucket, so
    that it need not honour conditions.
    """

    def __init__(self, bucket: Bucket, alone: Path | None) -> None:
        self._bucket, self._alone = bucket, alone
        self._mine = threading.local()  # whether this thread has the lock

    def create(self, key: str, data: bytes) -> bool:
        """Writes an object that does not exist yet; False where it does, or did at the moment of writing."""
        with self.turn():
            if self.honoured():
                return self._bucket.put(key, data, new=True) is not None
            if self._bucket.head(key) is not None:
                return False
            self._bucket.put(key, data)
            return True

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Writes an object that is still as its ETag says; False where it is not."""
        with self.turn():
            if self.honoured():
                return self._bucket.put(key, data, match=etag) is not None
            found = self._bucket.head(key)
            if found is None or found.etag != etag:
                return False
            self._bucket.put(key, data)
            return True

    def honoured(self) -> bool:
        """Whether the store itself refuses; asked once. StorageFailure where it does not and others may write, too."""
        if self._bucket.honours is None:
            self._bucket.honours = _probe(self._bucket)
        if not self._bucket.honours and self._alone is None:
            raise StorageFailure(
                "An object store that several may write to must honour conditional writes (If-None-Match, If-Match)",
                got=f"{self._bucket.url}, which overwrote an object all the same",
                fix="Publish through a Tidebook server that has this store (TIDEBOOK_STORE=http://…): it writes alone.",
            )
        return self._bucket.honours

    @contextmanager
    def turn(self) -> Iterator[None]:
        """In which nobody else writes, where the store cannot refuse by itself; elsewhere it changes nothing."""
        if self.honoured() or self._alone is None or getattr(self._mine, "turn", False):
            yield
            return
        path = self._alone / f"{hashlib.sha256(self._bucket.url.encode()).hexdigest()[:16]}.lock"
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._mine.turn = True
            yield
        finally:
            self._mine.turn = False
            os.close(handle)


def _probe(bucket: Bucket) -> bool:
    """Whether a second creation and a replacement of something else are refused, and one of the same is not."""
    key = f".probe/{secrets.token_hex(16)}"
    try:
        etag = bucket.put(key, b"1", new=True)
        if etag is None or bucket.put(key, b"2", new=True) is not None:
            return False
        for bucket.quoted in (True, False):
            if bucket.put(key, b"3", match="0" * 32) is not None:
                return False
            if bucket.put(key, b"4", match=etag) is not None:
                return True
        return False
    except StorageFailure as failure:
        if answers.was_unknown(failure):
            return False
        raise
    finally:
        bucket.delete([key])
