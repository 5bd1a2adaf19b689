from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.core.scope import Scope
from tidebook.data.load import load_panel
from tidebook.data.mapping import ColumnMapping
from tidebook.data.scalers import Scaler

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
    gap = pl.col("date").is_between(date(2024, 1, 4), date(2024, 1, 6)) & (pl.col("store_id") == "S1")
    panel = load_panel(table(days=10, products=1).filter(~gap))
    assert panel.target[0, 3:6].tolist() == [0, 0, 0]
    assert panel.mask[0].tolist() == [True] * 3 + [False] * 3 + [True] * 4
    assert panel.findings[0]["sentence"]["en"] == (  # type: ignore[index]
        "3 days are missing here and there in 1 series (P1 · S1 2024-01-04). They will be treated as closed."
    )


def test_of_rows_for_one_day_the_last_counts() -> None:
    rows = table(days=3, stores=1, products=1)
    panel = load_panel(pl.concat([rows, rows.tail(1).with_columns(sales=pl.lit(7.0))]))
    assert panel.target[0, 2] == 7
    assert [(found["code"], found["treatment"]) for found in panel.findings] == [("conflicts", "keep_last")]


def test_values_that_are_not_finite_count_as_not_observed() -> None:
    rows = table(days=5, stores=1, products=1).with_columns(
        sales=pl.Series([1.0, float("nan"), float("-inf"), None, 2.0], dtype=pl.Float64)
    )
    panel = load_panel(rows)
    assert panel.mask[0].tolist() == [True, False, False, False, True]
    assert panel.target[0].tolist() == [1, 0, 0, 0, 2]
    counts = {found["code"]: (found["count"], found["treatment"]) for found in panel.findings}
    assert counts == {"nulls": (1, "as_missing"), "not_finite": (2, "as_missing")}


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
    assert panel.known[0].tolist() == [[1, 1.5], [0, 2], [0, 2]]


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
    with pytest.raises(DataFault, match="must hold days such as 2024-01-31, but got 'later', 'soon'"):
        load_panel(rows)


def test_a_text_target_is_refused_with_examples() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(sales=pl.Series(["1", "two", "3"]))
    with pytest.raises(DataFault, match="The target sales must be numbers, but got 'two'"):
        load_panel(rows)


def test_days_that_lie_centuries_apart_are_refused() -> None:
    rows = table(days=2, stores=1, products=1).with_columns(date=pl.Series([date(1024, 1, 1), date(2024, 1, 1)]))
    with pytest.raises(DataFault, match="must lie within 200 years, but got 1024-01-01 to 2024-01-01"):
        load_panel(rows)


def test_a_price_is_carried_over_gaps_and_a_promotion_is_not() -> None:
    rows = table(days=6, products=1).with_columns(price=pl.Series([None, 2.0, None, 3.0, 3.0, 3.0] * 2))
    gap = (pl.col("date") == date(2024, 1, 6)) & (pl.col("store_id") == "S1")
    panel = load_panel(rows.filter(~gap))
    assert panel.known_names == ("promo", "price")
    assert panel.known[0, :, 1].tolist() == [2, 2, 2, 3, 3, 3]
    assert panel.known[0, :, 0].tolist() == [0, 1, 0, 1, 0, 0]
    assert "The value before them is carried on." in str(panel.findings)


def test_a_day_with_a_row_is_open_unless_the_row_says_otherwise() -> None:
    rows = table(days=4, products=1).with_columns(open=pl.Series([1, 0, None, 1] * 2))
    panel = load_panel(rows.filter(~((pl.col("date") == date(2024, 1, 4)) & (pl.col("store_id") == "S1"))))
    assert panel.open_name == "open"
    assert panel.known[:, :, panel.known_names.index("open")].tolist() == [[1, 0, 1, 0], [1, 0, 1, 1]]
    assert "These days count as open." in str(panel.findings)


def test_the_codes_of_a_model_are_kept_whatever_the_new_table_holds() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(state_holiday=pl.Series(["b", "b", "x"]))
    panel = load_panel(rows, known_future=("state_holiday",), categories={"state_holiday": ("0", "a", "b")})
    assert panel.known[0, :, 0].tolist() == [2, 2, 3]
    assert panel.categories == {"state_holiday": ("0", "a", "b")}


