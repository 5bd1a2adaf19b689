"""`python -m tidebook.jobs train TASK_DIR | describe | worker`: what the server starts as processes."""

from __future__ import annotations

import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Runs one job and returns its exit code."""
    match arguments:
        case ["train", folder]:
            from tidebook.jobs.task import run_task

            return run_task(Path(folder))
        case ["describe"]:
            from tidebook.algorithms.catalogue import describe
            from tidebook.core.settings import Settings

            describe(Settings())
            return 0
        case ["worker"]:
            from tidebook.jobs.worker import serve

            return serve()
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
