"""RunWriter: the process that writes a run. Its metadata and status, its metrics, and the signs that it lives."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, SupportsIndex, get_args

from tidebook.core.clock import timestamp
from tidebook.core.errors import InvalidInput, StorageFailure, nearest
from tidebook.runs import liveness, pulse
from tidebook.runs.companion import Companion
from tidebook.runs.context import Context
from tidebook.runs.ending import reason_of
from tidebook.runs.faults import Faults
from tidebook.runs.folder import RunFolder
from tidebook.runs.metrics_log import MetricsLog
from tidebook.runs.metrics_writer import MetricsWriter
from tidebook.runs.record import DERIVED, ENDED, read_object, write_record
from tidebook.runs.resources import Resources
from tidebook.runs.training_log import TrainingLog

Status = Literal["initialized", "preparing", "training", "completed", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


class RunWriter(RunFolder):
    """Writes a run: one process at a time, anyone may read meanwhile.

    Once the run is begun, a disk that is full or read-only stops no training: what is not written then is written as
    soon as the disk takes it, and `warnings` in the metadata say so. A signal handler may log and finish, too.
    """

    listener: Callable[[str], object] | None = None  #: is given what is added to training.log, too
    stops_for_nothing = False  #: whether results, too, that a full disk does not take are a warning and no error

    def _attach(self, folder: Path, zone: str | None) -> None:
        self.folder, self.run_name = folder, folder.name
        self._metadata: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._log = MetricsLog.at(folder / "logs" / "metrics.json", self._writer)
        self._metrics = MetricsWriter(self._log)
        self._text = TrainingLog(folder / "logs" / "training.log", zone)
        self._text.mark.synced = self._wake
        self._pulse = threading.RLock()
        self._beating = self._beaten = False
        self._companions: list[Companion] = []
        self._context: Context | None = None
        self._resources: Resources | None = None
        self._held: dict[str, Any] = {}  # changes of the metadata that the disk did not take
        self._unlabelled: list[dict[str, Any]] = []  # changes of the labels that it did not take
        self._unsaved: dict[str, Any] | None = None  # the config.json that it did not take
        self._faults = Faults(self.run_name)

    def log_metrics(self, epoch: int, metrics: Mapping[str, Any], phase: str = "train") -> None:
        """Adds an entry to logs/metrics.json; it survives the death of the process once this returns.

        A full disk does not stop the training: entries wait, and what is dropped is counted in the metadata.
        """
        if not self._log.is_open:
            self._take()
        if "epoch" in metrics or "phase" in metrics:
            metrics = {name: value for name, value in metrics.items() if name not in {"epoch", "phase"}}
        self._metrics.add(metrics, phase, epoch)

    def log(
        self,
        metrics: Mapping[str, Any] | None = None,
        /,
        *,
        step: SupportsIndex | None = None,
        epoch: float | None = None,
        phase: str = "train",
        **values: Any,
    ) -> None:
        """Adds an entry with any number of metrics: `run.log(loss=0.5, accuracy=0.9)`, or a dictionary of them.

        Without a step it has the one after the last. Safe on disk, as `log_metrics` is; InvalidInput where a name is
        longer than 250 characters or holds control characters, or a value is no number.
        """
        if metrics is not None:
            if not isinstance(metrics, Mapping):
                raise InvalidInput(
                    "Metrics must be given by name",
                    got=f"{metrics!r}"[:80],
                    fix='Write run.log(loss=0.5) or run.log({"loss": 0.5}).',
                )
            values = {**metrics, **values}
        if not self._log.is_open:
            self._take()
        self._metrics.add(values, phase, epoch, step)

    def save_training_log(self, text: str) -> None:
        """Adds a line (or several) to logs/training.log. A full disk does not stop the training."""
        lines = self._text.append(text)
        if self._text.waiting.entries and not self._beating:
            pulse.join(self)
        if self.listener is not None:
            self.listener(lines)

    def update_status(self, status: str, reason: str | None = None) -> None:
        """Sets the status; `failed` keeps the reason.

        An ended run is released for other processes to write, and what goes along with it gets a little time to end.
        """
        if status not in STATUSES:
            raise InvalidInput(
                f"A run's status must be one of {', '.join(STATUSES)}", got=status, fix=nearest(status, STATUSES)
            )
        with self._lock:
            self._take()
            changes: dict[str, Any] = {"status": status}
            changes |= {"reason": reason or "no reason was given"} if status == "failed" else {}
            if status in ENDED:
                changes["finished_at"] = timestamp()
                self._log.close()
                changes |= self._counted()
            with self.going_on("metadata.json", changes):
                self._update(**changes)
            if status in ENDED:
                self._let_go()
        if status in ENDED:
            companions, self._companions = self._companions, []
            for companion in companions:
                companion.finish()

    def finish(self, status: str = "completed", reason: str | None = None) -> None:
        """Ends the run. One that has ended already stays as it is."""
        if self._metadata.get("status") in ENDED and not self._metadata.get("lost"):
            self.close()
        else:
            self.update_status(status, reason)

    @property
    def is_written(self) -> bool:
        """Whether the run has not ended, and this object is what writes it."""
        return self._beating and self._metadata.get("status") not in ENDED

    def close(self) -> None:
        """Lets other processes write the run; the status stays. A later write takes it again."""
        with self._lock:
            was_open = self._log.is_open
            self._log.close()
            if was_open and self._metadata.get("status") in ENDED:  # It was added to after its end.
                changes = self._counted()
                with self.going_on("metadata.json", changes):
                    self._update(**changes)
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        reason = None if error is None else reason_of(error)
        self.finish("failed" if reason else "completed", reason)

    # ---- alive

    def sample_resources(self) -> None:
        """From now on records every 10 seconds what the process uses, until the run ends."""
        self._resources = self._resources or Resources(self.folder)

    def record_context(self, **facts: Any) -> None:
        """Records beside the run where it came from, in a thread, and `facts` of its seed, threads and data.

        Called again it adds facts.
        """
        if self._context is None:
            self._context = Context(self, facts)
            self.accompany(self._context)
        else:
            self._context.add(facts)
        data = facts.get("data")
        if isinstance(data, Mapping) and data.get("dataset") is not None:
            with self._lock, self.going_on("metadata.json", {"dataset": data["dataset"]}):
                self._take()
                self._update(dataset=data["dataset"])

    def accompany(self, companion: Companion) -> None:
        """Tells `companion` what happens to the run."""
        self._companions.append(companion)

    def pulse(self) -> None:
        """Called every 10 seconds while the run is written."""
        with suppress(OSError), self._pulse:  # A disk that takes nothing now is told of elsewhere.
            if self._beating:
                self._beaten = True
                liveness.beat(self.folder)
                if self._resources is not None:
                    self._resources.sample()
        self._catch_up()
        self._wake()

    def last_pulse(self) -> None:
        """Called where the process ends before the run does."""
        self._log.close()
        self._catch_up()

    @property
    def _owes(self) -> bool:
        """Whether something waits for the disk to take it."""
        return bool(self._held or self._text.waiting.entries)

    def _catch_up(self) -> None:
        """Writes what the disk did not take before."""
        self._log.flush()
        self._text.flush()
        with self._lock:
            if self._held:
                with self.going_on("metadata.json"):
                    self._update()
            self._rest()

    def _rest(self) -> None:
        """Is looked after only while it is written or something waits."""
        if self._owes:
            pulse.join(self)
        elif not self._log.is_open:
            pulse.leave(self)

    def _wake(self) -> None:
        for companion in self._companions:
            companion.wake()

    def _let_go(self) -> None:
        """The run has no writer any more."""
        self._beating = False
        with self._pulse:  # A beat that is under way comes before.
            if self._resources is not None:
                self._resources.close()
            if self._beaten:
                self._beaten = False
                liveness.stop_beating(self.folder)
        self._text.flush()
        self._rest()

    # ---- the metadata

    def _take(self, *, new: bool = False) -> None:
        """Makes this process the run's writer; Conflict where another one is. A `new` run has no metadata yet."""
        with self._lock:
            if self._log.is_open:
                return
            self._log.open()
            self._log.mark.synced = self._wake
            self._metrics.begin()
            self._faults.go_on_from(self._metadata.get("warnings"))
            self._update({} if new else None)

    def _update(self, there: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Replaces metadata.json. What others added to it meanwhile stays; `there` is what it says, if known."""
        path = self.folder / "metadata.json"
        base = {name: value for name, value in self._metadata.items() if name not in DERIVED}
        base |= read_object(path, []) if there is None else there
        merged = {"id": secrets.token_hex(16), **base, **self._held, **changes}
        if merged.get("status") != "failed":
            merged.pop("reason", None)
        if merged.get("status") not in ENDED:
            merged.pop("finished_at", None)
        if warnings := self._faults.all({"metrics.json": self._log.waiting, "training.log": self._text.waiting}):
            merged["warnings"] = warnings
        merged |= {"run_name": self.run_name, "updated_at": timestamp(), "writer": liveness.me()}
        write_record(path, merged)
        self._metadata, self._held = merged, {}
        if self._log.is_open and not self._beating and merged.get("status") not in ENDED:
            self._beating = True
            pulse.join(self)
        self._wake()

    def _counted(self) -> dict[str, Any]:
        """What a closed log makes of the metadata, so that nobody has to read it to know the metrics."""
        totals, end = self._metrics.totals(self._metadata)
        return {"metrics": totals.to_json(), "metrics_end": end}

    @contextmanager
    def going_on(self, what: str, changes: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Turns a disk that does not take `what` into a warning, and holds `changes` of the metadata for later."""
        try:
            yield
        except (StorageFailure, OSError) as error:
            if changes is not None:
                self._held |= changes
            got = error.got if isinstance(error, StorageFailure) else error.strerror or str(error)
            self._faults.add(f"{what} could not be written: {got}")

    @contextmanager
    def _kept(self, what: str, changes: Mapping[str, Any] | None = None) -> Iterator[None]:
        """The same where a full disk is to stop nothing; elsewhere StorageFailure."""
        with self.going_on(what, changes) if self.stops_for_nothing else nullcontext():
            yield

    def _writer(self) -> str:
        writer = read_object(self.folder / "metadata.json", []).get("writer")
        return f"process {writer.get('pid')} on {writer.get('host')}" if isinstance(writer, dict) else "another process"