def test_the_codes_of_a_text_do_not_depend_on_the_scope() -> None:
    rows = table(days=3, products=1).with_columns(state_holiday=pl.Series(["0", "0", "a", "0", "b", "b"]))
    panel = load_panel(rows, scope=Scope(mode="store", store_ids=("S2",)), known_future=("state_holiday",))
    assert panel.categories == {"state_holiday": ("0", "b", "a")}
    assert panel.known[0, :, 0].tolist() == [0, 1, 1]


def test_yes_and_no_are_numbers() -> None:
    rows = table(days=3, stores=1, products=1)
    flags = rows.with_columns(promo=pl.Series([True, False, None]))
    words = rows.with_columns(promo=pl.Series(["True", "FALSE", "n/a"]))
    assert load_panel(flags).known[0, :, 0].tolist() == load_panel(words).known[0, :, 0].tolist() == [1, 0, 0]


def test_a_covariate_of_numbers_with_a_few_words_is_refused() -> None:
    prices = [str(i) for i in range(299)] + ["cheap"]
    rows = table(days=300, stores=1, products=1).with_columns(price=pl.Series(prices))
    with pytest.raises(DataFault, match="The covariate price must be numbers, but got 'cheap'"):
        load_panel(rows)


def test_the_calendar_ends_with_the_last_observation_and_the_rest_is_said() -> None:
    told = pl.col("date").is_between(date(2024, 1, 3), date(2024, 1, 7))
    rows = table(days=10).with_columns(sales=pl.when(told).then(pl.col("sales")))
    panel = load_panel(rows, known_future=())
    assert (panel.days, panel.end, str(panel.dates[0]), str(panel.dates[-1])) == (5, 5, "2024-01-03", "2024-01-07")
    assert panel.plan is None
    found = {finding["code"]: finding for finding in panel.findings}
    assert found.keys() == {"untold"}
    assert (found["untold"]["count"], found["untold"]["treatment"]) == (20, "drop")


def test_a_series_without_any_value_is_left_out_and_named() -> None:
    rows = table(days=5, products=1).with_columns(
        sales=pl.when(pl.col("store_id") == "S2").then(float("nan")).otherwise(pl.col("sales"))
    )
    panel = load_panel(rows)
    assert [key.label for key in panel.keys] == ["P1 · S1"]
    assert [finding["examples"] for finding in panel.findings if finding["code"] == "silent"] == [["P1 · S2"]]
    with pytest.raises(DataFault, match="a value, but got 5 rows without a single finite value"):
        load_panel(rows, scope=Scope(mode="store", store_ids=("S2",)))


def test_ids_are_text_whatever_the_column_holds() -> None:
    rows = table(days=2, stores=2, products=1)
    for ids in ([7, 8], [7.0, 8.0]):
        numbered = rows.with_columns(store_id=pl.col("store_id").replace_strict({"S1": ids[0], "S2": ids[1]}))
        assert [key.store_id for key in load_panel(numbered).keys] == ["7", "8"]
    scope = Scope(mode="store", store_ids=("8",))
    assert load_panel(numbered, scope=scope).target[0, 0] == pytest.approx(210)


@pytest.mark.parametrize("empty", [None, ""])
def test_rows_without_an_id_are_left_out_and_said(empty: str | None) -> None:
    rows = table(days=3).with_columns(
        product_id=pl.when(pl.int_range(pl.len()) == 4).then(pl.lit(empty)).otherwise("product_id")
    )
    panel = load_panel(rows)
    assert {key.product_id for key in panel.keys} == {"P1", "P2"}
    assert panel.findings[0]["sentence"]["en"] == "One row has no product, store or day. It is left out."  # type: ignore[index]


def test_hours_are_not_days() -> None:
    rows = table(days=2, stores=1, products=1).with_columns(
        date=pl.Series(["2024-01-01 09:00:00", "2024-01-01 17:00:00"])
    )
    for hours in (rows, rows.with_columns(pl.col("date").str.to_datetime())):
        with pytest.raises(DataFault, match="one moment of each day, but got times from 09:00:00 to 17:00:00"):
            load_panel(hours)


