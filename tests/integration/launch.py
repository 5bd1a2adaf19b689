"""Serves the home of the environment: `python launch.py KIND` with small jobs of that kind, or `real` ones."""

from __future__ import annotations

import sys
from pathlib import Path

from tidebook.core.errors import TidebookError
from tidebook.core.settings import Settings
from tidebook.server.lifetime import Commands
from tidebook.server.serve import serve

HERE = Path(__file__).parent
JOBS = HERE.parent / "unit" / "tasks" / "jobs.py"

kind = sys.argv[1]
commands = Commands(
    train=(sys.executable, str(JOBS), kind),
    worker=(sys.executable, str(HERE / "fake_worker.py")),
)
try:
    serve(Settings(), commands=None if kind == "real" else commands)
except TidebookError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(error.exit_code)
