"""Model versions and algorithms."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.backtest import Backtest, Coverage, Skill
from tidebook.server.schemas.base import Answer, Metrics


class TrainedOn(Answer):
    """The data that a version was trained on."""

    id: str | None = Field(None, description="The dataset's id, if it was registered.")
    path: str | None = None
    fingerprint: str | None = None
    mapping: dict[str, Any] | None = None


class Validation(Answer):
    """How it did on the validation part; the best version is chosen by this."""

    wape: float | None = Field(None, description="A fraction.", examples=[0.12])
    end: str | None = Field(None, description="The last validated day.", examples=["2024-12-03"])


class Archived(Answer):
    """Where the files of an archived version are."""

    url: str = Field(description="Of the archive's file.")
    archived_at: str
    bytes: int = Field(description="Of the archive's file.")


class ModelVersion(Answer):
    """A published version."""

    address: str = Field(examples=["product/P001_all/lstm/v1"])
    identifier: str = Field(examples=["product_P001_all_lstm"])
    model_path: str = Field(description="The version's folder.")
    version: str = Field(examples=["v1"])
    model_type: str = Field(examples=["lstm"])
    training_mode: str = Field(examples=["product"])
    scope: str = Field(examples=["P001_all"])
    aggregation_method: str | None = None
    product_id: str | None = None
    store_id: str | None = None
    timestamp: str | None = Field(None, description="When it was published, ISO 8601.")
    description: str | None = Field(None, description="The training description.")
    run_name: str | None = None
    dataset: TrainedOn | None = None
    metrics: Metrics | None = Field(None, description="On the held-out end, in original units.")
    baseline: dict[str, Metrics] | None = Field(None, description="The same metrics of the naive forecasts.")
    skill: Skill | None = Field(None, description="What it gains over the better naive forecast.")
    coverage: list[Coverage] | None = Field(None, description="How often each interval held on the held-out end.")
    intervals: list[float] | None = Field(None, description="Percent of each interval.", examples=[[80, 95]])
    validation: Validation | None = None
    project: str = Field(description="The project that it belongs to.", examples=["default"])
    owner: str | None = Field(description="Id of the user whose training it was; null where nobody is known.")
    is_best: bool = Field(False, description="Of those validated on the newest span, the one with the lowest WAPE.")
    aliases: list[str] = Field(description="Names that people gave it, such as production.", examples=[["production"]])
    tags: dict[str, str] = Field(examples=[{"team": "east"}])
    notes: str
    pinned: bool = Field(description="Kept, whatever the policies of its project say.")
    archived: Archived | None = Field(None, description="null while its files are here.")
    problem: str | None = Field(None, description="Why its model cannot be loaded; null where it can.")
    size_bytes: int = 0


class Pagination(Answer):
    """Where a page stands."""

    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])
    total_pages: int = Field(examples=[1])


class ModelPage(Answer):
    """A page of versions, newest first."""

    models: list[ModelVersion]
    pagination: Pagination


class VersionFile(Answer):
    """A file of a version."""

    path: str = Field(examples=["metadata.json"])
    size: int
    digest: str = Field(description="blake3: and the hex digest.")
    mtime: str


class EpochLoss(Answer):
    """One epoch of the loss curve."""

    epoch: int
    train_loss: float | str | None = None
    val_loss: float | str | None = None


class Code(Answer):
    """The code that a version was trained with."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = Field(None, description="Whether it had changes that were not committed.")
    package: str | None = Field(None, description="The version of Tidebook.", examples=["0.1.0"])


class Lineage(Answer):
    """Where a version comes from."""

    run_name: str | None
    run_exists: bool = Field(description="Whether the run's folder is still there.")
    task_id: str | None
    dataset: TrainedOn | None
    fingerprint: str | None = Field(description="Of the data; changes when the data does.")
    code: Code | None = Field(description="null where nobody knows it.")
    members: list[str] = Field(description="Addresses of the versions that an ensemble is made of.")


