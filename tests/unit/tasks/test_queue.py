"""The queue: claims are atomic, and the files are right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tidebook.catalog.access import EVERYTHING
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import migrate
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.tasks.queue import Queue

NewTask = Callable[..., TaskRecord]


def test_the_oldest_task_is_claimed_first_and_its_file_says_so(
    queue: Queue, settings: Settings, new_task: NewTask
) -> None:
    later = new_task(created_at="2026-01-02T00:00:00+00:00")
    earlier = new_task(created_at="2026-01-02T00:00:00+08:00")
    queue.add(later)
    queue.add(earlier)
    assert queue.waiting() == [earlier.id, later.id]
    claimed = queue.claim("here", slots=2)
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempt) == (earlier.id, "RUNNING", 1)
    assert records.load(settings, earlier.id) == claimed


def test_no_more_tasks_are_claimed_than_there_are_slots(queue: Queue, new_task: NewTask) -> None:
    for _ in range(3):
        queue.add(new_task())
    assert queue.claim("here", slots=2)
    assert queue.claim("here", slots=2)
    assert queue.claim("here", slots=2) is None
    assert queue.claim("elsewhere", slots=2)  # the slots are each machine's own


def test_many_claims_at_once_give_every_task_once(settings: Settings, queue: Queue, new_task: NewTask) -> None:
    tasks = [new_task() for _ in range(12)]
    for task in tasks:
        queue.add(task)
    databases = [open_database(settings) for _ in range(4)]

    def claim_all(database: Database) -> list[str]:
        own, claimed = Queue(database, settings), []
        while (record := own.claim("here", slots=99)) is not None:
            claimed.append(record.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [task_id for ids in pool.map(claim_all, databases) for task_id in ids]
    for database in databases:
        database.close()
    assert sorted(claimed) == sorted(task.id for task in tasks)


def test_every_change_has_a_number_above_all_earlier_ones(queue: Queue, new_task: NewTask) -> None:
    first, second = new_task(), new_task()
    queue.add(first)
    queue.add(second)
    before = queue.last_change()
    assert [record.id for record, _ in queue.changed(0, 10)] == [first.id, second.id]
    assert queue.changed(before, 10) == []
    queue.touch(first.id)
    assert [record.id for record, _ in queue.changed(before, 10)] == [first.id]
    queue.change(first.id, {"CREATED"}, state="ABORT")
    assert [record.state for record, _ in queue.changed(before, 10)] == ["ABORT"]
    assert queue.last_change() > before + 1


def test_a_state_that_has_moved_on_is_not_changed(queue: Queue, settings: Settings, new_task: NewTask) -> None:
    task = new_task(state="SUCCESS")
    queue.add(task)
    assert queue.change(task.id, {"CREATED", "RUNNING"}, state="ABORT") is None
    assert records.load(settings, task.id).state == "SUCCESS"


def test_pages_go_on_where_the_last_one_ended_even_when_tasks_are_added(queue: Queue, new_task: NewTask) -> None:
    tasks = [new_task(created_at=f"2026-01-01T00:00:{second // 2:02}+00:00") for second in range(7)]
    for task in tasks:
        queue.add(task)
    seen, after = queue.page(None, 3, None)
    queue.add(new_task(created_at="2027-01-01T00:00:00+00:00"))
    while after is not None:
        more, after = queue.page(None, 3, after)
        seen += more
    assert sorted(task.id for task in seen) == sorted(task.id for task in tasks)
    assert [task.created_at for task in seen] == sorted((task.created_at for task in tasks), reverse=True)


def test_pages_of_one_project_hold_its_tasks_alone(queue: Queue, new_task: NewTask) -> None:
    tasks = [
        new_task(spec={"project": "north" if second % 2 else "east"}, created_at=f"2026-01-01T00:00:{second:02}+00:00")
        for second in range(6)
    ]
    for task in tasks:
        queue.add(task)
    first, after = queue.page(None, 2, None, EVERYTHING, "north")
    second, end = queue.page("CREATED", 2, after, EVERYTHING, "north")
    assert ([task.id for task in [*first, *second]], end) == ([tasks[5].id, tasks[3].id, tasks[1].id], None)
    assert queue.page(None, 2, None, EVERYTHING, "unknown") == ([], None)


@pytest.mark.parametrize(
    "after", ["x", "bm90IGpzb24", "W10", "WyJhIiwxXQ", "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LCJhIl0", "W3RydWUsImEiXQ"]
)
def test_a_cursor_that_nobody_gave_is_refused(queue: Queue, after: str) -> None:
    with pytest.raises(InvalidInput, match="after must be the `next` of an earlier page"):
        queue.page(None, 3, after)


def test_an_unknown_task_is_not_found(queue: Queue) -> None:
    with pytest.raises(NotFound, match="The task must exist, but got TRAIx"):
        queue.get("TRAIx")


def test_a_deleted_database_is_made_again_from_the_files(settings: Settings, queue: Queue, new_task: NewTask) -> None:
    waiting, done = new_task(), new_task(state="SUCCESS", version="product/P001_all/lstm/v1")
    running = new_task(state="RUNNING", attempt=1)
    for task in (waiting, done, running):
        queue.add(task)
    old = queue.last_change()
    for file in settings.home.glob("tidebook.db*"):
        file.unlink()
    database = open_database(settings)
    migrate(database)
    again = Queue(database, settings)
    assert again.restore(list(records.every(settings)), "here") == 3
    assert again.waiting() == [waiting.id]
    assert [task.id for task in again.running("here")] == [running.id]
    assert again.get(done.id)[0] == done
    assert again.last_change() > old  # so cursors of clients stay good
    assert again.restore(list(records.every(settings)), "here") == 0
    database.close()


def test_a_row_whose_folder_is_gone_goes_too(settings: Settings, queue: Queue, new_task: NewTask) -> None:
    queue.add(new_task())
    assert queue.restore([], "here") == 1
    assert queue.page(None, 10, None) == ([], None)
