"""logs/training.log: lines for people, `[YYYY-MM-DD HH:MM:SS] text`."""

from __future__ import annotations

import errno
import logging
import os
import threading
from pathlib import Path

from tidebook.core import syncing
from tidebook.core.clock import now
from tidebook.runs.waiting import Waiting

_logger = logging.getLogger(__name__)


def read_lines(
    path: Path, after: int = 0, *, limit: int | None = None, max_bytes: int = 1 << 20
) -> tuple[list[str], int]:
    """At most `limit` complete lines behind the cursor `after` (a position in the file), and the cursor to go on from.

    At most `max_bytes` are read at once; a line that is longer comes in pieces. A line whose end is not yet
    written is left for the next time. A file that is not there has no lines.
    """
    try:
        with path.open("rb") as file:
            if after >= os.fstat(file.fileno()).st_size:
                return [], after  # Also where it lies further than a file can reach.
            file.seek(after)
            data = file.read(max_bytes)
    except FileNotFoundError:
        return [], after
    end = data.rfind(b"\n") + 1
    if end == 0:
        if len(data) < max_bytes:
            return [], after
        end = max_bytes
    whole = data[:end]
    # By '\n' alone: progress bars put carriage returns within a line.
    lines = whole.removesuffix(b"\n").split(b"\n")[:limit]
    used = min(sum(len(line) + 1 for line in lines), end)
    return [line.rstrip(b"\r").decode(errors="replace") for line in lines], after + used


class TrainingLog:
    """Appends lines. A full disk stops nobody: lines wait in a bounded queue, and what is dropped is counted.

    A signal handler may append while a call of the same thread is under way. A link is not followed.
    """

    def __init__(self, path: Path, timezone: str | None = None) -> None:
        self.path = path
        self.waiting = Waiting()
        self.mark = syncing.Mark(path)
        self._timezone = timezone
        self._lock = threading.RLock()

    def append(self, text: str) -> str:
        """Adds `text`, each of its lines with the time in the configured zone; returns what was added."""
        stamp = now(self._timezone).strftime("[%Y-%m-%d %H:%M:%S] ")
        lines = "".join(f"{stamp}{line}\n" for line in text.splitlines() or [""])
        with self._lock:
            self.waiting.add(lines.encode(errors="backslashreplace"))
            if len(self.waiting) == 1 or self.waiting.due:
                self.flush()
        return lines

    def flush(self) -> None:
        """Writes what waits if the disk takes it now."""
        with self._lock:
            taken = self.waiting.take()  # first: a signal handler that comes between writes only its own
            if not taken:
                return
            try:
                self._write(b"".join(taken))
            except OSError as error:
                if not self.waiting.fault:
                    _logger.warning("%s takes nothing now (%s); its lines wait in memory", self.path, error.strerror)
                self.waiting.failed(error)
                self.waiting.put_back(taken)
            else:
                syncing.later(self.mark)

    def _write(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = self._opened()
        try:
            before = os.fstat(handle).st_size
            if os.write(handle, data) != len(data):
                os.ftruncate(handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, "it is a link") from error
            raise
