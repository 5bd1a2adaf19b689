from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.training.evaluation import evaluate


def test_a_naive_model_scores_as_its_baseline() -> None:
    data = panel()
    evaluation = evaluate(fit("seasonal_naive", data, span(), season=7), data, span())
    assert evaluation.metrics == evaluation.baseline["seasonal_naive_7"]
    assert set(evaluation.baseline) == {"seasonal_naive_7", "seasonal_naive_14"}


def test_predictions_are_rows_of_the_observed_days() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[1, 110] = False
    evaluation = evaluate(fit("seasonal_naive", data, span()), replace(data, mask=mask), span())
    assert len(evaluation.predictions) == 3 * 14 - 1 == evaluation.metrics["points"]
    first = evaluation.predictions[0]
    assert first == {
        "series": "P001 · S001",
        "product_id": "P001",
        "store_id": "S001",
        "date": "2023-04-17",
        "actual": pytest.approx(float(data.target[0, 106])),
        "prediction": pytest.approx(float(data.target[0, 99])),
    }


def test_a_series_that_was_not_observed_in_the_test_part_is_left_out() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[1, 100:] = False
    evaluation = evaluate(fit("seasonal_naive", data, span()), replace(data, mask=mask), span())
    assert evaluation.series.tolist() == [0, 2]
    assert [entry["store_id"] for entry in evaluation.per_series] == ["S001", "S003"]


def test_metrics_of_each_series_stand_beside_the_pooled_ones() -> None:
    data = panel()
    evaluation = evaluate(fit("seasonal_naive", data, span()), data, span())
    sizes = np.abs(data.target[:, 106:120]).sum(axis=1)
    wapes = [entry["metrics"]["wape"] for entry in evaluation.per_series]
    assert evaluation.metrics["wape"] == pytest.approx(float((sizes * wapes).sum() / sizes.sum()), rel=1e-5)


def test_the_test_part_is_not_read_by_the_model() -> None:
    data = panel()
    fitted = fit("lstm", data, span(), epochs=1)
    other = data.target.copy()
    other[:, 106:] *= 3
    one, two = evaluate(fitted, data, span()), evaluate(fitted, replace(data, target=other), span())
    np.testing.assert_array_equal(one.values, two.values)
    assert one.metrics["wape"] != two.metrics["wape"]
