"""What a filter says of one run, and how runs are ordered."""

from __future__ import annotations

from typing import Any

import pytest

from tidebook.runs.filters import matches, parse, sort_key

NOW = 1_793_534_400_000  # 2026-11-01T12:00:00Z
RUN: dict[str, Any] = {
    "run_name": "P001_all_lstm_20261101_100000",
    "project": "east",
    "owner": None,
    "model_type": "lstm",
    "status": "completed",
    "created_at": "2026-11-01T10:00:00+00:00",
    "finished_at": None,
    "duration_seconds": 90.5,
    "params": {"layers": 2, "refit": True, "when": "2024-06-01", "none": None, "size": "64"},
    "metrics": {"wape": 0.08, "test/rmse": 12},
    "tags": {"team": "East", "fold": "3"},
    "notes": "Größer als gedacht",
    "pinned": True,
    "archived": False,
    "lost": False,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model_type = lstm",
        "name ~ LSTM",
        "metrics.wape < 0.1 and metrics.test/rmse >= 12",
        "params.layers in (1, 2) and params.layers = 2.0",
        "params.refit = true",
        "params.when < 2024-12-31",
        "params.size = 64 and params.size > 7",
        "tags.fold > 2 and tags.fold = 3 and tags.fold = '3'",
        "tags.team ~ east and tags.team != east",
        "notes ~ GRÖSSER or notes ~ größer",
        "pinned and not lost and archived = false",
        "started > 7d and started < 1h and created >= 2026-11-01",
        "duration > 1m and duration < 2m",
        "finished not exists and not finished > 2020-01-01",
        "params.none not exists",
        "not metrics.unknown < 3",
    ],
)
def test_what_holds(text: str) -> None:
    assert matches(parse(text), RUN, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "model_type = LSTM",
        "archived",
        "owner = admin",
        "owner != admin",
        "metrics.unknown < 3",
        "metrics.unknown != 3",
        "params.none != 1",
        "tags.team = east",
        "created > 2026-11-01",
        "created < 2026-11-01",
        "started > 1h",
        "params.layers ~ 2",
        "params.refit > 0",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not matches(parse(text), RUN, NOW)


def test_numbers_come_before_texts_and_runs_without_the_value_last() -> None:
    values: list[Any] = ["b", 3, None, 1, "a", "2"]
    runs = [{"run_name": str(place), "params": {"x": value}} for place, value in enumerate(values)]

    def ordered(sort: str) -> list[Any]:
        return [run["params"]["x"] for run in sorted(runs, key=sort_key(sort))]  # type: ignore[index]

    assert ordered("params.x") == [1, "2", 3, "a", "b", None]
    assert ordered("-params.x") == [3, "2", 1, "b", "a", None]


def test_among_equals_the_newest_comes_first() -> None:
    runs = [
        {"run_name": name, "created_at": f"2026-11-0{day}T00:00:00Z"} for name, day in (("a", 1), ("b", 3), ("c", 2))
    ]
    assert [run["run_name"] for run in sorted(runs, key=sort_key("metrics.loss"))] == ["b", "c", "a"]
    assert [run["run_name"] for run in sorted(runs, key=sort_key(None))] == ["b", "c", "a"]
