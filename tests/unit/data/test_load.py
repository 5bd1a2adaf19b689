from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.core.scope import Scope
from tidebook.data.load import load_panel
from tidebook.data.mapping import ColumnMapping

EVERYTHING = Scope(mode="global", aggregation="none")


def test_every_cell_lands_on_its_series_and_day() -> None:
    panel = load_panel(table())
    assert [key.label for key in panel.keys] == ["P1 · S1", "P1 · S2", "P2 · S1", "P2 · S2"]
    assert panel.target.shape == (4, 30)
    assert panel.target[1, 7] == pytest.approx(210.07)
    assert (str(panel.dates[0]), str(panel.dates[-1]), panel.end) == ("2024-01-01", "2024-01-30", 30)
    assert panel.known_names == ("promo",)
    assert panel.known[0, :4, 0].tolist() == [0, 1, 0, 1]
    assert panel.findings == ()


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_does_not_matter(random: object) -> None:
    rows = table(days=8)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first, second = load_panel(rows), load_panel(rows[order])
    assert first.keys == second.keys
    assert (first.target == second.target).all()


def test_product_mode_takes_the_stores_of_one_product() -> None:
    panel = load_panel(table(), None, Scope(mode="product", product_ids=("P2",)))
    assert [key.label for key in panel.keys] == ["P2 · S1", "P2 · S2"]
    some = load_panel(table(), None, Scope(mode="product", product_ids=("P2",), store_ids=("S2",)))
    assert [key.label for key in some.keys] == ["P2 · S2"]


@pytest.mark.parametrize(
    ("method", "expected"), [("sum", 660.0), ("mean", 165.0), ("median", 165.0), ("max", 220.0), ("min", 110.0)]
)
def test_global_mode_aggregates_all_series(method: str, expected: float) -> None:
    scope = Scope(mode="global", aggregation=method)  # type: ignore[arg-type]
    panel = load_panel(table(), None, scope)
    assert panel.target.shape == (1, 30)
    assert panel.target[0, 0] == pytest.approx(expected)
    assert panel.keys[0].label == "all"
    assert panel.known[0, :4, 0].tolist() == [0, 1, 0, 1]


def test_an_aggregate_counts_only_what_was_observed() -> None:
    rows = table(days=3).filter(~((pl.col("store_id") == "S2") & (pl.col("date") == date(2024, 1, 2))))
    panel = load_panel(rows, None, Scope(mode="global", aggregation="mean", product_ids=("P1",)))
    assert panel.target[0, 1] == pytest.approx(110.01)
    assert panel.mask.all()


def test_a_gap_is_closed_days_and_is_said() -> None:
    rows = table(days=10, stores=1, products=1).filter(~pl.col("date").is_between(date(2024, 1, 4), date(2024, 1, 6)))
    panel = load_panel(rows)
    assert panel.target[0, 3:6].tolist() == [0, 0, 0]
    assert panel.mask[0].tolist() == [True] * 3 + [False] * 3 + [True] * 4
    assert panel.findings[0]["sentence"]["en"] == "3 days in 1 series have no row. They are treated as closed."  # type: ignore[index]


def test_of_rows_for_one_day_the_last_counts() -> None:
    rows = table(days=3, stores=1, products=1)
    panel = load_panel(pl.concat([rows, rows.tail(1).with_columns(sales=pl.lit(7.0))]))
    assert panel.target[0, 2] == 7
    assert panel.findings[0]["code"] == "duplicates"


def test_values_that_are_not_finite_count_as_not_observed() -> None:
    rows = table(days=4, stores=1, products=1).with_columns(
        sales=pl.Series([1.0, float("nan"), float("inf"), None], dtype=pl.Float64)
    )
    panel = load_panel(rows)
    assert panel.mask[0].tolist() == [True, False, False, False]
    assert np.isfinite(panel.target).all()
    assert panel.findings[0]["count"] == 3


def test_an_unknown_product_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="A product must be in the data, but got P11. Did you mean P1"):
        load_panel(table(), None, Scope(mode="product", product_ids=("P11",)))
    with pytest.raises(NotFound, match="A store must be in the data, but got S9"):
        load_panel(table(), None, Scope(mode="product", product_ids=("P1",), store_ids=("S9",)))


