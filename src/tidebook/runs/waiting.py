"""What could not be written yet: a bounded queue that counts what it drops."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

CAPACITY = 10_000  #: entries that wait at most
RETRY_SECONDS = 1.0  #: between attempts to write what waits


class Waiting:
    """Entries that wait for space on the disk. The oldest go first when there are too many."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0  #: how many were given up
        self.fault = ""  #: the last error's text; stays after recovery
        self.entries: deque[bytes] = deque()  #: oldest first
        self._capacity = capacity
        self._retry_at = 0.0

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def due(self) -> bool:
        """Whether it is time to try again."""
        return time.monotonic() >= self._retry_at

    def add(self, entry: bytes) -> None:
        """Queues `entry`, at the price of the oldest where the queue is full."""
        if len(self.entries) >= self._capacity:
            self.entries.popleft()
            self.dropped += 1
        self.entries.append(entry)

    def failed(self, error: OSError) -> None:
        """Notes a fault; the next attempt is due a little later."""
        self.fault = error.strerror or str(error)
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def take(self) -> list[bytes]:
        """What waits, oldest first; it waits no longer."""
        fresh: deque[bytes] = deque()
        taken, self.entries = self.entries, fresh  # at once: a signal handler may take, too
        return list(taken)

    def put_back(self, taken: Iterable[bytes]) -> None:
        """Queues again, before all others, what was taken and could not be written."""
        self.entries.extendleft(reversed([*taken]))
        while len(self.entries) > self._capacity:
            self.entries.popleft()
            self.dropped += 1