def test_more_series_and_days_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidebook.data.survey.MAX_CELLS", 100)
    with pytest.raises(DataFault, match="must be at most 100, but got 4 series on 30 days"):
        load_panel(table())


def test_the_faults_of_rossmann_are_treated(shared_data: Path) -> None:
    panel = load_panel(shared_data / "rossmann_daily.parquet")
    assert panel.target.shape == (100, 943)
    assert panel.open_name == "open"
    assert not panel.mask[:, panel.position(date(2024, 2, 29))].any()
    assert panel.known[:, panel.position(date(2024, 2, 29)), panel.known_names.index("open")].max() == 0
    assert {finding["code"] for finding in panel.findings} == {
        *("duplicates", "day_missing_everywhere", "long_gap", "nulls")
    }
    total = load_panel(shared_data / "rossmann_daily.parquet", scope=Scope(mode="global", aggregation="sum"))
    assert total.target[0] == pytest.approx(panel.target.sum(axis=0), rel=1e-6)


tables = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2", "S3"]),
        st.integers(0, 12),
        st.one_of(st.none(), st.integers(-5, 1000).map(float), st.just(float("nan"))),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:2],
)


def _table(cells: list[tuple[str, int, float | None, bool]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "store_id": [store for store, *_ in cells],
            "date": [date(2024, 1, 1) + timedelta(days=day) for _, day, *_ in cells],
            "sales": pl.Series([value for *_, value, _ in cells], dtype=pl.Float64),
            "promo": [promo for *_, promo in cells],
        }
    )


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_panel_does_not_depend_on_the_order_of_the_rows(
    cells: list[tuple[str, int, float | None, bool]], random: Random
) -> None:
    assume(any(value is not None and value == value for *_, value, _ in cells))
    shuffled = cells.copy()
    random.shuffle(shuffled)
    first, second = load_panel(_table(cells)), load_panel(_table(shuffled))
    assert (first.keys, first.findings) == (second.keys, second.findings)
    for name in ("dates", "target", "mask", "known"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


@given(tables)
@settings(max_examples=40, deadline=None)
def test_the_sum_of_all_series_is_the_sum_of_the_series(cells: list[tuple[str, int, float | None, bool]]) -> None:
    assume(any(value is not None and value == value for *_, value, _ in cells))
    panel = load_panel(_table(cells))
    total = load_panel(_table(cells), scope=Scope(mode="global", aggregation="sum"))
    assert total.target[0] == pytest.approx(panel.target.sum(axis=0))
    assert np.array_equal(total.mask[0], panel.mask.any(axis=0))
    assert ((total.known >= 0) & (total.known <= 1)).all()


@given(st.integers(1, 28))
@settings(max_examples=15, deadline=None)
def test_what_happens_after_a_day_changes_nothing_before_it(day: int) -> None:
    rows = table().with_columns(customers=pl.int_range(pl.len()) % 11, price=2.5)
    after = pl.col("date") > date(2024, 1, day)
    changed = rows.with_columns(
        pl.when(after).then(pl.col("sales") * 3).otherwise("sales").alias("sales"),
        pl.when(after).then(pl.col("customers") + 5).otherwise("customers").alias("customers"),
        pl.when(after).then(pl.col("price") + 1).otherwise("price").alias("price"),
    )
    one, other = load_panel(rows), load_panel(changed)
    for name in ("target", "mask", "known", "past"):
        assert np.array_equal(getattr(one, name)[:, :day], getattr(other, name)[:, :day])
    scalers = [Scaler.fit(panel.target[:, :day, None], panel.mask[:, :day]) for panel in (one, other)]
    assert scalers[0].to_json() == scalers[1].to_json()


def test_an_aggregate_is_open_as_far_as_its_series_are() -> None:
    rows = table(days=2).with_columns(open=pl.when(pl.col("store_id") == "S1").then(pl.col("promo")).otherwise(1))
    panel = load_panel(rows, None, Scope(mode="global", aggregation="sum"), known_future=("open",))
    assert panel.known[0, :, 0].tolist() == [0.5, 1.0]
