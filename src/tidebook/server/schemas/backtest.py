"""What a version did on days that it had not seen."""

from __future__ import annotations

from pydantic import Field

from tidebook.server.schemas.base import Answer, Metrics


class Fold(Answer):
    """A forecast of the held-out days from one origin."""

    origin: str = Field(description="The first day that was forecast.", examples=["2024-07-04"])
    refit: bool = Field(description="Whether by a model of its own, trained on the days before.")
    metrics: Metrics = Field(description="In original units; null where a metric is not defined.")
    baseline_wape: dict[str, float | None] = Field(description="WAPE of the naive forecasts from there.")


class Skill(Answer):
    """What the model gains over the better naive forecast."""

    against: str = Field(examples=["seasonal_naive_14"])
    value: float | None = Field(description="1 - WAPE over that of the naive forecast; null where not defined.")


class StepResult(Answer):
    """One day ahead, over all folds and series."""

    step: int = Field(description="Days ahead, from 1.", examples=[1])
    wape: float | None = None
    mae: float | None = None
    bias: float | None = Field(None, description="Mean of forecast minus actual value.")
    points: int = Field(description="Observed values.")
    baseline_wape: float | None = Field(None, description="Of the naive forecast that skill is against.")
    coverage: dict[str, float | None] = Field(
        description="Share of the values inside each interval, by its level; of this day ahead and, where it has fewer "
        "than 20 values, of those around it."
    )


class SeriesResult(Answer):
    """One series, over all folds."""

    series: str = Field(examples=["P001 · S001"])
    product_id: str
    store_id: str
    wape: float | None = None
    mae: float | None = None
    baseline_wape: float | None = None
    skill: float | None = None
    points: int


class Coverage(Answer):
    """How often an interval held. Days known to be closed do not count."""

    level: float = Field(description="Percent.", examples=[80])
    nominal: float = Field(description="The share that it promises.", examples=[0.8])
    observed: float | None = Field(description="The share that lay inside.", examples=[0.79])
    width: float | None = Field(description="Mean of upper minus lower bound, in original units.")
    points: int = Field(description="Values that count.")


class Backtest(Answer):
    """Forecasts from one or more origins, by days ahead and by series, beside the naive forecasts."""

    format_version: int
    horizon: int = Field(description="Days of each forecast.", examples=[28])
    folds: list[Fold] = Field(description="Oldest first.")
    skill: Skill
    by_step: list[StepResult]
    by_series: list[SeriesResult]
    coverage: list[Coverage] = Field(description="Narrowest interval first; empty where the model has none.")