def test_a_scope_without_rows_is_refused() -> None:
    rows = table().filter((pl.col("store_id") == "S1") | (pl.col("product_id") == "P2"))
    with pytest.raises(DataFault, match="A scope must have data, but got no row for product · product P1 in store S2"):
        load_panel(rows, None, Scope(mode="product", product_ids=("P1",), store_ids=("S2",)))
    with pytest.raises(DataFault, match="no row for .* between 2030-01-01 and the last"):
        load_panel(rows, None, EVERYTHING, start=date(2030, 1, 1))


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(DataFault, match="A scope must have data"):
        load_panel(table().clear())


def test_the_days_can_be_bounded() -> None:
    panel = load_panel(table(), start=date(2024, 1, 5), end=date(2024, 1, 9))
    assert (str(panel.dates[0]), panel.days) == ("2024-01-05", 5)


def test_known_covariates_are_chosen_in_order() -> None:
    rows = table().with_columns(price=pl.lit(2.5), open=pl.lit(1))
    assert load_panel(rows).known_names == ("promo", "price", "open")
    panel = load_panel(rows, known_future=("price", "promo"))
    assert panel.known_names == ("price", "promo")
    assert panel.open_name is None
    assert load_panel(rows, known_future=()).known.shape == (4, 30, 0)
    with pytest.raises(InvalidInput, match="must be a column of the table, but got prices. Did you mean price"):
        load_panel(rows, known_future=("prices",))


def test_text_covariates_become_codes_and_numbers_in_text_numbers() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(
        state_holiday=pl.Series(["a", "0", None]), price=pl.Series(["1.5", "2", None])
    )
    panel = load_panel(rows, known_future=("state_holiday", "price"))
    assert panel.categories == {"state_holiday": ("0", "a")}
    assert panel.known[0].tolist() == [[2, 1.5], [1, 2], [0, 0]]


def test_attributes_are_taken_per_series() -> None:
    rows = table(days=3).with_columns(size=pl.when(pl.col("store_id") == "S1").then(10).otherwise(20))
    panel = load_panel(rows, ColumnMapping(static=("size",)))
    assert panel.static[:, 0].tolist() == [10, 20, 10, 20]


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y", "%Y-%m-%d 00:00:00"])
def test_days_may_be_written_in_many_ways_but_one(written: str) -> None:
    rows = table(days=14, stores=1, products=1).with_columns(pl.col("date").dt.strftime(written))
    panel = load_panel(rows)
    assert (str(panel.dates[0]), str(panel.dates[-1])) == ("2024-01-01", "2024-01-14")


def test_moments_and_numbers_are_days_too() -> None:
    rows = table(days=3, stores=1, products=1)
    moments = rows.with_columns(pl.col("date").cast(pl.Datetime("ns")))
    numbers = rows.with_columns(pl.col("date").dt.strftime("%Y%m%d").cast(pl.Int64))
    assert load_panel(moments).dates.tolist() == load_panel(numbers).dates.tolist() == load_panel(rows).dates.tolist()


def test_two_formats_in_a_column_are_refused_with_an_example_of_each() -> None:
    rows = table(days=2, stores=1, products=1).with_columns(date=pl.Series(["2024-01-01", "02.01.2024"]))
    with pytest.raises(
        DataFault, match="must be written in one format, but got '2024-01-01' in 1 rows but '02.01.2024'"
    ):
        load_panel(rows)


def test_days_that_are_none_are_refused() -> None:
    rows = table(days=2, stores=1, products=1).with_columns(date=pl.Series(["soon", "later"]))
    with pytest.raises(DataFault, match="must hold days such as 2024-01-31, but got 'soon', 'later'"):
        load_panel(rows)


def test_a_text_target_is_refused_with_examples() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(sales=pl.Series(["1", "two", "3"]))
    with pytest.raises(DataFault, match="The target sales must be numbers, but got 'two'"):
        load_panel(rows)


def test_days_that_lie_centuries_apart_are_refused() -> None:
    rows = table(days=2, stores=1, products=1).with_columns(date=pl.Series([date(1024, 1, 1), date(2024, 1, 1)]))
    with pytest.raises(DataFault, match="must lie within 200 years, but got 1024-01-01 to 2024-01-01"):
        load_panel(rows)


@given(st.integers(1, 29))
@settings(max_examples=15, deadline=None)
def test_what_happens_after_a_day_changes_nothing_before_it(day: int) -> None:
    rows = table()
    changed = rows.with_columns(
        sales=pl.when(pl.col("date") > date(2024, 1, day)).then(pl.col("sales") * 3).otherwise(pl.col("sales"))
    )
    before, after = load_panel(rows), load_panel(changed)
    assert (before.target[:, :day] == after.target[:, :day]).all()
