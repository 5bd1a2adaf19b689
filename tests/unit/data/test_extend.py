from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import InvalidInput
from tidebook.data.extend import extend
from tidebook.data.load import load_panel
from tidebook.data.mapping import ColumnMapping
from tidebook.data.panel import Panel

DAYS = [f"2024-01-{day}" for day in range(11, 15)]


@pytest.fixture
def panel() -> Panel:
    return load_panel(table(days=10))


def _plan(**values: Any) -> list[dict[str, Any]]:
    return [{"date": day, **values} for day in DAYS]


def test_the_future_lies_behind_the_history(panel: Panel) -> None:
    longer = extend(panel, 4, _plan(promo=1), ("promo",))
    assert (longer.end, longer.days, str(longer.dates[-1])) == (10, 14, "2024-01-14")
    assert (longer.target[:, :10] == panel.target).all()
    assert not longer.mask[:, 10:].any()
    assert (longer.known[:, 10:, 0] == 1).all()


def test_a_row_with_ids_counts_for_its_series_and_more_than_one_without(panel: Panel) -> None:
    plan = [*_plan(promo=0), {"date": DAYS[1], "store_id": "S2", "promo": 1}]
    for rows in (plan, plan[::-1]):
        assert extend(panel, 4, rows, ("promo",)).known[:, 11, 0].tolist() == [0, 1, 0, 1]


def test_the_datasets_own_column_names_and_unused_columns_may_stand_in_a_plan() -> None:
    rows = (
        table(days=10).rename({"store_id": "shop", "date": "day", "product_id": "drug"}).with_columns(note=pl.lit("x"))
    )
    panel = load_panel(rows, ColumnMapping(store="shop", product="drug"))
    plan = [{"day": day, "shop": "S1", "promo": 1, "note": "y"} for day in DAYS]
    plan += [{"day": day, "shop": "S2", "promo": 0, "note": "y"} for day in DAYS]
    assert extend(panel, 4, plan, ("promo",)).known[:, 10, 0].tolist() == [1, 0, 1, 0]


def test_what_must_be_stated_and_is_not_is_refused_with_an_example(panel: Panel) -> None:
    with pytest.raises(
        InvalidInput, match="The future of promo, which the model was trained with, must be stated"
    ) as caught:
        extend(panel, 4, [], ("promo",))
    assert '{"date": "2024-01-11", "promo": 0}' in str(caught.value)
    with pytest.raises(InvalidInput, match="on 1 days, 2024-01-14 to 2024-01-14"):
        extend(panel, 4, _plan(promo=1)[:3], ("promo",))


def test_a_plan_may_reach_further_than_the_forecast(panel: Panel) -> None:
    assert extend(panel, 2, _plan(promo=1), ("promo",)).days == 12


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"promo": 1}, "A row of the future must have a date"),
        ({"date": "tomorrow", "promo": 1}, "must be written as YYYY-MM-DD, but got 'tomorrow'"),
        ({"date": DAYS[0], "promos": 1}, "only of covariates that the model knows, but got promos. Did you mean promo"),
        ({"date": DAYS[0], "promo": "yes"}, "A future promo must be a finite number, but got 'yes'"),
        ({"date": DAYS[0], "promo": float("nan")}, "must be a finite number"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(panel: Panel, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        extend(panel, 4, [row], ("promo",))


def test_what_is_neither_stated_nor_required_goes_on_as_it_was() -> None:
    rows = table(days=10, products=1).with_columns(
        price=pl.when(pl.col("store_id") == "S1").then(2.5).otherwise(4.0), open=pl.lit(1)
    )
    longer = extend(load_panel(rows), 2, [{"date": DAYS[1], "price": 3}], ())
    future = {name: longer.known[:, 10:, k].tolist() for k, name in enumerate(longer.known_names)}
    assert future == {"promo": [[0, 0], [0, 0]], "price": [[2.5, 3], [4, 3]], "open": [[1, 1], [1, 1]]}


def test_yes_and_no_mean_one_and_nothing(panel: Panel) -> None:
    for yes, no in ((True, False), ("true", "False"), ("1", "0")):
        plan = [{"date": DAYS[0], "promo": yes}, {"date": DAYS[1], "promo": no}]
        assert extend(panel, 2, plan, ("promo",)).known[0, 10:, 0].tolist() == [1, 0]
