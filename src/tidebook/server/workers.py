"""Warm processes that read data and forecast, so that the server needs no torch and a request no import."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tidebook.core.errors import InvalidInput, TaskFailure, TidebookError

logger = logging.getLogger(__name__)

START_TIMEOUT = 120.0  #: seconds for the imports of a worker
MAX_ANSWER = 512 * 1024 * 1024  #: bytes of one answer
PATIENCE = 5.0  #: seconds between the end of a worker's input and its kill


class WorkerDied(Exception):
    """The process is gone."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Worker:
    """One process that takes one request at a time."""

    process: asyncio.subprocess.Process
    count: int = 0  #: requests so far

    @classmethod
    async def start(cls, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Worker:
        """A worker that is ready for requests; what it prints beside its answers goes to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=dict(env),
                limit=MAX_ANSWER,
                start_new_session=True,  # Ctrl-C in the server's terminal is for the server
            )
        worker = cls(process)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await worker._read()
        except BaseException:
            await worker.stop()
            raise
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.returncode is None

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of one request; the TidebookError that it answers with; WorkerDied."""
        assert self.process.stdin is not None  # noqa: S101 - made with a pipe
        request = encoded({"id": self.count + 1, "method": method, "params": params}) + b"\n"
        self.count += 1
        try:
            self.process.stdin.write(request)
            await self.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise WorkerDied(await self.process.wait()) from error
        answer = await self._read()
        if "problem" in answer:
            raise TidebookError.from_problem(answer["problem"])
        return answer["result"]

    async def stop(self) -> None:
        """Ends its input, and the process if that is not enough."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE if self.count else 0.1):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        """Ends the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None  # noqa: S101 - made with a pipe
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise WorkerDied(await self.process.wait())
        answer: dict[str, Any] = orjson.loads(line)
        return answer


class WorkerPool:
    """At most `size` warm workers, started when first needed and again when they have died."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path, size: int = 2) -> None:
        self._argv, self._env, self._log = list(argv), dict(env), log
        self._idle: list[Worker] = []  # the one used last is taken first: its models are warm
        self._places = asyncio.Semaphore(size)
        self._once = asyncio.Semaphore(size)
        self._all: set[Worker] = set()

    async def call(self, method: str, params: Mapping[str, Any], *, timeout: float) -> Any:
        """The result of `method` in a warm worker. TaskFailure after `timeout` seconds or when the worker dies."""
        async with self._places:
            tries = 0
            while True:
                tries += 1
                worker = await self._take()
                try:
                    result = await self._ask(worker, method, params, timeout)
                except WorkerDied as death:
                    self._all.discard(worker)
                    if worker.count == 1 or tries > 1:
                        raise _died(method, death.code) from death
                    continue  # it may have died while nobody used it, so this request gets one more chance
                except TidebookError:
                    self._give_back(worker)
                    raise
                except BaseException:
                    worker.kill()  # its answer to this request must not be read by the next
                    self._all.discard(worker)
                    raise
                self._give_back(worker)
                return result

    async def once(self, method: str, params: Mapping[str, Any], *, timeout: float) -> Any:
        """The result of `method` in a process of its own, whose memory goes with it."""
        async with self._once:
            worker = await self._start()
            try:
                return await self._ask(worker, method, params, timeout)
            except WorkerDied as death:
                raise _died(method, death.code) from death
            finally:
                self._all.discard(worker)
                await worker.stop()

    async def close(self) -> None:
        """Ends all workers."""
        workers, self._idle = list(self._all), []
        self._all.clear()
        await asyncio.gather(*(worker.stop() for worker in workers))

    async def _ask(self, worker: Worker, method: str, params: Mapping[str, Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await worker.ask(method, params)
        except TimeoutError as error:
            worker.kill()
            self._all.discard(worker)
            raise TaskFailure(
                f"The request ({method}) must be answered within {seconds:g} seconds",
                got="no answer",
                fix="Ask for less at once, or try again when the machine is less busy.",
            ) from error

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._all.discard(worker)
        return await self._start()

    async def _start(self) -> Worker:
        try:
            worker = await Worker.start(self._argv, self._env, self._log)
        except (WorkerDied, TimeoutError, orjson.JSONDecodeError) as error:
            logger.error("a worker did not start; see %s", self._log)
            raise TaskFailure(
                "A worker process must start",
                got=f"one that ended or hung ({error!r})",
                fix=f"See the end of {self._log.name} in the home's cache folder.",
            ) from error
        self._all.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        if worker in self._all and worker.alive:
            self._idle.append(worker)


def encoded(value: Mapping[str, Any]) -> bytes:
    """`value` as JSON; InvalidInput where a request brought in what JSON in UTF-8 or 64 bits cannot hold."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise InvalidInput(
            "Text must be Unicode, and a whole number must fit 64 bits",
            got=f"a value that does not ({error})",
            fix="Correct the value; write very large numbers with a decimal point.",
        ) from error


def _died(method: str, code: int | None) -> TaskFailure:
    killed = " (killed, perhaps because memory ran out)" if code == -9 else ""
    return TaskFailure(
        f"The request ({method}) must be answered",
        got=f"a worker process that ended with code {code}{killed}",
        fix="Try again; if it happens again, ask for less at once. The cache folder's workers.log holds more.",
    )