class ModelDetail(ModelVersion):
    """A version with all that it holds."""

    files: list[VersionFile]
    lineage: Lineage
    metadata: dict[str, Any]
    config: dict[str, Any]
    eval_results: dict[str, Any]
    history: list[EpochLoss]
    backtest: Backtest | None = Field(None, description="null for a version that was made without one.")


class VersionChanges(BaseModel):
    """What people say of a version; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"tags": {"team": "east"}, "pinned": True}]}
    )

    tags: dict[str, str] | None = Field(None, description="In place of all tags.", examples=[{"team": "east"}])
    notes: str | None = Field(None, max_length=20_000)
    pinned: bool | None = Field(None, description="Keeps it, whatever the policies of its project say.")
    project: str | None = Field(None, description="Where it is moved to.")


class AliasEntry(Answer):
    """A name that people gave one version of a line."""

    alias: str = Field(examples=["production"])
    version: str = Field(examples=["v7"])
    by: str = Field(description="Id of the user who set it, or the name of one on the command line.")
    at: str
    reason: str


class AliasEvent(Answer):
    """A change of an alias."""

    alias: str = Field(examples=["production"])
    version: str | None = Field(description="The version since then; null where the alias was removed.")
    previous: str | None = Field(description="The version before; null where there was none.")
    by: str
    at: str
    reason: str


class ModelLine(Answer):
    """All versions of one identifier, as far as the user sees them."""

    line: str = Field(examples=["product/P001_all/lstm"])
    identifier: str = Field(examples=["product_P001_all_lstm"])
    best: str | None = Field(examples=["v7"])
    latest: str | None = Field(examples=["v8"])
    aliases: list[AliasEntry]
    history: list[AliasEvent] = Field(description="Changes of aliases, oldest first.")
    versions: list[ModelVersion] = Field(description="The newest 1,000 at most, oldest first.")
    total: int = Field(description="How many versions there are.")


class AliasTarget(BaseModel):
    """The version that an alias is to name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": "v7", "reason": "better on promotions"}]}
    )

    version: str = Field(pattern=r"^v[1-9][0-9]{0,8}$", examples=["v7"])
    reason: str = Field("", max_length=500)


class ComparedFile(Answer):
    """A file of one of two versions or of both."""

    path: str
    status: Literal["same", "changed", "added", "removed"] = Field(description="Seen from a to b.")
    a_size: int | None
    b_size: int | None


class ComparedValue(Answer):
    """A value in two versions; null where a version has none."""

    name: str
    a: Any
    b: Any
    changed: bool


class ComparedModelMetric(Answer):
    """A metric of two versions."""

    name: str
    a: Any
    b: Any
    difference: float | None = Field(description="b less a; null where one is no number.")
    better: Literal["a", "b"] | None


class ModelComparison(Answer):
    """What changed from version a to version b."""

    a: ModelVersion
    b: ModelVersion
    files: list[ComparedFile]
    hyperparameters: list[ComparedValue]
    metrics: list[ComparedModelMetric]
    facts: list[ComparedValue] = Field(description="Data, code, description, span and other facts.")


class ModelType(Answer):
    """An algorithm."""

    name: str = Field(examples=["lstm"])
    title: str = Field(examples=["LSTM"])
    description: str = Field(description="What it is good at.")
    description_zh: str = Field(description="The same in Chinese.")
    tag_type: str = Field(description="Colour of its tag.", examples=["primary"])
    neural: bool = Field(description="Trained in epochs, with checkpoints and curves.")
    known_future: bool = Field(description="Uses covariates whose future is known.")
    past: bool = Field(False, description="Uses covariates known only afterwards.")
    hyperparameters: dict[str, Any] = Field(
        alias="schema", description="JSON schema of its hyper-parameters, from which the form is made."
    )
    source: str | None = Field(None, description="Where it was found: an entry point or a file in plugins/.")


class ImportFault(Answer):
    """A plug-in that could not be read."""

    source: str
    error: str


class ModelTypes(Answer):
    """All algorithms."""

    items: list[ModelType]
    errors: list[ImportFault] = Field(description="Plug-ins that could not be read, and why.")
