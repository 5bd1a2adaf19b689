"""A program that ends without `finish()`: its runs end with it, completed or failed as the program did."""

from __future__ import annotations

import atexit
import builtins
import logging
import os
import sys
from typing import Any, Protocol

from tidebook.runs.companion import Companion

_logger = logging.getLogger(__name__)


class Ends(Protocol):
    """What has to end."""

    @property
    def is_written(self) -> bool:
        """Whether it has not ended, and this process is the one that writes it."""

    def accompany(self, companion: Companion) -> None:
        """Has `companion` told of its end."""

    def finish(self, status: str = "completed", reason: str | None = None) -> None:
        """Ends it."""


_left: dict[int, Ends] = {}  # Strongly: a run that a function of the program forgot ends with the program, too.
_exit_code: Any = None


def end_with_program(run: Ends) -> None:
    """Has `run` end when the program ends and nobody has ended it before.

    It is completed at a clean end, and failed with the reason where an exception that nobody caught, or sys.exit with
    another code than 0, ended the program. In a notebook every end is a clean one.
    """
    global _exit_code  # noqa: PLW0603 - one program, one end
    if sys.exit is not _exit:
        globals()["_sys_exit"], sys.exit = sys.exit, _exit
    _exit_code = None
    _left[id(run)] = run
    run.accompany(_Ended(run))


class _Ended(Companion):
    def __init__(self, run: Ends) -> None:
        self._key = id(run)

    def wake(self) -> None:
        """Nothing to do."""

    def finish(self) -> None:
        """It ended before the program."""
        _left.pop(self._key, None)


_sys_exit = sys.exit


def _exit(status: Any = None, /) -> Any:
    global _exit_code  # noqa: PLW0603
    _exit_code = status
    _sys_exit(status)


def _reason() -> str | None:
    """Why the program failed; None where it did not."""
    if hasattr(sys, "ps1") or hasattr(builtins, "__IPYTHON__"):
        return None
    error = getattr(sys, "last_value", None)
    if error is not None:
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return None if _exit_code in {None, 0} else f"the program ended with exit code {_exit_code}"


def _at_exit() -> None:
    reason = _reason()
    for run in list(_left.values()):
        try:
            if run.is_written:
                run.finish("failed" if reason else "completed", reason)
        except Exception:
            _logger.exception("a run could not be ended with the program")


os.register_at_fork(after_in_child=_left.clear)
atexit.register(_at_exit)
