"""Runs side by side."""

from __future__ import annotations

from typing import Any

import pytest

from tidebook.runs.compare import compare, lower_is_better


def run(**values: Any) -> dict[str, Any]:
    """A list item with nothing but what is stated."""
    return {"params": {}, "metrics": {}, "tags": {}, **values}


def test_what_differs_is_marked_and_what_is_missing_differs() -> None:
    compared = compare(
        [
            run(params={"lr": 0.1, "layers": 2, "old": 1, "refit": True}, tags={"team": "east"}),
            run(params={"lr": 0.2, "layers": 2.0, "refit": 1}, tags={"team": "east"}),
        ]
    )
    assert {each["name"]: each["changed"] for each in compared["params"]} == {
        "layers": False,
        "lr": True,
        "old": True,
        "refit": True,
    }
    assert compared["tags"] == [{"name": "team", "values": ["east", "east"], "changed": False}]


def test_the_best_run_is_told_for_each_metric() -> None:
    compared = compare([run(metrics={"wape": 0.2, "r2": 0.5}), run(metrics={"wape": 0.1, "r2": 0.4}), run()])
    assert compared["metrics"] == [
        {"name": "r2", "values": [0.5, 0.4, None], "best": 0, "lower_is_better": False},
        {"name": "wape", "values": [0.2, 0.1, None], "best": 1, "lower_is_better": True},
    ]
    assert compare([])["metrics"] == []


@pytest.mark.parametrize(
    "name", ["loss", "val_loss", "test/rmse", "smape", "error_rate", "trainLoss", "mse2", "step_time"]
)
def test_errors_are_better_small(name: str) -> None:
    assert lower_is_better(name)


@pytest.mark.parametrize(
    "name",
    [
        *("r2", "val/f1", "macro_f1", "direction_accuracy", "valAccuracy", "auc", "skill", "recall@10", "mAP50"),
        *("ndcg@5", "samples_per_second", "success_rate", "hit_rate", "explained_variance", "top5", "sharpe_ratio"),
    ],
)
def test_scores_are_better_large(name: str) -> None:
    assert lower_is_better(name) is False


@pytest.mark.parametrize("name", ["epoch", "learning_rate", "grad_norm", "mape_left_out", "mase_season", "whatever"])
def test_a_name_that_says_nothing_has_no_best(name: str) -> None:
    assert lower_is_better(name) is None
    compared = compare([{"params": {}, "tags": {}, "metrics": {name: value}} for value in (1.0, 2.0)])
    assert compared["metrics"][0]["best"] is None
