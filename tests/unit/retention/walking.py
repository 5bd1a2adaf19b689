"""Kills a process with SIGKILL at every step that it takes on the disk and in the database.

`python -m tests.unit.retention.walking HOMES ACTION` copies HOMES/0 once for each step, does ACTION in each copy in a
forked child, kills it at its step, and prints how many steps there are; in the last copy the action was finished.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

EVENTS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.utime", "shutil.rmtree"}


def walk(homes: Path, action: str) -> int:
    """How many steps the action takes; HOMES/1 … are as a process leaves them that was killed at that step."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.unit.retention.walking", str(homes), action]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout))


def act(home: Path, action: str) -> None:
    """What is killed."""
    from tidebook.catalog.database import open_database
    from tidebook.core.settings import Settings
    from tidebook.retention import moving
    from tidebook.retention.keeper import Keeper

    settings = Settings(home=home)
    kind, _, name = action.partition(":")
    if kind == "cleanup":
        database = open_database(settings)
        Keeper(database, settings).run()
    elif kind.startswith("archive-"):
        moving.archive(settings, kind.removeprefix("archive-"), name, by=None)  # type: ignore[arg-type]
    else:
        moving.restore(settings, kind.removeprefix("restore-"), name)  # type: ignore[arg-type]


def main() -> None:
    """Walks all steps."""
    import pyarrow  # noqa: F401 - loaded once, before the children are forked
    from sqlalchemy import Engine, event

    from tidebook.catalog import database  # noqa: F401

    homes, action = Path(sys.argv[1]), sys.argv[2]
    act_once = homes / "first"  # imports what is imported when it is needed
    shutil.copytree(homes / "0", act_once)
    act(act_once, action)
    shutil.rmtree(act_once)
    left = 0

    def step() -> None:
        nonlocal left
        if left:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(name: str, arguments: tuple[object, ...]) -> None:
        if name in EVENTS and left and str(homes) in str(arguments):
            step()

    sys.addaudithook(watch)
    event.listen(Engine, "before_cursor_execute", lambda *_: step())
    event.listen(Engine, "commit", lambda *_: step())
    number = 0
    while True:
        number += 1
        home = homes / str(number)
        shutil.copytree(homes / "0", home)
        child = os.fork()
        if child == 0:
            left = number
            try:
                act(home, action)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break
    sys.stdout.write(json.dumps(number))


if __name__ == "__main__":
    main()
