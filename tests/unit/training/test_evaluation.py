from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.intervals import Calibrated, calibrate
from tidebook.training.evaluation import evaluate, predictions


def test_every_day_of_every_series_is_forecast_from_the_origin() -> None:
    data = panel()
    evaluation = evaluate(fit("seasonal_naive", data, span(), season=7), data, 106, 14)
    np.testing.assert_array_equal(evaluation.values, evaluation.naive["seasonal_naive_7"])
    np.testing.assert_array_equal(evaluation.actual, data.target[:, 106:])
    assert set(evaluation.naive) == {"seasonal_naive_7", "seasonal_naive_14"}
    assert evaluation.total is None


def test_predictions_are_rows_of_the_observed_days() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[1, 110] = False
    data = replace(data, mask=mask)
    rows = predictions(data, evaluate(fit("seasonal_naive", data, span()), data, 106, 14))
    assert len(rows) == 3 * 14 - 1
    assert rows[0] == {
        "series": "P001 · S001",
        "product_id": "P001",
        "store_id": "S001",
        "origin": "2023-04-17",
        "date": "2023-04-17",
        "actual": pytest.approx(float(data.target[0, 106])),
        "prediction": pytest.approx(float(data.target[0, 99])),
    }


def test_a_series_that_was_not_observed_on_these_days_is_left_out() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[1, 100:] = False
    evaluation = evaluate(fit("seasonal_naive", data, span()), replace(data, mask=mask), 106, 14)
    assert evaluation.series.tolist() == [0, 2]


def test_days_that_nobody_observed_make_an_empty_evaluation() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[:, 100:106] = False
    evaluation = evaluate(fit("lstm", data, span(), epochs=1), replace(data, mask=mask), 100, 6)
    assert evaluation.values.shape == (0, 6)


def test_the_days_after_the_origin_are_not_read_by_the_model() -> None:
    data = panel()
    fitted = fit("lstm", data, span(), epochs=1)
    other = data.target.copy()
    other[:, 106:] *= 3
    one, two = (evaluate(fitted, given, 106, 14) for given in (data, replace(data, target=other)))
    np.testing.assert_array_equal(one.values, two.values)
    assert not np.array_equal(one.actual, two.actual)


def test_a_model_with_intervals_forecasts_the_total_too_and_closed_days_are_certain() -> None:
    data = panel()
    fitted = fit("lstm", data, span(), epochs=1)
    evaluation = evaluate(Calibrated(fitted, calibrate(fitted, data, span(), (80,))), data, 106, 14)
    assert evaluation.total is not None
    assert evaluation.total.values.shape == (1, 14, 3)
    np.testing.assert_array_equal(evaluation.certain, data.known[:, 106:, 0] == 0)
