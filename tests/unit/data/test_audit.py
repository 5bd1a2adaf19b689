from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault
from tidebook.data.audit import AuditReport, audit
from tidebook.data.finding import Finding
from tidebook.data.sources import open_source


def _audit(rows: Any) -> AuditReport:
    return audit(open_source(rows))


def _find(rows: Any, code: str) -> Finding:
    (found,) = [finding for finding in _audit(rows).findings if finding.code == code]
    return found


def test_a_clean_table_has_no_findings() -> None:
    report = _audit(table(days=70))
    assert report.findings == ()
    assert report.summary["rows"] == 280
    assert (report.summary["first_date"], report.summary["last_date"]) == ("2024-01-01", "2024-03-10")
    assert report.products == ("P1", "P2")


def test_duplicates_are_counted_and_named() -> None:
    rows = table(days=70)
    found = _find(pl.concat([rows, rows.head(3)]), "duplicates")
    assert (found.count, found.treatment) == (3, "drop")
    assert found.sentence["en"].startswith("3 duplicate rows (P1 · S1 2024-01-01")
    assert found.sentence["zh"].startswith("3 个重复行")


def test_rows_that_contradict_each_other_are_told_from_duplicates() -> None:
    rows = table(days=70)
    other = rows.head(1).with_columns(sales=pl.lit(5.0))
    codes = {finding.code: finding.count for finding in _audit(pl.concat([rows, other, rows[1:3]])).findings}
    assert codes == {"duplicates": 2, "conflicts": 1}


def test_a_gap_is_reported_with_its_dates_and_the_series_that_share_it() -> None:
    gap = pl.col("date").is_between(date(2024, 2, 1), date(2024, 2, 20)) & (pl.col("product_id") == "P1")
    found = _find(table(days=100).filter(~gap), "long_gap")
    assert (found.count, found.series_count, found.examples) == (40, 2, ("P1 · S1", "P1 · S2"))
    assert (
        "have no rows between 1 February and 20 February 2024. They will be treated as closed." in found.sentence["en"]
    )


def test_a_day_that_nobody_has_is_not_a_gap_of_each() -> None:
    rows = table(days=100).filter(pl.col("date") != date(2024, 2, 29))
    report = _audit(rows)
    assert [finding.code for finding in report.findings] == ["day_missing_everywhere"]
    assert "The day 2024-02-29 is missing in every series." in report.findings[0].sentence["en"]


def test_single_missing_days_are_counted() -> None:
    rows = table(days=100).filter(~((pl.col("date") == date(2024, 2, 3)) & (pl.col("store_id") == "S2")))
    assert (_find(rows, "short_gaps").count, _find(rows, "short_gaps").series_count) == (2, 2)


def test_cells_that_are_empty_negative_or_not_finite_are_counted() -> None:
    rows = table(days=100, stores=1, products=1).with_columns(
        sales=pl.Series([-1.0, None, float("nan"), float("inf"), *[3.0] * 96], dtype=pl.Float64)
    )
    report = {finding.code: finding for finding in _audit(rows).findings}
    assert report["nulls"].column == "sales"
    assert (report["nulls"].count, report["negative"].count, report["not_finite"].count) == (1, 1, 2)
    assert (report["not_finite"].severity, report["negative"].treatment) == ("warning", "none")


def test_series_that_teach_nothing_are_named() -> None:
    rows = table(days=70).with_columns(
        sales=pl.when(pl.col("product_id") == "P1")
        .then(0.0)
        .when(pl.col("store_id") == "S1")
        .then(4.0)
        .otherwise("sales")
    )
    codes = {finding.code: finding.count for finding in _audit(rows).findings}
    assert codes == {"all_zero": 2, "constant": 1}


def test_short_and_intermittent_series_are_worth_knowing() -> None:
    rows = table(days=70, stores=1, products=1).with_columns(
        sales=pl.when(pl.int_range(pl.len()) % 7 == 0).then(2.0).otherwise(0.0)
    )
    assert _find(rows, "intermittent").severity == "info"
    assert _find(table(days=20), "short_series").count == 4


def test_days_in_the_future_are_left_out_and_said() -> None:
    rows = table(days=70).with_columns(
        date=pl.when(pl.int_range(pl.len()) == 7).then(date(2999, 1, 1)).otherwise("date")
    )
    found = _find(rows, "future_dates")
    assert (found.count, found.treatment) == (1, "drop")
    assert found.sentence["en"] == "One row is dated after today: 2999-01-01. It is left out."
    assert _audit(rows).summary["last_date"] == "2024-03-10"


