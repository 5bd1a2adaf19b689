"""What could not be written yet: a bounded queue that counts what it drops."""

from __future__ import annotations

import time
from collections import deque

CAPACITY = 10_000  #: entries that wait at most
RETRY_SECONDS = 1.0  #: between attempts to write what waits


class Waiting:
    """Entries that wait for space on the disk. The oldest go first when there are too many."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0  #: how many were given up
        self.fault = ""  #: the last error's text; stays after recovery
        self._entries: deque[bytes] = deque()
        self._capacity = capacity
        self._retry_at = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def due(self) -> bool:
        """Whether it is time to try again."""
        return time.monotonic() >= self._retry_at

    def add(self, entry: bytes) -> None:
        """Queues `entry`, at the price of the oldest where the queue is full."""
        if len(self._entries) >= self._capacity:
            self._entries.popleft()
            self.dropped += 1
        self._entries.append(entry)

    def failed(self, error: OSError) -> None:
        """Notes a fault; the next attempt is due a little later."""
        self.fault = error.strerror or str(error)
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def all(self) -> list[bytes]:
        """What waits, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forgets what waits: it was written."""
        self._entries.clear()
