"""The dispatcher: starts, watches, adopts and concludes, with real processes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.unit.tasks.conftest import eventually, job
from tidebook.catalog.access import EVERYTHING
from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.specs import TrainSpec
from tidebook.tasks import lease
from tidebook.tasks.dispatcher import Dispatcher
from tidebook.tasks.executors.local import LocalExecutor
from tidebook.tasks.manager import TaskManager
from tidebook.tasks.queue import Queue

NewTask = Callable[..., TaskRecord]


@contextmanager
def dispatching(queue: Queue, settings: Settings, kind: str, **options: Any) -> Iterator[Dispatcher]:
    """A dispatcher whose jobs are of one kind."""
    dispatcher = Dispatcher(queue, LocalExecutor(settings.tasks), settings, command=job(kind), **options)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        dispatcher.close()


@pytest.fixture
def add(queue: Queue, new_task: NewTask) -> Callable[..., TaskRecord]:
    """Puts a new task into the queue."""

    def make(**changes: Any) -> TaskRecord:
        record = new_task(**changes)
        queue.add(record)
        return record

    return make


def end_of(queue: Queue, task: TaskRecord) -> TaskRecord:
    """The task when it has ended."""

    def ended() -> TaskRecord | None:
        record, _ = queue.get(task.id)
        return record if record.finished_at else None

    found: TaskRecord = eventually(ended)
    return found


def test_a_training_runs_to_success_with_its_result(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add()
    with dispatching(queue, settings, "train:2:0"):
        done = end_of(queue, task)
    assert (done.state, done.metrics, done.error) == ("SUCCESS", {"wape": 0.1}, None)
    assert done.run_name == f"run_of_{task.id[-6:]}"
    assert done.progress is not None
    assert done.progress["epoch"] == 2
    assert records.load(settings, task.id) == done


def test_the_catalog_knows_the_version_before_the_task_is_done(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add(state="RUNNING", attempt=1)
    folder = records.folder(settings, task.id)
    write_json(folder / "result.json", {"run_name": None, "version": "product/P001_all/lstm/v1"})
    times: dict[str, Any] = {"started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:00:00+00:00"}
    lease.Exit(attempt=1, code=0, signal=None, cancelled=False, out_of_memory=False, **times).write(folder)
    seen = []
    with dispatching(
        queue, settings, "silent", published=lambda version: seen.append((version, queue.get(task.id)[0].state))
    ):
        assert end_of(queue, task).version == "product/P001_all/lstm/v1"
    assert seen == [("product/P001_all/lstm/v1", "RUNNING")]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fail", "The series must be long enough, but got 3 days"),
        ("silent", "ended with code 0 and left no result"),
        ("killed", "SIGKILL ended"),
    ],
)
def test_a_failure_says_why(queue: Queue, settings: Settings, add: NewTask, kind: str, words: str) -> None:
    task = add()
    with dispatching(queue, settings, kind):
        done = end_of(queue, task)
    assert done.state == "FAIL"
    assert done.error is not None
    assert words in done.error["detail"]


def test_a_waiting_task_is_aborted_at_once(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add()
    stopped = TaskManager(queue, settings, lambda: None).stop(task.id, EVERYTHING)
    assert (stopped["state"], stopped["queue_position"]) == ("ABORT", None)
    assert records.load(settings, task.id).state == "ABORT"
    with dispatching(queue, settings, "silent"):
        pass
    assert not (records.folder(settings, task.id) / "lease.json").exists()


def test_a_running_task_is_stopped_with_its_processes_and_its_run_says_cancelled(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    task = add()
    folder = records.folder(settings, task.id)
    with dispatching(queue, settings, "train:1000:0.05") as dispatcher:
        eventually((folder / "progress.json").exists)
        held = lease.read_lease(folder, 1)
        manager = TaskManager(queue, settings, dispatcher.wake)
        assert manager.stop(task.id, EVERYTHING)["stop_requested_at"]
        done = end_of(queue, task)
        assert manager.stop(task.id, EVERYTHING)["state"] == "ABORT"  # again: nothing happens
    assert (done.state, done.error) == ("ABORT", None)
    assert held is not None
    assert held.job_pid is not None
    assert not psutil.pid_exists(held.job_pid)
    metadata = read_json(settings.out / f"run_of_{task.id[-6:]}" / "metadata.json")
    assert (metadata["status"], metadata["reason"]) == ("failed", "cancelled")


def test_a_task_that_has_ended_cannot_be_stopped(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add(state="SUCCESS")
    with pytest.raises(Conflict, match="must be waiting or running to be stopped, but got one that has ended"):
        TaskManager(queue, settings, lambda: None).stop(task.id, EVERYTHING)


def test_a_training_whose_runner_was_killed_is_lost_and_its_job_ended(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    task = add()
    folder = records.folder(settings, task.id)
    with dispatching(queue, settings, "train:1000:0.05"):
        eventually((folder / "progress.json").exists)
        held = lease.read_lease(folder, 1)
        assert held is not None
        assert held.job_pid is not None
        os.kill(held.runner_pid, signal.SIGKILL)
        done = end_of(queue, task)
    assert done.state == "FAIL"
    assert done.error is not None
    assert "a training that was lost" in done.error["got"]
    job_pid = held.job_pid
    eventually(lambda: not psutil.pid_exists(job_pid) or psutil.Process(job_pid).status() == psutil.STATUS_ZOMBIE)
    metadata = read_json(settings.out / f"run_of_{task.id[-6:]}" / "metadata.json")
    assert metadata["status"] == "failed"
    assert "lost" in metadata["reason"]


def test_a_job_that_was_killed_leaves_a_failed_run(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add()
    folder = records.folder(settings, task.id)
    with dispatching(queue, settings, "train:1000:0.05"):
        eventually((folder / "progress.json").exists)
        held = lease.read_lease(folder, 1)
        assert held is not None
        assert held.job_pid is not None
        os.kill(held.job_pid, signal.SIGKILL)
        done = end_of(queue, task)
    assert done.state == "FAIL"
    metadata = read_json(settings.out / f"run_of_{task.id[-6:]}" / "metadata.json")
    assert metadata["status"] == "failed"
    assert "SIGKILL" in metadata["reason"]


def test_the_next_dispatcher_takes_over_what_runs_and_what_ended_meanwhile(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    quick, slow = add(), add()
    folder = records.folder(settings, slow.id)
    with dispatching(queue, settings, "train:8:0.1"):
        eventually((folder / "progress.json").exists)
    eventually((records.folder(settings, quick.id) / "exit.json").exists)
    assert queue.get(quick.id)[0].state == "RUNNING"  # nobody has looked
    with dispatching(queue, settings, "silent"):
        assert end_of(queue, quick).state == "SUCCESS"
        assert end_of(queue, slow).state == "SUCCESS"


@pytest.mark.parametrize("started", ["2026-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"])
def test_an_attempt_that_never_began_waits_again_whatever_the_clock_did(
    queue: Queue, settings: Settings, add: NewTask, started: str
) -> None:
    task = add(state="RUNNING", attempt=1, started_at=started)
    with dispatching(queue, settings, "train:1:0"):
        done = end_of(queue, task)
    assert (done.state, done.attempt) == ("SUCCESS", 2)


def test_no_more_trainings_run_than_there_are_slots(queue: Queue, settings: Settings, add: NewTask) -> None:
    tasks = [add() for _ in range(3)]
    one = settings.model_copy(update={"slots": 1})
    most = 0
    with dispatching(queue, one, "train:1:0.1"):
        while any(not queue.get(task.id)[0].finished_at for task in tasks):
            most = max(most, sum(queue.get(task.id)[0].state == "RUNNING" for task in tasks))
    assert most == 1


def test_the_job_gets_its_share_of_threads_and_no_secret(
    queue: Queue, settings: Settings, add: NewTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("TIDEBOOK_DATABASE_URL", "postgresql://user:s3cret@host/db")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    task = add()
    with dispatching(queue, settings.model_copy(update={"store": "s3://key:s3cret@bucket"}), "environment"):
        end_of(queue, task)
    environment = read_json(records.folder(settings, task.id) / "environment.json")
    assert "s3cret" not in str(environment)
    assert environment["TIDEBOOK_HOME"] == str(settings.home.absolute())
    assert int(environment["OMP_NUM_THREADS"]) == max(1, len(os.sched_getaffinity(0)) // settings.slots)


def test_metrics_and_log_are_read_behind_cursors_and_say_when_they_are_complete(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    task = add()
    manager = TaskManager(queue, settings, lambda: None)
    assert manager.metrics(task.id, 0, EVERYTHING).to_json("items") == {"items": [], "cursor": 0, "complete": False}
    with dispatching(queue, settings, "train:3:0"):
        end_of(queue, task)
    first = manager.logs(task.id, 0, 2, EVERYTHING)
    assert (first.items, first.complete) == (["Epoch 1", "Epoch 2"], False)
    rest = manager.logs(task.id, first.cursor, 2, EVERYTHING)
    assert (rest.items, rest.complete) == (["Epoch 3"], True)
    entries = manager.metrics(task.id, 0, EVERYTHING)
    assert [entry["epoch"] for entry in entries.items] == [1, 2, 3]
    assert manager.metrics(task.id, entries.cursor, EVERYTHING).complete


def test_a_run_name_that_leads_outside_is_refused(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add(state="SUCCESS", run_name="../../secret")
    with pytest.raises(InvalidInput, match="A path segment must be"):
        TaskManager(queue, settings, lambda: None).metrics(task.id, 0, EVERYTHING)


def test_a_damaged_task_file_is_passed_over(settings: Settings, new_task: NewTask) -> None:
    good, bad = new_task(), new_task()
    Path(records.folder(settings, bad.id) / "task.json").write_text("{")
    assert [record.id for record in records.every(settings)] == [good.id]
    assert records.load(settings, good.id) == good


def test_a_task_file_that_is_no_object_or_a_copy_of_another_is_passed_over(
    settings: Settings, new_task: NewTask
) -> None:
    good, bad = new_task(), new_task()
    (records.folder(settings, bad.id) / "task.json").write_text("[]")
    copied = settings.tasks / f"{good.id} copy"
    shutil.copytree(records.folder(settings, good.id), copied)
    assert [record.id for record in records.every(settings)] == [good.id]


def test_what_is_wrong_with_one_task_does_not_keep_the_others_waiting(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    broken = add(state="RUNNING", attempt=1)
    write_json(records.folder(settings, broken.id) / "exit.json", {"format_version": 1, "attempt": 1, "novel": True})
    task = add()
    with dispatching(queue, settings, "train:1:0"):
        assert end_of(queue, task).state == "SUCCESS"


def test_an_error_without_a_sentence_still_ends_its_task(queue: Queue, settings: Settings, add: NewTask) -> None:
    task = add(state="RUNNING", attempt=1, run_name="a_run")
    folder = records.folder(settings, task.id)
    write_json(folder / "error.json", {"title": "something"})
    times: dict[str, Any] = {"started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:00:00+00:00"}
    lease.Exit(attempt=1, code=1, signal=None, cancelled=False, out_of_memory=False, **times).write(folder)
    with dispatching(queue, settings, "silent"):
        assert end_of(queue, task).state == "FAIL"


def test_a_runner_that_is_killed_after_the_result_takes_no_success_back(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    task = add(state="RUNNING", attempt=1)
    folder = records.folder(settings, task.id)
    held = lease.Lease(attempt=1, runner_pid=1, job_pid=None, command=["x"], renewed_at="2026-01-01T00:00:00+00:00")
    held.write(folder)
    write_json(folder / "result.json", {"run_name": None, "version": "product/P001_all/lstm/v1"})
    with dispatching(queue, settings, "silent"):
        done = end_of(queue, task)
    assert (done.state, done.version, done.error) == ("SUCCESS", "product/P001_all/lstm/v1", None)


def test_a_run_is_marked_failed_although_its_process_takes_a_while_to_die(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    class Slow(LocalExecutor):
        looks = 0

        def clear(self, task_id: str, attempt: int) -> bool:
            self.looks += 1
            return self.looks < 3

    task = add(state="RUNNING", attempt=1)
    held = lease.Lease(attempt=1, runner_pid=1, job_pid=1, command=["x"], renewed_at="2026-01-01T00:00:00+00:00")
    held.write(records.folder(settings, task.id))
    slow = Slow(settings.tasks)
    dispatcher = Dispatcher(queue, slow, settings, command=job("silent"))
    queue.restore(list(records.every(settings)), dispatcher._machine)
    dispatcher.step()
    assert queue.get(task.id)[0].state == "RUNNING"
    dispatcher.step()
    dispatcher.step()
    assert queue.get(task.id)[0].state == "FAIL"


def test_a_task_that_could_not_be_queued_leaves_nothing_that_would_start_later(
    queue: Queue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(record: TaskRecord) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(queue, "add", full)
    spec = TrainSpec(dataset="DSET" + "0" * 28, product_ids=("P001",))
    with pytest.raises(OSError, match="No space left"):
        TaskManager(queue, settings, lambda: None).create(spec, EVERYTHING)
    assert list(settings.tasks.iterdir()) == []


def test_a_running_task_whose_folder_was_removed_by_hand_can_be_stopped(
    queue: Queue, settings: Settings, add: NewTask
) -> None:
    task = add()
    folder = records.folder(settings, task.id)
    with dispatching(queue, settings, "train:1:60") as dispatcher:

        def job_pid() -> int | None:
            held = lease.read_lease(folder, 1)
            return held.job_pid if held else None

        eventually(job_pid)
        shutil.rmtree(folder, ignore_errors=True)
        eventually(job_pid)
        TaskManager(queue, settings, dispatcher.wake).stop(task.id, EVERYTHING)
        assert end_of(queue, task).state == "ABORT"
