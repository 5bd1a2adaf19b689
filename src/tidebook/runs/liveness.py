"""Whether the process that writes a run still lives: who it is, its heartbeat, and how others judge it."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

HEARTBEAT = "heartbeat"  #: an empty file; its modification time says when the writer was last seen
_PROC = os.path.exists("/proc/self/stat")  # noqa: PTH110
SILENT_SECONDS = 45.0  #: after which a writer on another host is taken for dead


def me() -> dict[str, Any]:
    """This process, as `writer` in a run's metadata names it."""
    return dict(_process(os.getpid()))


def beat(folder: Path) -> None:
    """Renews the heartbeat; a run whose folder is gone has none. OSError where the disk does not take it."""
    path = os.fspath(folder / HEARTBEAT)
    try:
        os.utime(path)
    except FileNotFoundError:
        with suppress(FileNotFoundError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))


def stop_beating(folder: Path) -> None:
    """Takes the heartbeat away: the run has no writer."""
    with suppress(OSError):
        os.unlink(folder / HEARTBEAT)  # noqa: PTH108 - once a run, and runs are made by the hundreds a second


def lost(folder: Path, metadata: Mapping[str, Any]) -> str | None:
    """Why the run, which has not ended, is lost; None while its writer lives or nobody knows who it was.

    A writer on this host is dead when its process is; one on another host when its heartbeat is 45 s old.
    """
    writer = metadata.get("writer")
    if not isinstance(writer, Mapping) or not isinstance(writer.get("pid"), int):
        return None
    if writer.get("host") == host() and writer.get("machine", machine()) == machine():
        alive = is_alive(writer["pid"], writer.get("started"))
    else:
        seen = last_seen(folder)
        alive = seen is None or time.time() - seen < SILENT_SECONDS
    where = writer.get("host")
    on = where[:255] if isinstance(where, str) else "another host"
    return None if alive else f"lost: process {writer['pid']} on {on} ended without a word"


def last_seen(folder: Path) -> float | None:
    """When the writer of a run gave its last sign, in seconds since 1970; None where there is none."""
    for name in (HEARTBEAT, "metadata.json"):
        with suppress(OSError):
            return (folder / name).stat().st_mtime
    return None


def is_alive(pid: int, started: object = None) -> bool:
    """Whether the process `pid` of this host lives and is the one that started then."""
    now = started_at(pid)
    if now is None:
        return False
    return not isinstance(started, int | float) or abs(now - started) < 1.0


def started_at(pid: int) -> float | None:
    """When a process of this host began: on Linux in seconds since the machine's start, which no clock change moves.

    None where there is no such process, or only what is left of one that ended.
    """
    if _PROC:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as cheap as can be: asked for every open run
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in {b"Z", b"X"} else int(fields[19]) / _ticks()
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


@cache
def _process(pid: int) -> dict[str, Any]:
    return {"pid": pid, "host": host(), "started": started_at(pid), "machine": machine()}


@cache
def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


@cache
def machine() -> str:
    """What tells machines of the same name apart, and containers with process numbers of their own."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return f"{uuid.getnode():x}"


@cache
def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")
