"""What can be replaced: each interface is small, and every implementation runs the same contract test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tidebook.core.arrays import F32, I64

if TYPE_CHECKING:
    import polars as pl
    import torch

    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


class DataSource(Protocol):
    """A table of rows, wherever it lies."""

    def scan(self) -> pl.LazyFrame:
        """The rows, read when they are needed. DataFault where the source is not what it claims to be."""

    def fingerprint(self) -> str:
        """Changes when the content changes; cheap."""


@dataclass(frozen=True)
class Traits:
    """What an algorithm can take and give, and how it is presented."""

    title: str  #: as people write it: "LSTM"
    description: str  #: what it is good at, one sentence
    description_zh: str  #: the same in Chinese
    tag_type: str  #: colour of its tag in the web: primary, success, info, warning, danger
    neural: bool  #: trained in epochs, with checkpoints and curves
    known_future: bool  #: uses covariates whose future is known
    past: bool = False  #: uses covariates known only afterwards
    members: bool = False  #: is made of published versions, which its hyper-parameter `members` names


@dataclass(frozen=True)
class Checkpoint:
    """A training state to continue from. Keys of `content` are those of the file in checkpoints/."""

    epoch: int
    content: Mapping[str, Any]


@dataclass
class State:
    """All that rebuilds a fitted model: plain values and tensors, nothing else."""

    config: dict[str, Any]  #: JSON-able: hyper-parameters, feature names, scalers, covariate schema
    weights: dict[str, torch.Tensor] = field(default_factory=dict)  #: the state_dict; empty for classical ones


class FitContext(Protocol):
    """What a training may use of the world around it."""

    device: str  #: cpu, cuda, cuda:N or mps, already chosen
    seed: int
    deadline: float | None  #: time.monotonic() after which training should end with what it has
    resume: Checkpoint | None
    members: Sequence[tuple[str, State]]  #: address and state of the versions that `Traits.members` asks for

    def log(self, text: str) -> None:
        """A line for people in logs/training.log."""

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """The metrics of a finished epoch: train_loss, val_loss and others."""

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        """Where training stands; may be called at every step, is thinned out."""

    def should_stop(self) -> bool:
        """Whether somebody asked to stop."""

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        """Keep a checkpoint. `content` has model_state_dict, optimizer_state_dict and what resuming needs."""


@dataclass(frozen=True)
class Forecast:
    """Predicted values in original units."""

    values: F32  #: [B, H, Q]
    quantiles: tuple[float, ...] = (0.5,)  #: the levels of the last axis

    @property
    def point(self) -> F32:
        """The middle forecast, [B, H]."""
        return self.values[:, :, self.quantiles.index(0.5)]


class Fitted(Protocol):
    """A trained model."""

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """Forecasts of `horizon` days for each pair of series[B] and origin[B].

        An origin is the position of the first day to forecast. Reads target and past covariates before it, known
        covariates up to origin + horizon, which the panel's calendar must reach.
        """

    def state(self) -> State:
        """What rebuilds this model."""


class Algorithm(Protocol):
    """A way to make a model; one file adds one."""

    name: str  #: in paths and requests: "lstm"
    Hyperparameters: type  #: a frozen dataclass whose fields are made with `hyperparameter(…)`
    traits: Traits

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Learns from the train part, chooses on the validation part, never reads beyond it."""

    def load(self, state: State) -> Fitted:
        """The fitted model that `state` was taken from."""


@dataclass(frozen=True)
class FileEntry:
    """A file of a tree in the store."""

    path: str  #: relative, with '/'
    size: int  #: bytes
    mtime: str  #: ISO 8601
    digest: str  #: "blake3:" and the hex digest of the content


