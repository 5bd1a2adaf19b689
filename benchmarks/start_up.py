"""How long it takes until something answers: the command line and the server."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.measure import TIDEBOOK, Figure, seconds, server


def measure() -> list[Figure]:
    """`tidebook --help` beside a bare interpreter; the server's readiness and memory beside FastAPI alone."""
    bare = seconds([sys.executable, "-c", "pass"], 10)
    helped = seconds([*TIDEBOOK, "--help"], 10)
    fastapi = seconds([sys.executable, "-c", "import fastapi, uvicorn, sqlalchemy"], 5)
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (client, process, ready):
        client.get("/api/session").raise_for_status()
        time.sleep(3)
        resident = psutil.Process(process.pid).memory_info().rss / 2**20
        libraries = Path(f"/proc/{process.pid}/maps")
        torch = float("libtorch" in libraries.read_text()) if libraries.exists() else 0.0
    return [
        Figure("`tidebook --help`", helped, "s", 0.25, "python -c pass", bare),
        Figure("server ready", ready, "s", 2, "import fastapi, uvicorn, sqlalchemy", fastapi),
        Figure("server idle, resident memory", resident, "MB", 150, "", None),
        Figure("server idle, torch loaded", torch, "", 0, "", None),
    ]
