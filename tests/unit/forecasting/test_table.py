from __future__ import annotations

import csv
from typing import Any

from tidebook.forecasting.table import to_csv


def _result(intervals: list[dict[str, Any]] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "product_id": "P1",
        "store_id": "all",
        "history": {"dates": ["2024-01-01", "2024-01-02"], "values": [1.0, None]},
        "prediction": {"dates": ["2024-01-03"], "values": [2.0]},
    }
    return {"series": [entry if intervals is None else {**entry, "intervals": intervals}]}


def _rows(result: dict[str, Any]) -> list[list[str]]:
    return list(csv.reader(to_csv(result).splitlines()))


def test_each_interval_has_two_columns_that_only_predictions_fill() -> None:
    intervals = [
        {"level": 80, "lower": [1.5], "upper": [2.5]},
        {"level": 99.5, "lower": [0.0], "upper": [None]},
    ]
    assert _rows(_result(intervals)) == [
        ["product_id", "date", "kind", "value", "lower_80", "upper_80", "lower_99.5", "upper_99.5"],
        ["P1", "2024-01-01", "history", "1.0", "", "", "", ""],
        ["P1", "2024-01-02", "history", "", "", "", "", ""],
        ["P1", "2024-01-03", "prediction", "2.0", "1.5", "2.5", "0.0", ""],
    ]


def test_a_forecast_without_intervals_has_the_columns_it_always_had() -> None:
    for result in (_result(None), _result([])):
        assert _rows(result)[0] == ["product_id", "date", "kind", "value"]
        assert _rows(result)[3] == ["P1", "2024-01-03", "prediction", "2.0"]
