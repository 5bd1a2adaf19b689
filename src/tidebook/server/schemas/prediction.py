"""Forecasts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidebook.server.schemas.base import Answer, Sentence


class Curve(Answer):
    """Values by day."""

    dates: list[str] = Field(examples=[["2025-01-01", "2025-01-02"]])
    values: list[float | None] = Field(description="null where nothing was observed.", examples=[[12.5, 13.0]])


class Interval(Answer):
    """Bounds by day between which a value lies with a chance of `level` percent."""

    level: float = Field(description="Percent.", examples=[80])
    lower: list[float | None] = Field(examples=[[10.5, 11.0]])
    upper: list[float | None] = Field(examples=[[14.5, 15.0]])


class ForecastSeries(Answer):
    """One series: what was and what is expected."""

    product_id: str = Field(description="`all` without a product.", examples=["P001"])
    store_id: str = Field(description="`all` without a store.", examples=["S001"])
    label: str = Field(examples=["P001 · S001"])
    history: Curve
    prediction: Curve
    intervals: list[Interval] = Field([], description="Narrowest first; empty where the model has none.")


class Total(Answer):
    """The sum of all series."""

    history: Curve
    prediction: Curve
    intervals: list[Interval] = Field([], description="Narrowest first; empty where the model has none.")


class ForecastModel(Answer):
    """The version that forecast."""

    address: str = Field(examples=["product/P001_all/lstm/v1"])
    model_type: str = Field(examples=["lstm"])
    training_mode: str = Field(examples=["product"])
    scope: str = Field(examples=["P001_all"])
    aggregation_method: str | None
    description: str
    run_name: str | None
    is_best: bool


class KnownFuture(Answer):
    """Where the future of the covariates came from."""

    given: list[str] = Field(description="Stated in the request.", examples=[["promo"]])
    made: list[str] = Field(description="Made from the calendar.", examples=[["calendar"]])


class Level(Answer):
    """How high the forecast is against the recent past."""

    recent_mean: float | None
    forecast_mean: float | None
    change_percent: float | None


class Trend(Answer):
    """Where the forecast goes."""

    slope_per_week: float | None
    direction: Literal["rising", "falling", "flat"] | None = Field(description="None for less than two weeks.")


class WeekdayFactor(Answer):
    """How a weekday differs from the mean."""

    weekday: int = Field(description="0 is Monday.")
    factor: float | None = Field(description="1 is the mean.")


class Change(Answer):
    """A difference."""

    absolute: float
    percent: float | None


class AnalysisSentences(Answer):
    """The analysis in words."""

    en: list[str]
    zh: list[str]


class Analysis(Answer):
    """What the forecast says."""

    level: Level
    trend: Trend
    weekly: list[WeekdayFactor]
    change_vs_last_period: Change | None
    change_vs_last_year: Change | None
    sentences: AnalysisSentences


class Prediction(Answer):
    """A saved forecast."""

    format_version: int
    id: str = Field(description="PRED and 28 characters.", examples=["PRED0123456789abcdefghijklmnop01"])
    created_at: str
    model: ForecastModel
    dataset: str | None = Field(description="The dataset that it goes on from.")
    horizon: int = Field(description="Days.", examples=[28])
    origin: str = Field(description="The first forecast day.", examples=["2025-01-01"])
    history_end: str = Field(description="The last day of the history.", examples=["2024-12-31"])
    series: list[ForecastSeries]
    total: Total | None = Field(description="null where there is one series only.")
    known_future: KnownFuture
    analysis: Analysis
    warnings: list[Sentence]
    project: str = Field(description="The project that it belongs to.", examples=["default"])
    owner: str | None = Field(description="Id of the user who asked; null where nobody is known.", examples=["anna"])
    restored: bool = Field(False, description="true where it was brought back from the archive for this answer.")


class PredictionSummary(Answer):
    """A forecast in the history."""

    id: str = Field(examples=["PRED0123456789abcdefghijklmnop01"])
    created_at: str
    model: str = Field(description="Address of the version.", examples=["product/P001_all/lstm/v1"])
    description: str = Field(description="The training description.")
    horizon: int = Field(examples=[28])
    origin: str = Field(examples=["2025-01-01"])
    series: int = Field(description="How many series.", examples=[10])
    total: float | None = Field(description="The sum of the prediction.", examples=[3500.0])
    is_archived: bool
    project: str = Field(description="The project that it belongs to.", examples=["default"])
    owner: str | None = Field(description="Id of the user who asked; null where nobody is known.", examples=["anna"])


class PredictionPage(Answer):
    """A page of the history, newest first."""

    items: list[PredictionSummary]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")
