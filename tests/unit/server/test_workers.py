"""The pool of warm workers, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tidebook.core.errors import DataFault, InvalidInput, TaskFailure
from tidebook.core.settings import Settings
from tidebook.server.workers import WorkerPool

WORKER = Path(__file__).parents[2] / "integration" / "fake_worker.py"


@asynccontextmanager
async def pool(settings: Settings, size: int = 2, script: Path = WORKER) -> AsyncIterator[WorkerPool]:
    """A pool of small workers."""
    env = {**os.environ, "TIDEBOOK_HOME": str(settings.home)}
    made = WorkerPool([sys.executable, str(script)], env, settings.cache / "workers.log", size)
    try:
        yield made
    finally:
        await made.close()


def run(work: Callable[[WorkerPool], Coroutine[Any, Any, Any]], settings: Settings, **options: Any) -> Any:
    """What `work` gives with a pool of its own."""

    async def main() -> Any:
        async with pool(settings, **options) as made:
            return await work(made)

    return asyncio.run(main())


def test_one_warm_worker_answers_requests_one_after_the_other(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> list[int]:
        return [(await workers.call("echo", {"x": 1}, timeout=10))["pid"] for _ in range(5)]

    assert len(set(run(work, settings))) == 1


def test_no_worker_starts_before_it_is_needed_and_none_stays_afterwards(settings: Settings) -> None:
    before = set(psutil.Process().children())

    async def work(workers: WorkerPool) -> int:
        assert set(psutil.Process().children()) == before
        answer = await workers.call("echo", {}, timeout=10)
        return int(answer["pid"])

    assert not psutil.pid_exists(run(work, settings))


def test_no_more_workers_run_than_allowed_and_all_requests_are_answered(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> list[int]:
        answers = await asyncio.gather(*(workers.call("echo", {"n": n}, timeout=10) for n in range(20)))
        assert [answer["n"] for answer in answers] == list(range(20))
        return [answer["pid"] for answer in answers]

    assert len(set(run(work, settings))) <= 2


def test_the_error_of_a_worker_comes_back_as_it_was_and_the_worker_lives_on(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> tuple[int, int]:
        before = (await workers.call("echo", {}, timeout=10))["pid"]
        with pytest.raises(DataFault, match=r"It must be good, but got bad\. Mend\."):
            await workers.call("nothing", {}, timeout=10)
        return before, (await workers.call("echo", {}, timeout=10))["pid"]

    before, after = run(work, settings)
    assert before == after


def test_a_worker_that_dies_fails_its_request_and_the_next_gets_another(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> None:
        with pytest.raises(TaskFailure, match="a worker process that ended with code 9"):
            await workers.call("die", {}, timeout=10)
        await workers.call("echo", {}, timeout=10)

    run(work, settings)


def test_a_worker_that_died_while_idle_costs_no_request(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> None:
        pid = (await workers.call("echo", {}, timeout=10))["pid"]
        os.kill(pid, signal.SIGKILL)
        assert (await workers.call("echo", {}, timeout=10))["pid"] != pid

    run(work, settings)


def test_a_request_that_takes_too_long_is_ended_and_its_answer_never_reaches_another(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> Any:
        began = time.monotonic()
        with pytest.raises(TaskFailure, match=r"The request \(sleep\) must be answered within 0.2 seconds"):
            await workers.call("sleep", {"seconds": 30}, timeout=0.2)
        assert time.monotonic() - began < 10
        return await workers.call("echo", {"mine": True}, timeout=10)

    assert run(work, settings)["mine"] is True


def test_a_client_that_goes_away_leaves_the_pool_whole(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> Any:
        waiting = asyncio.create_task(workers.call("sleep", {"seconds": 30}, timeout=60))
        await asyncio.sleep(0.5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await workers.call("echo", {"mine": True}, timeout=10)

    assert run(work, settings, size=1)["mine"] is True


def test_an_answer_of_many_megabytes_arrives_whole(settings: Settings) -> None:
    size = 20_000_000

    async def work(workers: WorkerPool) -> Any:
        return await workers.call("large", {"bytes": size}, timeout=30)

    assert len(run(work, settings)) == size


def test_a_process_for_one_request_ends_with_it(settings: Settings) -> None:
    async def work(workers: WorkerPool) -> int:
        return int((await workers.once("echo", {}, timeout=10))["pid"])

    assert not psutil.pid_exists(run(work, settings))


def test_a_worker_that_cannot_start_is_told_with_its_log(settings: Settings, tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("raise RuntimeError('no torch here')")

    async def work(workers: WorkerPool) -> None:
        with pytest.raises(TaskFailure, match="A worker process must start"):
            await workers.call("echo", {}, timeout=10)

    run(work, settings, script=script)
    assert "no torch here" in (settings.cache / "workers.log").read_text()


@pytest.mark.parametrize("value", ["\ud800", 10**30])
def test_a_request_that_json_cannot_hold_is_refused_and_the_worker_lives_on(settings: Settings, value: object) -> None:
    async def work(workers: WorkerPool) -> None:
        await workers.call("echo", {"value": 1}, timeout=10)
        before = list(workers._idle)
        with pytest.raises(InvalidInput, match="Text must be Unicode, and a whole number must fit 64 bits"):
            await workers.call("echo", {"value": value}, timeout=10)
        assert workers._idle == before

    run(work, settings)
