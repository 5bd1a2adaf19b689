"""logs/resources.json: what the process of a run uses over time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from tidebook.core.clock import timestamp
from tidebook.runs import gpus
from tidebook.runs.metrics_log import MetricsLog


class Resources:
    """Samples what this process and its children use into a log of the same form as the metrics.

    `cpu` is in percent of one core since the sample before, `memory` in bytes; where there are GPUs that it may use,
    `gpu` is their mean use in percent and `gpu_memory` what is taken of them in bytes.
    """

    def __init__(self, folder: Path) -> None:
        self._log = MetricsLog.at(folder / "logs" / "resources.json")
        self._began = time.monotonic()
        self._before = (self._began, sum(os.times()[:4]))

    def sample(self) -> None:
        """Adds an entry."""
        cpu, memory = _used()
        now = time.monotonic()
        then, earlier = self._before
        self._before = (now, cpu)
        entry = {
            "timestamp": timestamp(),
            "seconds": round(now - self._began, 3),
            # A child that ended without its parent waiting for it takes its seconds away.
            "cpu": round(max(0.0, cpu - earlier) / max(now - then, 1e-3) * 100, 1),
            "memory": memory,
        }
        self._log.append({**entry, **gpus.usage()})

    def close(self) -> None:
        """No more samples; another process may go on."""
        self._log.close()


_lock = threading.Lock()
_seen: tuple[float, tuple[float, int]] = (-1.0, (0.0, 0))


def _used() -> tuple[float, int]:
    """CPU seconds and bytes of this process and its children; runs that ask within a second get the same answer."""
    global _seen  # noqa: PLW0603 - of the process
    with _lock:
        if not 0 <= time.monotonic() - _seen[0] < 0.5:
            _seen = (time.monotonic(), _measured())
        return _seen[1]


def _measured() -> tuple[float, int]:
    import psutil

    seconds, memory = sum(os.times()[:4]), 0
    own = psutil.Process()
    for process in [own, *own.children(recursive=True)]:
        try:
            with process.oneshot():
                memory += process.memory_info().rss
                if process.pid != own.pid:
                    seconds += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue  # It has ended meanwhile.
    return seconds, memory
