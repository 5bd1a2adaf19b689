"""Running a command or a server, and what it took."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

TIDEBOOK = [sys.executable, "-m", "tidebook"]


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its target and its peer."""

    name: str
    value: float
    unit: str
    target: float | None  #: at most, or at least; None where none was set
    peer: str  #: what stands beside it
    peer_value: float | None  #: in the same unit
    at_least: bool = False  #: whether more is better

    def row(self) -> str:
        """The figure as a row of a Markdown table."""
        target = "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:,g} {self.unit}"
        met = self.target is None or (self.value >= self.target if self.at_least else self.value <= self.target)
        reached = "" if self.target is None else ("yes" if met else "**no**")
        beside = "" if self.peer_value is None else f"{self.peer}: {self.peer_value:.3g} {self.unit}"
        ratio = "" if not self.peer_value else f"{self.value / self.peer_value:.2f}"
        return f"| {self.name} | {self.value:.3g} {self.unit} | {target} | {reached} | {beside} | {ratio} |"


def machine() -> str:
    """The machine in words."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def seconds(command: Sequence[str], repeat: int, env: Mapping[str, str] | None = None) -> float:
    """The median wall time of a command."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def peak_memory(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Wall seconds and the peak resident memory (MiB) of a command and its children."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    peak = 0
    while process.poll() is None:
        try:
            own = psutil.Process(process.pid)
            peak = max(peak, sum(p.memory_info().rss for p in [own, *own.children(recursive=True)]))
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    if process.wait() != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - started, peak / 2**20


@contextmanager
def server(home: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str], float]]:
    """A server of its own on a free port: a client that is logged in, the process, seconds until it answered."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*TIDEBOOK, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TIDEBOOK_HOME": str(home), "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        url = None
        for line in process.stdout:
            if found := re.search(r"http://\S+/login\?token=\S+", line):
                url = found.group()
                break
        if url is None:
            raise RuntimeError("the server ended before it printed its URL")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        with httpx.Client(base_url=url.split("/login")[0], timeout=120) as client:
            client.get("/api/health").raise_for_status()
            ready = time.perf_counter() - started
            client.get(url)
            yield client, process, ready
    finally:
        process.terminate()
        process.wait()
