"""Trainings: tasks, their log and their metrics."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tidebook.server.schemas.base import Answer, Metrics, Problem
from tidebook.specs import TrainSpec

TaskState = Literal["CREATED", "RUNNING", "SUCCESS", "FAIL", "ABORT"]


class Progress(Answer):
    """Where a training stands."""

    run_name: str | None = Field(None, description="The run's folder in out/.")
    status: str = Field(description="initialized, preparing, training, completed or failed.")
    epoch: int = Field(description="Epochs finished.", examples=[3])
    epochs: int = Field(description="Epochs at most.", examples=[50])
    step: int = Field(description="Steps done in this epoch.")
    steps: int = Field(description="Steps of an epoch.")
    train_loss: float | None = None
    val_loss: float | None = Field(None, description="Of the last finished epoch.")
    best_val_loss: float | None = None
    best_epoch: int | None = None
    elapsed_seconds: float | None = Field(None, description="Time spent training this model.")
    eta_seconds: float | None = Field(None, description="Until the last epoch of the last model, at the pace so far.")
    fit: int | None = Field(None, description="Models trained before this one; the first is the one that is kept.")
    fits: int | None = Field(None, description="Models in all: with refit one for each fold.")
    updated_at: str = Field(description="ISO 8601.")


class Task(Answer):
    """A request to compute and what became of it."""

    id: str = Field(description="TRAI and 28 characters.", examples=["TRAI0123456789abcdefghijklmnop01"])
    name: str = Field(description="A name for people.", examples=["lstm · product · product P001 in all stores"])
    description: str = Field(description="The training description.")
    state: TaskState = Field(
        description="CREATED: waits for a slot. RUNNING. SUCCESS. FAIL: ended with `error`. ABORT: was stopped."
    )
    spec: TrainSpec
    project: str = Field(description="The project that it belongs to.", examples=["default"])
    owner: str = Field(description="Id of the user who asked.", examples=["anna"])
    progress: Progress | None = Field(description="null until the training reports.")
    run_name: str | None = Field(description="The run's folder in out/, once it exists.")
    version: str | None = Field(
        description="Address of the version that was published.", examples=["product/P001_all/lstm/v1"]
    )
    metrics: Metrics | None = Field(description="On the held-out end, in original units.")
    baseline: dict[str, Metrics] | None = Field(description="The same metrics of the naive forecasts.")
    error: Problem | None = Field(description="Why it failed.")
    created_at: str
    started_at: str | None
    finished_at: str | None
    stop_requested_at: str | None = Field(None, description="When somebody asked to stop it.")
    queue_position: int | None = Field(description="1 is next; null unless it waits.")


class TaskPage(Answer):
    """A page of tasks, newest first."""

    items: list[Task]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")


class LogLines(Answer):
    """Lines of a task's log."""

    lines: list[str]
    cursor: int = Field(description="Give this as `after` to go on; a position in bytes.", examples=[2048])
    complete: bool = Field(description="Whether the task has ended and this is its log's end.")


class MetricsEntry(Answer):
    """One entry of the metrics log: an epoch with whatever was measured."""

    epoch: int
    phase: str = Field(examples=["train"])
    timestamp: str
    train_loss: float | str | None = Field(None, description='"NaN", "Infinity" or "-Infinity" where not finite.')
    val_loss: float | str | None = None


class MetricsEntries(Answer):
    """Entries of a task's metrics log."""

    items: list[MetricsEntry]
    cursor: int = Field(description="Give this as `after` to go on; a position in bytes.", examples=[4096])
    complete: bool = Field(description="Whether the task has ended and this is its metrics' end.")


class PartOfTime(Answer):
    """Train, validation or test part."""

    first: str = Field(examples=["2022-01-01"])
    last: str = Field(examples=["2024-11-05"])
    days: int = Field(examples=[1040])


class TrainingCheck(Answer):
    """What a training would do, found out without doing it."""

    description: str = Field(description="The training description.")
    series: int = Field(description="Series that the model would learn from.")
    days: int = Field(description="Days of history.")
    observed: int = Field(description="Observed values among them.")
    train_windows: int = Field(description="Windows that an epoch has.")
    parts: dict[str, PartOfTime] = Field(description="train, validation and test.")
    folds: list[PartOfTime] = Field(description="The days of each forecast that the model is evaluated by.")
    fits: int = Field(description="Models that are trained: with refit one for each fold.")
    known_future: list[str] = Field(description="Covariates whose future must be stated to forecast.")
    findings: list[dict[str, Any]] = Field(description="What the audit found in the scope.")
