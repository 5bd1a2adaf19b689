"""The thread of a process that looks after all runs it writes: heartbeats, and what else is due now and then."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from abc import abstractmethod
from typing import Protocol
from weakref import ReferenceType, ref

TICK_SECONDS = 1.0
PULSE_SECONDS = 10.0

_logger = logging.getLogger(__name__)


class Cared(Protocol):
    """What the thread looks after."""

    @abstractmethod
    def pulse(self) -> None:
        """Does what is due, every 10 seconds, the first time within two."""

    @abstractmethod
    def last_pulse(self) -> None:
        """The process ends, and this has not left."""


_lock = threading.RLock()  # A signal handler may end a run.
# By identity: what it is, and when it is due. Weakly, so that an object that nobody uses any more can go.
_cared: dict[int, tuple[ReferenceType[Cared], float]] = {}
_thread: threading.Thread | None = None


def join(cared: Cared) -> None:
    """Looks after `cared` until it leaves."""
    global _thread  # noqa: PLW0603 - one thread for the whole process
    with _lock:
        _cared[id(cared)] = (ref(cared), time.monotonic() + TICK_SECONDS)
        if _thread is None:
            _thread = threading.Thread(target=_work, name="tidebook-pulse", daemon=True)
            _thread.start()


def leave(cared: Cared) -> None:
    """Looks after it no longer."""
    with _lock:
        _cared.pop(id(cared), None)


def _work() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        now = time.monotonic()
        for cared in _due(now):
            try:
                cared.pulse()
            except Exception:
                _logger.exception("what is looked after every %g s failed", PULSE_SECONDS)


def _due(now: float) -> list[Cared]:
    due = []
    with _lock:
        for key, (reference, moment) in list(_cared.items()):
            cared = reference()
            if cared is None:
                del _cared[key]
            elif moment <= now:
                _cared[key] = (reference, now + PULSE_SECONDS)
                due.append(cared)
    return due


def _at_exit() -> None:
    with _lock:
        left = [reference() for reference, _ in _cared.values()]
        _cared.clear()
    for cared in left:
        if cared is not None:
            cared.last_pulse()


def _start_afresh() -> None:
    # A forked child writes none of the parent's runs.
    global _thread, _lock
    _thread, _lock = None, threading.RLock()
    _cared.clear()


os.register_at_fork(after_in_child=_start_afresh)
atexit.register(_at_exit)
