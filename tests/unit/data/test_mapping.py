from __future__ import annotations

import pytest

from tidebook.core.errors import InvalidInput
from tidebook.data.mapping import ColumnMapping, guess, resolve

COLUMNS = {
    "store_id": "String",
    "date": "Date",
    "sales": "Int64",
    "promo": "Int64",
    "open": "Int64",
    "customers": "Int64",
}


def test_columns_are_recognised_by_their_names() -> None:
    mapping = guess(COLUMNS)
    assert (mapping.store, mapping.product, mapping.date, mapping.target) == ("store_id", None, "date", "sales")
    assert mapping.known_future == ("promo", "open")
    assert mapping.past == ("customers",)
    assert mapping.open == "open"


def test_nixtlas_long_format_is_recognised() -> None:
    mapping = guess({"unique_id": "String", "ds": "Date", "y": "Float64"})
    assert (mapping.product, mapping.date, mapping.target) == ("unique_id", "ds", "y")


def test_what_is_stated_counts_and_the_rest_is_guessed() -> None:
    mapping = resolve(ColumnMapping(target="customers", known_future=()), COLUMNS)
    assert (mapping.target, mapping.known_future, mapping.past, mapping.date) == ("customers", (), (), "date")


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InvalidInput, match="The column for target must be in the table, but got sale. Did you mean sales?"
    ):
        resolve(ColumnMapping(target="sale"), COLUMNS)
    with pytest.raises(InvalidInput, match="The column for known_future must be in the table, but got promos"):
        resolve(ColumnMapping(known_future=("promos",)), COLUMNS)


def test_a_table_without_a_date_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match="must have a column for the date, but got none that looks like one among a, b"
    ):
        resolve(None, {"a": "Int64", "b": "Int64"})


def test_a_column_has_one_meaning() -> None:
    with pytest.raises(InvalidInput, match="A column must have one meaning, but got sales as target and as past"):
        resolve(ColumnMapping(target="sales", past=("sales",)), COLUMNS)


def test_the_first_price_of_a_trading_day_is_not_a_shop_that_is_open() -> None:
    prices = ("open", "high", "low", "close", "amount")
    mapping = resolve(None, {"symbol": "String", "trade_date": "Date", **dict.fromkeys(prices, "Float64")})
    assert (mapping.product, mapping.target, mapping.known_future, mapping.open) == ("symbol", "close", (), None)


def test_chinese_names_are_recognised() -> None:
    mapping = guess(dict.fromkeys(("日期", "门店编号", "药品编号", "销量", "促销", "客流量"), "String"))
    assert (mapping.date, mapping.store, mapping.product, mapping.target) == ("日期", "门店编号", "药品编号", "销量")
    assert (mapping.known_future, mapping.past) == (("促销",), ("客流量",))


def test_the_only_column_of_dates_is_the_date() -> None:
    assert guess({"posted": "Date", "sales": "Int64"}).date == "posted"
    assert guess({"posted": "Date", "paid": "Date", "sales": "Int64"}).date is None


def test_the_column_that_tells_of_closed_days_is_known_in_advance() -> None:
    columns = {"date": "Date", "sales": "Int64", "trading": "Int64", "promo": "Int64"}
    mapping = resolve(ColumnMapping(open="trading"), columns)
    assert (mapping.open, mapping.known_future) == ("trading", ("promo", "trading"))


def test_a_resolved_mapping_resolves_to_itself() -> None:
    resolved = resolve(ColumnMapping(country="CN", known_future=()), COLUMNS)
    assert resolve(ColumnMapping.model_validate(resolved.model_dump(mode="json")), COLUMNS) == resolved
