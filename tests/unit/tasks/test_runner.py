"""The runner: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.unit.tasks.conftest import eventually, job
from tidebook.core.errors import StorageFailure
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.tasks import lease, runner
from tidebook.tasks.lease import Exit, read_exit

NewTask = Callable[..., TaskRecord]


def start(folder: Path, command: tuple[str, ...], attempt: int = 1) -> subprocess.Popen[bytes]:
    """A runner as the executor starts it."""
    argv = [sys.executable, "-m", "tidebook.tasks.runner", str(folder), str(attempt), "--", *command, str(folder)]
    return subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL)


def running(settings: Settings, new_task: NewTask) -> Path:
    """The folder of a task that is in its first attempt."""
    return records.folder(settings, new_task(state="RUNNING", attempt=1).id)


def test_the_output_and_the_exit_code_are_kept(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    script = "import sys; print('out'); sys.stderr.write('err\\n'); sys.exit(7)"
    assert start(folder, (sys.executable, "-uc", script)).wait(10) == 0
    ended = lease.read_exit(folder, 1)
    assert ended is not None
    assert (ended.code, ended.signal, ended.cancelled) == (7, None, False)
    assert (folder / "output.log").read_text() == "out\nerr\n"
    assert not lease.is_held(folder)


def test_a_signal_that_ends_the_job_is_told(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    start(folder, job("killed")).wait(10)
    ended = lease.read_exit(folder, 1)
    assert ended is not None
    assert (ended.code, ended.signal, ended.cancelled, ended.out_of_memory) == (None, signal.SIGKILL, False, False)


def test_a_command_that_cannot_be_started_is_code_127_and_a_line_in_the_log(
    settings: Settings, new_task: NewTask
) -> None:
    folder = running(settings, new_task)
    start(folder, ("/no/such/program",)).wait(10)
    ended = lease.read_exit(folder, 1)
    assert ended is not None
    assert ended.code == 127
    assert "/no/such/program cannot be started" in (folder / "output.log").read_text()


def test_sigterm_ends_the_whole_group_and_kills_what_does_not_listen(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    code = (
        "import sys; from pathlib import Path; from tidebook.tasks.runner import Runner;"
        "sys.exit(Runner(Path(sys.argv[1]), 1, sys.argv[2:], grace=0.3).run())"
    )
    runner = subprocess.Popen([sys.executable, "-c", code, str(folder), *job("stubborn"), str(folder)])
    eventually((folder / "progress.json").exists)
    held = lease.read_lease(folder, 1)
    assert held is not None
    assert held.job_pid is not None
    group = psutil.Process(held.job_pid).children(recursive=True)
    assert group
    assert os.getpgid(held.job_pid) == held.job_pid != os.getpgid(runner.pid)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(10) == 0
    ended = lease.read_exit(folder, 1)
    assert ended is not None
    assert ended.cancelled
    assert ended.signal == signal.SIGKILL
    assert not ended.out_of_memory
    eventually(lambda: all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in group))


def test_the_lease_is_renewed_while_the_job_runs(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    runner = start(folder, (sys.executable, "-c", "import time; time.sleep(60)"))
    first = eventually(lambda: lease.read_lease(folder, 1))
    assert lease.is_held(folder)
    eventually(lambda: (now := lease.read_lease(folder, 1)) is not None and now.renewed_at > first.renewed_at)
    runner.terminate()
    runner.wait(10)


def test_an_older_attempt_is_shut_out(settings: Settings, new_task: NewTask) -> None:
    folder = records.folder(settings, new_task(state="RUNNING", attempt=2).id)
    assert start(folder, job("silent"), attempt=1).wait(10) == 1
    assert lease.read_exit(folder, 1) is None
    assert not (folder / "output.log").exists()


def test_a_second_runner_of_the_same_attempt_does_nothing(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    with lease.holding(folder) as held:
        assert held
        code = (
            "import sys; from pathlib import Path; from tidebook.tasks import lease; lease.LOCK_PATIENCE = 0.1;"
            "from tidebook.tasks.runner import main; sys.exit(main(sys.argv[1:]))"
        )
        argv = [sys.executable, "-c", code, str(folder), "1", "--", *job("silent"), str(folder)]
        assert subprocess.run(argv, timeout=10).returncode == 1
    assert lease.read_exit(folder, 1) is None


def test_the_runner_outlives_whoever_started_it(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    code = (
        "import sys, os, time; from pathlib import Path; from tidebook.tasks.executors.local import LocalExecutor;"
        "LocalExecutor(Path(sys.argv[1])).start(sys.argv[2], 1, sys.argv[3:], os.environ); time.sleep(60)"
    )
    wait = (sys.executable, "-c", "import time; time.sleep(0.5); print('done')")
    server = subprocess.Popen([sys.executable, "-c", code, str(settings.tasks), folder.name, *wait])
    eventually(lambda: lease.read_lease(folder, 1))
    server.kill()
    server.wait(10)
    ended = eventually(lambda: lease.read_exit(folder, 1))
    assert ended.code == 0
    assert (folder / "output.log").read_text() == "done\n"


def test_the_runner_is_small(settings: Settings, new_task: NewTask) -> None:
    folder = running(settings, new_task)
    runner = start(folder, (sys.executable, "-c", "import time; time.sleep(60)"))
    eventually(lambda: lease.read_lease(folder, 1))
    time.sleep(0.05)
    assert psutil.Process(runner.pid).memory_info().rss < 40 * 2**20
    code = "import sys; import tidebook.tasks.runner; sys.exit(bool({'torch','numpy','pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    runner.terminate()
    runner.wait(10)


def test_a_full_disk_makes_the_last_word_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    real = Exit.write

    def full_at_first(self: Exit, folder: Path) -> None:
        tried.append(folder)
        if len(tried) < 3:
            raise StorageFailure("exit.json must be written", got="no space left on the disk", fix="Free some.")
        real(self, folder)

    monkeypatch.setattr(Exit, "write", full_at_first)
    monkeypatch.setattr(runner, "RENEWAL", 0.01)
    ended = Exit(attempt=1, code=0, signal=None, cancelled=False, out_of_memory=False, started_at="", finished_at="")
    runner.Runner(tmp_path, 1, [])._leave(ended)
    assert read_exit(tmp_path, 1) == ended
