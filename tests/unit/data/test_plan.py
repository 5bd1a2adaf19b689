"""Rows after the history: the plan of the days to come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.unit.data.frames import table
from tidebook.core.clock import now
from tidebook.core.errors import DataFault, InvalidInput
from tidebook.core.scope import Scope
from tidebook.data.audit import audit
from tidebook.data.extend import extend
from tidebook.data.load import load_panel
from tidebook.data.mapping import ColumnMapping
from tidebook.data.plan import Plan

LAST = date(2024, 1, 10)  #: the last day with sales; four more have rows


def _rows(**columns: Any) -> pl.DataFrame:
    """Fourteen days, of which the last four hold no sales."""
    return table(days=14).with_columns(sales=pl.when(pl.col("date") <= LAST).then("sales"), **columns)


def _plan(rows: pl.DataFrame, **options: Any) -> Plan:
    plan = load_panel(rows, **options).plan
    assert plan is not None
    return plan


def test_rows_after_the_last_sale_are_a_plan_and_no_part_of_the_history() -> None:
    panel = load_panel(_rows())
    assert (panel.end, panel.days, str(panel.dates[-1])) == (10, 10, str(LAST))
    assert panel.plan is not None
    assert (str(panel.plan.first), panel.plan.rows, panel.plan.unstated) == ("2024-01-11", 16, ())
    assert panel.plan.values[:, :, 0].tolist() == [[0, 1, 0, 1]] * 4
    (found,) = panel.findings
    assert (found["code"], found["count"], found["treatment"]) == ("planned", 16, "as_plan")
    assert found["sentence"]["en"].endswith("They are read as the plan of the days until 2024-01-14.")  # type: ignore[index]


def test_the_history_is_that_of_a_table_without_the_plan() -> None:
    rows = _rows(price=pl.col("date").dt.day() + 0.5)
    with_plan, without = load_panel(rows), load_panel(rows.filter(pl.col("date") <= LAST))
    for name in ("dates", "target", "mask", "known", "past"):
        assert np.array_equal(getattr(with_plan, name), getattr(without, name))
    assert (with_plan.keys, without.plan, without.findings) == (without.keys, None, ())


def test_a_forecast_needs_no_other_plan_than_that_of_the_table() -> None:
    longer = extend(load_panel(_rows()), 4, [], ("promo",))
    assert longer.known[:, 10:, 0].tolist() == [[0, 1, 0, 1]] * 4
    assert not longer.mask[:, 10:].any()


def test_a_row_of_the_request_counts_for_more_than_the_table() -> None:
    request = [{"date": "2024-01-11", "promo": 1}, {"date": "2024-01-12", "store_id": "S2", "promo": 0}]
    longer = extend(load_panel(_rows()), 3, request, ("promo",))
    assert longer.known[:, 10:, 0].tolist() == [[1, 1, 0], [1, 0, 0]] * 2


def test_days_that_the_plan_does_not_reach_must_be_stated() -> None:
    with pytest.raises(InvalidInput, match="no value of promo for 4 series .* on 2 days, 2024-01-15 to 2024-01-16"):
        extend(load_panel(_rows()), 6, [], ("promo",))
    gap = (pl.col("date") == date(2024, 1, 12)) & (pl.col("store_id") == "S1")
    with pytest.raises(InvalidInput, match="for 2 series .* on 1 days, 2024-01-12 to 2024-01-12"):
        extend(load_panel(_rows().filter(~gap)), 4, [], ("promo",))


def test_a_plan_may_be_dated_after_today_and_a_sale_may_not() -> None:
    today = now().date()
    rows = table(days=40, first=today - timedelta(days=29)).with_columns(
        sales=pl.when((pl.col("date") <= today) | (pl.col("date") == today + timedelta(days=5))).then("sales")
    )
    panel = load_panel(rows)
    assert panel.dates[-1] == np.datetime64(today)
    assert panel.plan is not None
    assert (panel.plan.values.shape, panel.plan.rows) == ((4, 10, 1), 36)
    assert np.isnan(panel.plan.values[:, 4]).all()
    codes = {found["code"]: found["count"] for found in panel.findings}
    assert codes == {"future_dates": 4, "planned": 36}


def test_a_plan_that_reaches_years_ahead_comes_from_a_wrong_date() -> None:
    wrong = _rows().with_columns(
        date=pl.when(pl.col("date") == date(2024, 1, 14)).then(date(2999, 1, 1)).otherwise("date")
    )
    assert _plan(wrong).values.shape == (4, 3, 1)
    assert {found.code: found.count for found in audit(wrong).findings if found.code != "short_series"} == {
        "planned": 12,
        "future_dates": 4,
    }


def test_empty_cells_of_a_plan_are_read_as_in_the_history() -> None:
    twelfth = pl.col("date") == date(2024, 1, 12)
    rows = _rows(
        price=pl.when(~twelfth).then(pl.col("date").dt.day() + 0.5),
        open=pl.when(~twelfth).then(0),
        promo=pl.when(~twelfth).then(1),
    )
    plan = _plan(rows, known_future=("price", "open", "promo"), mapping=ColumnMapping(open="open"))
    assert plan.values[0].tolist() == [[11.5, 0, 1], [11.5, 1, 0], [13.5, 0, 1], [14.5, 0, 1]]


def test_a_covariate_that_no_row_of_the_future_tells_is_refused_by_name() -> None:
    rows = _rows(customers=pl.when(pl.col("date") <= LAST).then(7))
    panel = load_panel(rows, known_future=("promo", "customers"))
    assert panel.plan is not None
    with pytest.raises(
        DataFault, match="no value of customers in 16 rows from 2024-01-11 on. If customers is known only"
    ):
        panel.plan.check()
    (found,) = [found for found in panel.findings if found["severity"] == "error"]
    assert (found["code"], found["column"], found["count"]) == ("unplanned", "customers", 16)
    _plan(rows, known_future=("promo",)).check()


def test_what_the_plan_does_not_tell_must_be_stated_in_a_forecast() -> None:
    rows = _rows(customers=pl.when(pl.col("date") <= LAST).then(7))
    panel = load_panel(rows, known_future=("promo", "customers"))
    with pytest.raises(InvalidInput, match="no value of customers"):
        extend(panel, 2, [], ("promo", "customers"))
    request = [{"date": f"2024-01-{day}", "customers": 9} for day in (11, 12)]
    assert extend(panel, 2, request, ("promo", "customers")).known[0, 10:].tolist() == [[0, 9], [1, 9]]


def test_a_covariate_that_is_mostly_empty_says_nothing_by_being_empty() -> None:
    feast = pl.when(pl.col("date") == date(2024, 1, 1)).then(pl.lit("new year"))
    plan = _plan(_rows(feast=feast), known_future=("promo", "feast"))
    plan.check()
    assert plan.values[0, :, 1].tolist() == [0, 0, 0, 0]


def test_without_known_covariates_there_is_no_plan() -> None:
    panel = load_panel(_rows(), known_future=())
    assert panel.plan is None
    assert [found["code"] for found in panel.findings] == ["untold"]


def test_bounded_days_leave_the_plan_out() -> None:
    assert load_panel(_rows(), end=LAST).plan is None


def test_a_selection_and_an_aggregate_keep_their_part_of_the_plan() -> None:
    rows = _rows(
        promo=pl.when(pl.col("store_id") == "S1").then(1).otherwise(0),
        feast=pl.when(pl.col("product_id") == "P1").then(pl.lit("a")).otherwise(pl.lit("b")),
    )
    first, second = (
        (pl.col("date") == date(2024, 1, day)) & (pl.col("product_id") == f"P{day - 11}") for day in (12, 13)
    )
    rows = rows.filter(~first & ~second)
    selected = load_panel(rows, known_future=("promo", "feast")).select([3]).plan
    assert selected is not None
    assert selected.values[0, [0, 1, 3], 0].tolist() == [0, 0, 0]
    panel = load_panel(rows, known_future=("promo", "feast"), scope=Scope(mode="global", aggregation="sum"))
    assert panel.plan is not None
    assert panel.plan.values[0, :, 0].tolist() == [0.5] * 4
    assert [panel.categories["feast"][int(code)] for code in panel.plan.values[0, :3, 1]] == ["a", "b", "a"]
