"""How far the cleanup is that is under way in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tidebook.core.errors import Conflict


@dataclass(frozen=True)
class Progress:
    """Of one cleanup."""

    began: int  #: milliseconds since 1970
    done: int = 0  #: things that were looked at
    of: int = 0  #: of how many that the plan lets go
    stopping: bool = False  #: whether it was asked to stop


class UnderWay:
    """The cleanup that runs now, if one does. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Progress | None = None

    @property
    def now(self) -> Progress | None:
        """How far it is; None while none runs."""
        return self._now

    @contextmanager
    def running(self) -> Iterator[None]:
        """In which it runs."""
        with self._lock:
            self._now = Progress(round(time.time() * 1000))
        try:
            yield
        finally:
            with self._lock:
                self._now = None

    def go_on(self, done: int, of: int) -> bool:
        """Notes how far it is; False where it is to stop before the next thing."""
        with self._lock:
            if self._now is None:
                return True
            self._now = Progress(self._now.began, done, of, self._now.stopping)
            return not self._now.stopping

    def stop(self) -> None:
        """Has it stop before the next thing; Conflict where none runs."""
        with self._lock:
            if self._now is None:
                raise Conflict("A cleanup must run to be stopped", got="none", fix="Look at what it has done.")
            self._now = Progress(self._now.began, self._now.done, self._now.of, stopping=True)
