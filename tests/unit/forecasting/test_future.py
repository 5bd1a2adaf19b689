"""What a forecast needs to know of the future, and says when it meets something new there."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

import tidebook
from tests.acceptance.tables import small_table
from tidebook.core.errors import DataFault
from tidebook.core.settings import Settings

LAST = date(2024, 7, 4)  #: the table goes on for a fortnight


def _table(**columns: Any) -> pl.DataFrame:
    return small_table().with_columns(sales=pl.when(pl.col("date") <= LAST).then("sales"), **columns)


def _train(rows: pl.DataFrame, *known: str) -> None:
    tidebook.train(rows, training_mode="product", product_ids=("P1",), model_type="seasonal_naive", known_future=known)


def _forecast(rows: pl.DataFrame, **request: Any) -> dict[str, Any]:
    return tidebook.forecast("product/P1_all/seasonal_naive", data=rows, horizon=14, **request)


@pytest.mark.usefixtures("settings")
def test_the_plan_of_the_table_is_enough_for_a_forecast() -> None:
    rows = _table()
    _train(rows, "promo")
    made = _forecast(rows)
    assert (made["history_end"], made["warnings"]) == ("2024-07-04", [])


@pytest.mark.usefixtures("settings")
def test_texts_that_the_model_never_saw_are_a_warning() -> None:
    event = pl.when(pl.col("date").dt.day() == 1).then(pl.lit("feast")).otherwise(pl.lit("none"))
    _train(_table(event=event), "event")
    news = pl.when(pl.col("date") == LAST).then(pl.lit("flood")).otherwise(pl.lit("none"))
    future = [{"date": "2024-07-05", "event": "parade"}]
    warnings = [warning["en"] for warning in _forecast(_table(event=news), future=future)["warnings"]]
    assert warnings == [
        "2 values of event were never seen in training (flood). They count as unknown, a value of its own.",
        "One value of event was never seen in training (parade). It counts as unknown, a value of its own.",
    ]


def test_a_covariate_that_the_rows_of_the_future_lack_cannot_be_trained_with(settings: Settings) -> None:
    rows = _table(customers=pl.when(pl.col("date") <= LAST).then(5))
    with pytest.raises(
        DataFault, match="must be told in the table's rows of the future, but got no value of customers"
    ):
        _train(rows, "promo", "customers")
    _train(rows, "promo")
    assert _forecast(rows)["horizon"] == 14