def test_a_table_that_lies_all_in_the_future_is_refused() -> None:
    with pytest.raises(DataFault, match="but got 280 rows, all dated after today"):
        _audit(table(days=70, first=date(2999, 1, 1)))


def test_rows_without_a_key_are_dropped_and_said() -> None:
    rows = table(days=70).with_columns(
        product_id=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise("product_id")
    )
    assert (_find(rows, "no_key").count, _find(rows, "no_key").treatment) == (1, "drop")


@pytest.mark.parametrize("rows", [0, 1])
def test_a_table_of_no_or_one_row_is_refused(rows: int) -> None:
    with pytest.raises(DataFault, match="A table must have"):
        _audit(table().head(rows))


def test_the_faults_of_rossmann_are_found(shared_data: Path) -> None:
    report = _audit(shared_data / "rossmann_daily.parquet")
    found = {finding.code: finding for finding in report.findings}
    assert found["duplicates"].count == 6
    assert found["day_missing_everywhere"].examples == ("2024-02-29",)
    assert found["long_gap"].series_count == 16
    assert found["long_gap"].sentence["en"] == (
        "16 stores have no rows between 1 July and 31 December 2023. They will be treated as closed."
    )
    assert found["long_gap"].sentence["zh"].startswith("16 家店铺在 2023年7月1日至12月31日之间没有数据行")
    assert set(found) == {"duplicates", "day_missing_everywhere", "long_gap", "nulls"}


def test_a_pharmacy_without_stores_is_audited(shared_data: Path) -> None:
    report = _audit(shared_data / "pharma_atc_daily.parquet")
    assert (report.summary["products"], report.summary["stores"]) == (8, 0)
    assert not [finding for finding in report.findings if finding.severity == "error"]


def test_stocks_are_audited_and_their_first_price_is_no_covariate(shared_data: Path) -> None:
    report = _audit(shared_data / "a_share_klines.parquet")
    assert (report.summary["products"], report.mapping.target, report.mapping.known_future) == (200, "close", ())
    assert "000001" in report.products


def test_a_table_whose_product_column_was_forgotten_shows_it() -> None:
    found = _find(table(days=70).drop("product_id"), "conflicts")
    assert (found.count, found.series_count, found.treatment) == (140, 2, "keep_last")


def test_gaps_of_many_dates_are_told_in_one_sentence() -> None:
    rows = table(days=400, stores=30, products=1)
    number = pl.col("store_id").str.slice(1).cast(pl.Int64)
    start = pl.lit(date(2024, 2, 1)) + pl.duration(days=number)
    report = _audit(rows.filter(~pl.col("date").is_between(start, start + pl.duration(days=19))))
    codes = [finding.code for finding in report.findings]
    assert codes == [*["long_gap"] * 20, "long_gaps_more"]
    assert report.findings[-1].sentence["en"].startswith("10 more gaps of two weeks or longer, in 10 series.")
    assert report.findings[0].sentence["en"] == (
        "P1 · S1 has no rows between 2 February and 21 February 2024. It will be treated as closed."
    )


def test_a_gap_over_new_year_names_both_years() -> None:
    gap = pl.col("date").is_between(date(2024, 12, 20), date(2025, 1, 10)) & (pl.col("store_id") == "S1")
    found = _find(table(days=500, products=1).filter(~gap), "long_gap")
    assert "between 20 December 2024 and 10 January 2025" in found.sentence["en"]
    assert "2024年12月20日至2025年1月10日之间" in found.sentence["zh"]


def test_empty_cells_are_told_by_column_with_what_is_read_in_their_place() -> None:
    every_tenth = pl.int_range(pl.len()) % 10 == 0
    rows = table(days=70, stores=1, products=1).with_columns(
        promo=pl.when(every_tenth).then(None).otherwise("promo"),
        price=pl.when(every_tenth).then(None).otherwise(3.5),
        open=pl.when(every_tenth).then(None).otherwise(1),
        remark=pl.when(every_tenth).then(None).otherwise(pl.lit("x")),
    )
    treatments = {
        finding.column: (finding.count, finding.treatment)
        for finding in _audit(rows).findings
        if finding.code == "nulls"
    }
    assert treatments == {
        "promo": (7, "as_zero"),
        "price": (7, "carried"),
        "open": (7, "as_open"),
        "remark": (7, "none"),
    }


def test_the_report_is_plain_json() -> None:
    report = _audit(table(days=20)).to_json()
    assert orjson.loads(orjson.dumps(report)) == report
    assert report["format_version"] == 1
    assert report["findings"][0].keys() == {
        *("code", "severity", "column", "count", "series_count", "examples", "treatment", "sentence")
    }
