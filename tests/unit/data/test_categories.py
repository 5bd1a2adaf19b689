"""Covariates and attributes that hold text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import InvalidInput
from tidebook.core.scope import Scope
from tidebook.data.audit import audit
from tidebook.data.extend import extend
from tidebook.data.load import load_panel
from tidebook.data.mapping import ColumnMapping

STATIC = ColumnMapping(static=("kind", "size"))


def _stores(kinds: dict[str, str | None], sizes: dict[str, float | None], days: int = 3) -> pl.DataFrame:
    rows = table(days=days, stores=len(kinds), products=1)
    stores = pl.col("store_id")
    return rows.with_columns(
        kind=stores.replace_strict(kinds, return_dtype=pl.String),
        size=stores.replace_strict(sizes, return_dtype=pl.Float64),
    )


def test_attributes_in_text_become_codes_and_numbers_stay() -> None:
    panel = load_panel(
        _stores({"S1": "city", "S2": "mall", "S3": "mall"}, {"S1": 10.0, "S2": 20.0, "S3": 30.0}), STATIC
    )
    assert panel.categories == {"kind": ("mall", "city")}
    assert panel.static.tolist() == [[1, 10], [0, 20], [0, 30]]
    assert panel.categorical(panel.static_names) == (0,)
    assert panel.categorical(panel.known_names) == panel.categorical(panel.past_names) == ()


def test_a_series_without_an_attribute_gets_the_most_frequent_text_or_the_mean() -> None:
    rows = _stores({"S1": "city", "S2": "mall", "S3": "mall", "S4": None}, {"S1": 10, "S2": 20, "S3": None, "S4": 60})
    panel = load_panel(rows, STATIC)
    assert panel.static.tolist() == [[1, 10], [0, 20], [0, 30], [0, 60]]
    told = {str(found["column"]): found["sentence"]["en"] for found in panel.findings}  # type: ignore[index]
    assert told["kind"] == "3 cells of kind are empty. A series without any value counts as mall, the most frequent."
    assert told["size"].endswith("A series without any value gets the mean of the others.")


def test_where_most_cells_are_empty_empty_is_the_ordinary_text() -> None:
    events = pl.Series(["feast", None, None, "", "feast", "fair"])
    panel = load_panel(table(days=6, stores=1, products=1).with_columns(event=events), known_future=("event",))
    assert panel.categories == {"event": ("", "feast", "fair")}
    assert panel.known[0, :, 0].tolist() == [1, 0, 0, 0, 1, 2]
    assert extend(panel, 1, [{"date": "2024-01-07", "event": ""}], ("event",)).known[0, 6, 0] == 0
    rows = _stores({"S1": "city", "S2": None, "S3": None}, {"S1": 1, "S2": 1, "S3": 1})
    statics = load_panel(rows, STATIC)
    assert (statics.categories, statics.static[:, 0].tolist()) == ({"kind": ("", "city")}, [1, 0, 0])
    assert "Empty counts as a value of its own." in str(statics.findings)


def test_empty_cells_of_a_text_are_told() -> None:
    rows = table(days=4, stores=1, products=1).with_columns(event=pl.Series(["a", "a", None, "b"]))
    (found,) = load_panel(rows, known_future=("event",)).findings
    assert (found["code"], found["count"], found["treatment"]) == ("nulls", 1, "as_zero")


def test_a_text_that_the_model_never_saw_gets_a_code_of_its_own_and_is_told() -> None:
    rows = table(days=4).with_columns(event=pl.Series(["a", "x", "y", "x"] * 4))
    panel = load_panel(rows, known_future=("event",), categories={"event": ("b", "a")})
    assert panel.known[0, :, 0].tolist() == [1, 2, 2, 2]
    assert panel.categories == {"event": ("b", "a")}
    (found,) = panel.findings
    assert {name: found[name] for name in ("code", "severity", "column", "count", "series_count", "examples")} == {
        "code": "unseen_category",
        "severity": "warning",
        "column": "event",
        "count": 12,
        "series_count": 4,
        "examples": ["x", "y"],
    }
    assert found["sentence"]["en"].startswith("12 values of event were never seen in training (x, y).")  # type: ignore[index]
    assert found["sentence"]["zh"].startswith("event 有 12 个值在训练时从未出现（x, y）")  # type: ignore[index]


def test_what_lies_outside_the_scope_is_no_news_of_it() -> None:
    rows = table(days=4).with_columns(
        event=pl.when(pl.col("store_id") == "S1").then(pl.lit("a")).otherwise(pl.lit("x"))
    )
    options: dict[str, Any] = {"known_future": ("event",), "categories": {"event": ("a",)}}
    assert not load_panel(rows, scope=Scope(mode="store", store_ids=("S1",)), **options).findings
    assert load_panel(rows, scope=Scope(mode="store", store_ids=("S2",)), **options).findings


def test_an_attribute_that_the_model_never_saw_gets_a_code_of_its_own() -> None:
    rows = _stores({"S1": "city", "S2": "airport"}, {"S1": 1, "S2": 2})
    panel = load_panel(rows, STATIC, categories={"kind": ("mall", "city")})
    assert panel.static[:, 0].tolist() == [1, 2]
    assert [found["examples"] for found in panel.findings] == [["airport"]]


def test_a_column_of_numbers_is_still_text_for_a_model_that_took_it_for_text() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(event=pl.Series([1, 0, 7]))
    panel = load_panel(rows, known_future=("event",), categories={"event": ("0", "1", "a")})
    assert panel.known[0, :, 0].tolist() == [1, 0, 3]


@pytest.mark.parametrize(("value", "code"), [("a", 1), ("nine", 2), ("", 0)])
def test_a_plan_may_hold_a_text_that_was_never_seen(value: str, code: int) -> None:
    rows = table(days=3, stores=1, products=1).with_columns(event=pl.Series(["0", "0", "a"]))
    panel = load_panel(rows, known_future=("event",))
    longer = extend(panel, 1, [{"date": "2024-01-04", "event": value}], ("event",))
    assert longer.known[0, 3, 0] == code
    assert [found["examples"] for found in longer.findings] == ([["nine"]] if code == 2 else [])


def test_an_empty_cell_of_a_data_frame_is_no_text() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(event=pl.Series(["0", "0", "a"]))
    with pytest.raises(InvalidInput, match="A future event must be a text, but got NaN"):
        extend(
            load_panel(rows, known_future=("event",)), 1, [{"date": "2024-01-04", "event": float("nan")}], ("event",)
        )


def test_a_plan_beyond_the_horizon_is_no_news() -> None:
    rows = table(days=3, stores=1, products=1).with_columns(event=pl.Series(["0", "0", "a"]))
    panel = load_panel(rows, known_future=("event",))
    plan = [{"date": "2024-01-04", "event": "a"}, {"date": "2024-01-05", "event": "nine"}]
    assert extend(panel, 1, plan, ("event",)).findings == ()


def test_an_aggregate_has_the_most_frequent_text_of_its_series() -> None:
    rows = table(days=2, stores=3, products=1).with_columns(
        event=pl.Series(["a", "c", "b", "c", "c", "b"]),
        kind=pl.Series(["x"] * 2 + ["y"] * 4),
        promo=pl.Series([1, 0] * 3),
    )
    mapping = ColumnMapping(static=("kind",), known_future=("event", "promo"))
    panel = load_panel(rows, mapping, Scope(mode="global", aggregation="sum"))
    texts = [panel.categories["event"][int(code)] for code in panel.known[0, :, 0]]
    assert texts == ["c", "c"]  # on the first day all are equally frequent, and c is the ordinary text
    assert panel.known[0, :, 1].tolist() == [1, 0]
    assert panel.categories["kind"][int(panel.static[0, 0])] == "y"


def test_the_stores_of_rossmann_have_types_and_distances(shared_data: Path) -> None:
    stores = pl.read_parquet(shared_data / "rossmann_stores.parquet")
    rows = pl.read_parquet(shared_data / "rossmann_daily.parquet").join(stores, on="store_id", how="left")
    mapping = ColumnMapping(static=("store_type", "assortment", "competition_distance"))
    panel = load_panel(rows, mapping)
    assert panel.categorical(panel.static_names) == (0, 1)
    for i, key in enumerate(panel.keys[:20]):
        own = stores.row(by_predicate=pl.col("store_id") == key.store_id, named=True)
        assert panel.categories["store_type"][int(panel.static[i, 0])] == own["store_type"]
        assert panel.static[i, 2] == own["competition_distance"]
    assert "store_type" in {column["name"] for column in audit(rows, mapping).summary["columns"]}
