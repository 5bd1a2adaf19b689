"""The request to train a model."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tidebook.core.scope import Aggregation, Mode, Scope
from tidebook.data.mapping import ColumnMapping


class TrainSpec(BaseModel):
    """What to train, on what, and how."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "dataset": "DSET0123456789abcdefghijklmnop",
                    "training_mode": "product",
                    "product_ids": ["P001"],
                    "model_type": "lstm",
                    "hyperparameters": {"epochs": 20, "hidden_size": 64},
                    "known_future": ["promo"],
                }
            ]
        },
    )

    dataset: str = Field(description="Id of a registered dataset; in the library and the command line also a path.")
    training_mode: Mode = Field(
        "product",
        description="product: one product over its stores; store: one store over its products; global: all.",
    )
    product_ids: tuple[str, ...] = Field((), description="Products covered; empty means all. Product mode takes one.")
    store_ids: tuple[str, ...] = Field((), description="Stores covered; empty means all. Store mode takes one.")
    aggregation_method: Aggregation | None = Field(
        None, description="Global mode: how the series become one; none trains on all series as they are."
    )
    model_type: str = Field("lstm", description="An algorithm of `GET /api/model_types`.")
    hyperparameters: dict[str, Any] = Field(
        default_factory=dict, description="Values that differ from the algorithm's defaults."
    )
    known_future: tuple[str, ...] | None = Field(
        None, description="Covariates whose future will be known, such as promo; default: the dataset's."
    )
    train_start_date: date | None = Field(None, description="First day that is used; default: the first of the data.")
    train_end_date: date | None = Field(
        None,
        description="Last day that is used, validation and test parts included; default: the last of the data.",
    )
    validation_days: int = Field(28, ge=1, le=3650, description="Days before the test part that choose the best epoch.")
    test_days: int = Field(28, ge=1, le=3650, description="Held-out days at the end on which the model is evaluated.")
    folds: int = Field(1, ge=1, le=100, description="Forecasts of `test_days` days that the model is evaluated by.")
    stride: int | None = Field(
        None, ge=1, le=3650, description="Days from the first day of a fold to that of the next; default: test_days."
    )
    refit: bool = Field(
        False,
        description="Whether each earlier fold is forecast by a model of its own, trained on the days before it.",
    )
    intervals: tuple[float, ...] = Field(
        (80, 95),
        max_length=10,
        description="Percent of the values that each prediction interval is to hold; empty for none.",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of everything random.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="auto, cpu, cuda, cuda:N or mps.")
    name: str = Field("", max_length=200, description="A name for people; default: the training description.")
    project: str = Field(
        "default", pattern=r"^[a-z0-9_-]{1,64}$", description="The project that run and version belong to."
    )
    publish: bool = Field(True, description="Whether the trained model becomes a version in the store.")
    mapping: ColumnMapping | None = Field(
        None,
        description="Which columns mean what, where `dataset` is a path; a registered dataset has its own.",
    )

    @field_validator("product_ids", "store_ids", "known_future", "intervals", mode="before")
    @classmethod
    def _one_may_stand_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | int | float) else value

    @field_validator("intervals")
    @classmethod
    def _ascending(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 1 <= level <= 99.9 for level in levels):
            raise ValueError("each interval holds 1 to 99.9 percent")
        if len(set(levels)) < len(levels):
            raise ValueError("each interval comes once")
        return tuple(sorted(levels))

    @property
    def scope(self) -> Scope:
        """The checked scope; InvalidInput where mode, ids and aggregation do not fit together."""
        return Scope(
            mode=self.training_mode,
            product_ids=self.product_ids,
            store_ids=self.store_ids,
            aggregation=self.aggregation_method,
        )

    @property
    def description(self) -> str:
        """The training description."""
        return self.scope.description(self.model_type)
