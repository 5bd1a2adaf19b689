"""Model versions and algorithms."""

from __future__ import annotations

from typing import Any

from pydantic import Field

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


class ModelDetail(ModelVersion):
    """A version with all that it holds."""

    files: list[VersionFile]
    metadata: dict[str, Any]
    config: dict[str, Any]
    eval_results: dict[str, Any]
    history: list[EpochLoss]
    backtest: Backtest | None = Field(None, description="null for a version that was made without one.")


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
