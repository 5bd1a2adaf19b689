"""A program that ends without `finish()`: its runs end with it, completed or failed as the program did."""

from __future__ import annotations

import atexit
import builtins
import dis
import logging
import os
import sys
import threading
from types import FrameType
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


_UNKNOWN = object()
_left: dict[int, Ends] = {}  # Strongly: a run that a function of the program forgot ends with the program, too.
_main: FrameType | None = None  # of the program itself: where it stopped says whether it came to its end
_exit_code: Any = _UNKNOWN  # the latest one that the main thread asked for


def end_with_program(run: Ends) -> None:
    """Has `run` end when the program ends and nobody has ended it before.

    It is completed where the program comes to its end, and failed with the reason where an exception that nobody
    caught, or an exit with another code than 0, ended it. In a notebook every end is a clean one.

    Python tells nobody the code of a SystemExit. It is known of sys.exit, exit and quit. `raise SystemExit(main())`
    in the program's own module counts as a clean end, for main returned; a SystemExit that was raised deeper by other
    means counts as a failure, whatever its code.
    """
    global _exit_code, _main
    _watch_exits()
    _exit_code, _main = _UNKNOWN, _program()
    _left[id(run)] = run
    run.accompany(_Ended(run))


def reason_of(error: BaseException) -> str | None:
    """Why a program that `error` ended has failed; None where that is a SystemExit with code 0."""
    if isinstance(error, SystemExit):
        return _of_code(error.code)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _of_code(code: object) -> str | None:
    if code is None or (isinstance(code, int) and code == 0):
        return None
    return f"the program ended with exit code {code}"[:1000]


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
    _note(status)
    _sys_exit(status)


def _note(code: object) -> None:
    global _exit_code  # noqa: PLW0603
    if threading.current_thread() is threading.main_thread():
        _exit_code = code


def _watch_exits() -> None:
    """Has sys.exit, exit and quit note their code, also where the program imported sys.exit by its name."""
    if sys.exit is not _exit:
        imported, globals()["_sys_exit"], sys.exit = sys.exit, sys.exit, _exit
        program = vars(sys.modules["__main__"])
        program.update({name: _exit for name, value in program.items() if value is imported})
    for name in ("exit", "quit"):
        kind = type(getattr(builtins, name, None))
        if kind.__name__ == "Quitter" and not hasattr(kind, "_noted"):
            kind._noted, kind.__call__ = kind.__call__, _quit  # type: ignore[attr-defined, method-assign]


def _quit(quitter: Any, code: Any = None) -> Any:
    _note(code)
    return quitter._noted(code)


def _program() -> FrameType | None:
    """The frame of the module that is the program, below all others of the main thread."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def _reason() -> str | None:
    """Why the program failed; None where it did not."""
    if hasattr(sys, "ps1") or hasattr(builtins, "__IPYTHON__"):
        return None
    stopped = _stopped(_main)
    if stopped.startswith("RETURN"):
        return None  # It came to its end, whatever was raised and caught before, or raised in threads.
    error = getattr(sys, "last_value", None)
    if error is not None:
        return reason_of(error)
    if _exit_code is not _UNKNOWN:
        return _of_code(_exit_code)
    return "the program ended with SystemExit" if stopped not in {"", "RAISE_VARARGS"} else None


def _stopped(frame: FrameType | None) -> str:
    """The name of the instruction at which a module stopped; "" where it never ran one."""
    if frame is None or frame.f_lasti < 0:
        return ""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]]


def _at_exit() -> None:
    try:
        reason = _reason()
    except Exception as error:  # noqa: BLE001 - what was raised may have no text
        reason = f"the program ended with {type(error).__name__}"
    for run in list(_left.values()):
        try:
            if run.is_written:
                run.finish("failed" if reason else "completed", reason)
        except Exception:
            _logger.exception("a run could not be ended with the program")


os.register_at_fork(after_in_child=_left.clear)
atexit.register(_at_exit)
