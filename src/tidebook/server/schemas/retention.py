"""What is kept, what would go, and the daily cleanup."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer, Problem

RetentionAction = Literal["delete", "archive"]
RetentionKind = Literal["version", "forecast", "run"]

_EXAMPLE: dict[str, Any] = {
    "forecasts": {"days": 30, "newest": 1000},
    "versions": {"newest": 3},
    "runs": {"completed_days": None, "failed_days": 90},
    "action": "archive",
}
_STRICT = ConfigDict(extra="forbid", strict=True)
_MOST = 10**9


class ForecastRuleForm(BaseModel):
    """A forecast is kept only if it is both young and among the newest; null: that part of the rule is off."""

    model_config = _STRICT

    days: int | None = Field(30, ge=0, le=_MOST, description="How old it may be.")
    newest: int | None = Field(1000, ge=0, le=_MOST, description="How many of the project are kept.")


class VersionRuleForm(BaseModel):
    """Of each scope and algorithm the newest are kept, the best not counted among them; null: all."""

    model_config = _STRICT

    newest: int | None = Field(3, ge=0, le=_MOST, description="How many are kept.")


class RunRuleForm(BaseModel):
    """For how many days runs are kept after their end; null: for good."""

    model_config = _STRICT

    completed_days: int | None = Field(None, ge=0, le=_MOST, description="Of those that completed.")
    failed_days: int | None = Field(None, ge=0, le=_MOST, description="Of those that failed.")


class PolicyForm(BaseModel):
    """What a project keeps."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    forecasts: ForecastRuleForm = Field(default_factory=ForecastRuleForm)
    versions: VersionRuleForm = Field(default_factory=VersionRuleForm)
    runs: RunRuleForm = Field(default_factory=RunRuleForm)
    action: RetentionAction = Field("delete", description="What becomes of what goes.")


class RetentionPolicy(Answer):
    """What a project keeps."""

    project: str = Field(examples=["default"])
    forecasts: ForecastRuleForm
    versions: VersionRuleForm
    runs: RunRuleForm
    action: RetentionAction = Field(description="What becomes of what goes.")
    stored: bool = Field(description="Whether somebody set it; else these are the defaults.")
    may_change: bool = Field(description="Whether the user may set it.")


class RetentionPolicies(Answer):
    """The policies of the projects that the user sees."""

    items: list[RetentionPolicy] = Field(description="In the order of the projects' names.")


class PlanReason(Answer):
    """Why something goes or stays."""

    code: str = Field(
        description="Goes: too_old, beyond_newest. Stays: best, alias, pinned, forecast, member, newest, "
        "newest_of_line, young, live, no_rule.",
        examples=["beyond_newest"],
    )
    values: dict[str, Any] = Field(description="To tell it with.", examples=[{"newest": 3, "rank": 5}])


class PlanItem(Answer):
    """One thing, and what becomes of it."""

    kind: RetentionKind
    id: str = Field(examples=["product/P001_all/lstm/v1"])
    project: str
    bytes: int
    age_days: float
    goes: bool
    action: RetentionAction | None = Field(description="What becomes of it, where it goes.")
    reason: PlanReason


class PlanSummary(Answer):
    """How much of one kind goes and stays."""

    kind: RetentionKind
    going: int
    going_bytes: int
    kept: int
    kept_bytes: int


class RetentionPlan(Answer):
    """What a cleanup would do now."""

    made_at: str = Field(description="ISO 8601.")
    digest: str = Field(description="Changes when what goes does.")
    summary: list[PlanSummary] = Field(description="Of the whole plan, not of the page alone.")
    items: list[PlanItem]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")


class CleanupRequest(BaseModel):
    """The request to carry the plan out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"project": "north-stores"}]})

    project: str | None = Field(None, pattern=r"^[a-z0-9_-]{1,64}$", description="Only what belongs to it.")
    digest: str | None = Field(None, max_length=64, description="Of the plan that was looked at; 409 if it changed.")


class CleanupFailure(Answer):
    """Something that could not go."""

    kind: RetentionKind
    id: str
    problem: Problem


class CleanupResult(Answer):
    """What was done."""

    deleted: int
    archived: int
    bytes: int = Field(description="That are free now.")
    spared: int = Field(description="How many stay because of what happened since the plan was made.")
    left: int = Field(description="How many it did not come to: it was stopped, or the archive or the disk is away.")
    failed: list[CleanupFailure]


class CleanupProgress(Answer):
    """How far a cleanup is, whoever began it."""

    began_at: str = Field(description="ISO 8601.")
    done: int = Field(description="Things that it is through with.")
    of: int = Field(description="Of so many; 0 while the plan is made.")
    stopping: bool = Field(description="Whether it was asked to stop.")


class RunningCleanup(Answer):
    """The cleanup of this server that runs now."""

    running: CleanupProgress | None = Field(description="null while none runs, and for others than administrators.")


class LastCleanup(Answer):
    """What came of the last scheduled cleanup."""

    at: str = Field(description="ISO 8601.")
    deleted: int
    archived: int
    bytes: int
    failed: int


class ScheduleForm(BaseModel):
    """When the server cleans up."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"on": True, "hour": 3}]})

    on: bool = Field(description="Whether it does every day.")
    hour: int = Field(3, ge=0, le=23, description="In the zone of the server.")


class RetentionSchedule(Answer):
    """When the server cleans up."""

    on: bool = Field(description="Off until somebody turns it on.")
    hour: int = Field(description="In the zone of the server.")
    last: LastCleanup | None