class Source(Protocol):
    """Files that are read from one place. Paths have '/'."""

    @property
    def url(self) -> str:
        """Where it is, for people, without secrets."""

    def entries(self) -> dict[str, FileEntry]:
        """Every file as it is now, by its path; `digest` is "" where nobody knows it without reading the file."""

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on, in pieces; NotFound where there is no such file."""


class Tree(Source, Protocol):
    """Files below one place that may be changed: a folder, a prefix of an object store, a tree of a server."""

    def take(self, source: Source, entry: FileEntry, path: str | None = None) -> FileEntry:
        """Makes `path` (default: the entry's) a copy of the source's file `entry`, seen whole or not at all.

        What has come already of a copy that was cut is not sent again. The digest is that of the bytes that arrived;
        Conflict where it is not the entry's, or where the source changes meanwhile, and then nothing has changed here.
        """

    def share(self, entry: FileEntry, held: str) -> bool:
        """Makes `entry.path` the same content as the file at `held` below the store, at no cost; False if it cannot."""

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Removes files, and returns those that were there."""

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Writes down the digests that are known now, for `entries()` to say without reading."""


class Store(Protocol):
    """Trees of files, each complete from the moment its manifest exists. Prefixes are relative, with '/'."""

    def claim(self, line: str, owner: str, *, above: int = 0) -> int:
        """Reserves the next number below `line`, more than `above`; the same owner gets its own claim back."""

    def claimed(self, line: str, owner: str) -> int | None:
        """The number below `line` that `owner` has claimed, finished or not; None if there is none."""

    def newest(self, line: str) -> int:
        """The highest number ever given below `line`, deleted ones and claims counted; 0 if there is none."""

    def fill(self, prefix: str, files: Mapping[str, Path]) -> list[FileEntry]:
        """Copies local files into a claimed tree."""

    def commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        """Writes the manifest, last and exclusively: now the tree exists."""

    def manifest(self, prefix: str) -> dict[str, Any]:
        """The manifest; NotFound where the tree is incomplete, deleted or absent."""

    def trees(self, prefix: str = "") -> Iterable[str]:
        """The prefixes of all complete trees below `prefix`."""

    def lines(self) -> Iterable[str]:
        """The prefixes below which a number was ever given, be it a claim or a deleted version."""

    def below(self, prefix: str) -> list[str]:
        """The names right below a prefix that have files below them, in order; none where there is no such prefix."""

    def tree(self, prefix: str) -> Tree:
        """The files below a prefix, whether or not they make a complete tree."""

    def open(self, prefix: str, path: str) -> Path:
        """A local path to read a file of a complete tree from."""

    def folder(self, prefix: str) -> Path:
        """A local folder with all files of a complete tree, to be read only."""

    def closing(self, prefix: str) -> AbstractContextManager[None]:
        """In which no file takes its place in a claimed tree: what is verified then is what `commit` makes final."""

    def location(self, prefix: str) -> str:
        """Where a tree lies, for people: its folder or URL."""

    def delete(self, prefix: str, reason: str) -> None:
        """Writes the tombstone, then removes the content."""

    def record(self, prefix: str, name: str) -> dict[str, Any] | None:
        """A small mutable JSON object beside a tree or line (labels.json, aliases.json …); None where there is none."""

    def amend(
        self,
        prefix: str,
        name: str,
        change: Callable[[dict[str, Any] | None], dict[str, Any] | None],
        *,
        make: bool = False,
    ) -> dict[str, Any] | None:
        """Replaces such an object by what `change` makes of it (None removes it); nobody else changes it meanwhile.

        NotFound where there is nothing at `prefix`, unless with `make` the object is to be the first of it; then
        InvalidInput for a twin that differs from another name in upper and lower case alone.
        """

    def workspace(self, name: str) -> AbstractContextManager[Path]:
        """A local folder for what is made before it is stored; Conflict where another process is in that of `name`."""


class Executor(Protocol):
    """Where attempts of tasks run."""

    def start(self, task_id: str, attempt: int, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts the runner of an attempt; returns at once."""

    def alive(self, task_id: str, attempt: int) -> bool:
        """Whether the attempt's runner still renews its lease."""

    def stop(self, task_id: str, attempt: int) -> None:
        """Asks the runner to end its process group."""

    def clear(self, task_id: str, attempt: int) -> bool:
        """Ends a job whose runner is gone, so that nothing goes on unseen; whether it was still there."""

    def reap(self) -> None:
        """Forgets the runners that have ended."""


class Bound(NamedTuple):
    """What a metric of a version must keep to."""

    metric: str  #: its name: wape
    operator: str  #: <=, <, >=, > or =
    value: float


class Index(Protocol):
    """What lists ask. The catalog implements it; a scan of the folders stands in where there is no database."""

    def versions(
        self,
        *,
        mode: str | None = None,
        scope: str | None = None,
        model_type: str | None = None,
        aggregation: str | None = None,
        search: str | None = None,
        project: str | None = None,
        metric: Bound | None = None,
        alias: str | None = None,
        archived: bool | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Versions newest first, from `offset`, at most `limit`; and how many match in all."""
