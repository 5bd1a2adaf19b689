"""Runs: the list, one of them, what was logged, comparisons and saved views."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer, Problem

Param = bool | int | float | str | None
Axis = Literal["step", "time", "epoch"]
Point = float | None

RUN_NAMES = Field(min_length=1, max_length=1000, description="Names of runs, at most 1,000.")


class RunItem(Answer):
    """A run as lists show it."""

    run_name: str = Field(description="The name of its folder in out/.", examples=["P001_all_lstm_20261101_143025"])
    id: str | None = Field(description="Made with the run, never changed; null for runs of other programs.")
    project: str = Field(examples=["default"])
    owner: str | None = Field(description="The id of a user.")
    model_type: str = Field(examples=["lstm"])
    stock_symbol: str | None
    scope: str | None
    description: str | None
    task_id: str | None = Field(description="The training that it is the record of.")
    version: str | None = Field(description="Address of the version that was published from it.")
    status: str = Field(description="initialized, preparing, training, completed, failed; unknown if unreadable.")
    reason: str | None = Field(description="Why it failed.")
    lost: bool = Field(description="Whether its process ended without a word; its status is then failed.")
    created_at: str | None
    updated_at: str | None
    finished_at: str | None
    duration_seconds: float | None = Field(description="To its end or the last sign of life.")
    params: dict[str, Any] = Field(description="Flat: nested names are joined by dots.")
    metrics: dict[str, float] = Field(description="The last value of each; of other phases than train as phase/name.")
    tags: dict[str, str]
    notes: str
    pinned: bool
    archived: bool
    dataset: str | None
    problems: list[str] = Field(description="What is wrong with its folder.")


class RunPage(Answer):
    """A page of runs."""

    items: list[RunItem]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")


class RunCount(Answer):
    """How many runs there are."""

    count: int


class RunFields(Answer):
    """What can be filtered and sorted by, over all runs that the user sees."""

    params: list[str]
    metrics: list[str]
    tags: list[str]
    model_types: list[str]
    projects: list[str]


class RunFile(Answer):
    """A file of a run."""

    path: str = Field(description="Below the run's folder.", examples=["figures/forecast.png"])
    size: int = Field(description="In bytes.")
    modified_at: str


class RunDetail(RunItem):
    """A run with all that stands in its folder."""

    config: dict[str, Any] = Field(description="config.json.")
    context: dict[str, Any] = Field(description="context.json: code, command, packages, machine, data.")
    eval_results: dict[str, Any] = Field(description="results/eval_results.json.")
    files: list[RunFile] = Field(description="At most 5,000, in the order of their paths.")
    checkpoints: list[int] = Field(description="The epochs that have one.")
    best: dict[str, Any] | None = Field(description="Metrics of the best checkpoint.")
    resources: bool = Field(description="Whether the use of CPU and memory was recorded.")
    backtest: bool = Field(description="Whether results/backtest.json is there.")


class RunChanges(BaseModel):
    """What people say of a run; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"tags": {"team": "east"}, "pinned": True}]}
    )

    tags: dict[str, str] | None = Field(None, description="In place of all tags.", examples=[{"team": "east"}])
    notes: str | None = Field(None, max_length=20_000)
    project: str | None = Field(None, description="Where it is moved to.")
    pinned: bool | None = None
    archived: bool | None = None


class RunBulk(BaseModel):
    """One change of many runs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"runs": ["P001_all_lstm_20261101_143025"], "action": "tag", "tags": {"team": "east"}}]
        },
    )

    runs: list[str] = RUN_NAMES
    action: Literal["tag", "untag", "archive", "unarchive", "pin", "unpin", "move", "delete"]
    tags: dict[str, str] | None = Field(None, description="Of tag: what is added; of untag: its names are removed.")
    project: str | None = Field(None, description="Of move: where to.")
    reason: str = Field("deleted in the web", max_length=500, description="Of delete: kept in the tombstone.")


class RunFailure(Answer):
    """A run that a bulk change left as it was."""

    run_name: str
    problem: Problem


class RunBulkResult(Answer):
    """What a bulk change did."""

    done: list[str]
    failed: list[RunFailure]


class LoggedMetric(Answer):
    """A metric that was logged."""

    name: str
    phase: str = Field(examples=["train"])
    points: int
    last: float | None = Field(description="null where it is not finite.")
    min: float | None = Field(description="Of the finite values.")
    max: float | None


class LoggedMetrics(Answer):
    """The metrics of a run, in the order in which they were logged first."""

    items: list[LoggedMetric]


class MetricCurve(Answer):
    """A metric over an axis. Where points are left out, the smallest and the largest of each stretch stay."""

    name: str
    phase: str
    axis: Axis = Field(description="time: seconds since the run's start.")
    x: list[Point]
    y: list[Point] = Field(description="null where the value is not finite.")
    total: int = Field(description="Points between `from` and `to`.")
    sampled: bool = Field(description="Whether points were left out.")


class RunCurve(MetricCurve):
    """A curve of one of several runs."""

    run_name: str


class RunCurves(Answer):
    """Curves of several runs; those that a run has not logged are left out."""

    items: list[RunCurve]


class CurvesRequest(BaseModel):
    """Which curves of which runs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"runs": ["P001_all_lstm_20261101_143025"], "names": ["val_loss"], "axis": "epoch"}]
        },
    )

    runs: list[str] = Field(min_length=1, max_length=200)
    names: list[str] = Field(
        min_length=1, max_length=50, description="Of metrics; of other phases than train as phase/name."
    )
    axis: Axis = "step"
    points: int = Field(500, ge=10, le=10_000, description="Of each curve at most, about.")


class ResourceUse(Answer):
    """What the process used at one moment."""

    timestamp: str | None = None
    seconds: float | None = Field(None, description="Since the run's start.")
    cpu: float | None = Field(None, description="In percent of one core.")
    memory: float | None = Field(None, description="In bytes.")
    gpu: float | None = Field(None, description="In percent.")
    gpu_memory: float | None = Field(None, description="In bytes.")


class ResourceUses(Answer):
    """What a run used over time, thinned out where it is long."""

    items: list[ResourceUse]


class FoundLine(Answer):
    """A line of the log in which something was found."""

    number: int = Field(description="From 1.")
    text: str


class RunLog(Answer):
    """Lines of a run's log."""

    lines: list[str] | list[FoundLine] = Field(description="With `search` those that hold it, with their numbers.")
    cursor: int = Field(description="Give this as `after` to go on; a position in bytes.")
    complete: bool = Field(description="Whether nothing comes after.")


class ComparedValues(Answer):
    """A param or tag of the compared runs, in their order."""

    name: str
    values: list[Any] = Field(description="null where a run has none.")
    changed: bool = Field(description="Whether it differs between the runs.")


class ComparedMetric(Answer):
    """A metric of the compared runs, in their order."""

    name: str
    values: list[float | None]
    best: int | None = Field(description="The place of the best run; null where none has the metric.")
    lower_is_better: bool | None


class Comparison(Answer):
    """Runs side by side."""

    runs: list[RunItem]
    params: list[ComparedValues]
    metrics: list[ComparedMetric]
    tags: list[ComparedValues]


class NewView(BaseModel):
    """A view to save."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Best of east", "query": "where=tags.team%20%3D%20east&sort=metrics.wape"}]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    page: Literal["runs"] = "runs"
    query: str = Field(max_length=20_000, description="The query string of the page's URL.")


class SavedView(Answer):
    """A saved view."""

    id: str
    name: str
    page: str
    query: str
    owner: str
    created_at: str


class SavedViews(Answer):
    """The user's views, by name."""

    items: list[SavedView]
