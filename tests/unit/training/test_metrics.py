from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidebook.training import metrics

Y = np.array([[2.0, 0.0, 4.0], [10.0, 20.0, 30.0]])
YHAT = np.array([[1.0, 0.0, 6.0], [10.0, 25.0, 20.0]])
MASK = np.array([[True, True, True], [True, True, False]])
INSAMPLE = np.array([[1.0, 2.0, 3.0, 3.0], [5.0, 9.0, 5.0, 13.0]])
SEEN = np.ones_like(INSAMPLE, dtype=np.bool_)


def measured(**changes: npt.NDArray[np.float64]) -> dict[str, float]:
    return metrics.evaluate(Y, changes.get("yhat", YHAT), MASK, changes.get("insample", INSAMPLE), SEEN, season=1)


def test_errors_are_in_the_unit_of_the_values() -> None:
    assert measured()["mae"] == pytest.approx((1 + 0 + 2 + 0 + 5) / 5)
    assert measured()["rmse"] == pytest.approx(np.sqrt((1 + 0 + 4 + 0 + 25) / 5))


def test_wape_is_a_fraction() -> None:
    assert measured()["wape"] == pytest.approx(8 / 36)


def test_mape_leaves_out_zeros_and_counts_them() -> None:
    assert measured()["mape"] == pytest.approx(100 * (1 / 2 + 2 / 4 + 0 + 5 / 20) / 4)
    assert measured()["mape_left_out"] == 1


def test_smape_takes_nothing_over_nothing_as_zero() -> None:
    assert measured()["smape"] == pytest.approx(200 * (1 / 3 + 0 + 2 / 10 + 0 + 5 / 45) / 5)


def test_r2_is_over_all_values_pooled() -> None:
    values = np.array([2, 0, 4, 10, 20])
    assert measured()["r2"] == pytest.approx(1 - 30 / np.square(values - values.mean()).sum())


def test_mase_is_the_mean_over_series_of_scaled_errors() -> None:
    # In-sample steps: (1, 1, 0) and (4, 4, 8).
    assert measured()["mase"] == pytest.approx(((3 / 3) / (2 / 3) + (5 / 2) / (16 / 3)) / 2)
    assert (measured()["mase_season"], measured()["mase_left_out"]) == (1, 0)


def test_mase_leaves_out_series_that_never_changed() -> None:
    flat = np.array([[7.0, 7.0, 7.0, 7.0], INSAMPLE[1]])
    assert measured(insample=flat)["mase"] == pytest.approx((5 / 2) / (16 / 3))
    assert measured(insample=flat)["mase_left_out"] == 1


def test_direction_is_against_the_last_value_before_the_forecast() -> None:
    # Last values 3 and 13: actual directions - - + and - + ; forecast - - + and - +.
    assert measured()["direction_accuracy"] == 100
    wrong = np.array([[5.0, 0.0, 6.0], [10.0, 12.0, 20.0]])
    assert measured(yhat=wrong)["direction_accuracy"] == pytest.approx(60)
    assert measured()["direction_majority"] == pytest.approx(60)
    assert measured()["direction_ties"] == 0


def test_days_equal_to_the_last_value_are_ties() -> None:
    insample = np.array([[1.0, 2.0, 3.0, 4.0], INSAMPLE[1]])
    assert measured(insample=insample)["direction_ties"] == 1


def test_the_last_value_is_the_last_that_was_observed() -> None:
    seen = SEEN.copy()
    seen[0, 2:] = False  # so 2.0 is the last, and the first day a tie
    made = metrics.evaluate(Y, YHAT, MASK, INSAMPLE, seen, season=1)
    assert made["direction_ties"] == 1
    seen[0] = False
    assert metrics.evaluate(Y, YHAT, MASK, INSAMPLE, seen, season=1)["direction_left_out"] == 3


def test_without_values_nothing_is_defined() -> None:
    made = metrics.evaluate(Y, YHAT, np.zeros_like(MASK), INSAMPLE, SEEN, season=1)
    assert all(np.isnan(made[name]) for name in ("mae", "rmse", "mape", "r2", "smape", "wape", "mase"))
    assert made["points"] == 0
    assert np.isnan(metrics.wape(np.zeros(3), np.ones(3)))
    assert np.isnan(metrics.r2(np.ones(3), np.ones(3)))


VALUES = arrays(np.float64, 8, elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(y=VALUES, yhat=VALUES)
def test_smape_lies_between_0_and_200_and_does_not_care_which_is_which(
    y: npt.NDArray[np.float64], yhat: npt.NDArray[np.float64]
) -> None:
    assert 0 <= metrics.smape(y, yhat) <= 200 + 1e-9
    assert metrics.smape(y, yhat) == metrics.smape(yhat, y)


@given(y=VALUES)
def test_a_perfect_forecast_has_no_error(y: npt.NDArray[np.float64]) -> None:
    assert metrics.mae(y, y) == metrics.rmse(y, y) == metrics.smape(y, y) == 0
    assert metrics.wape(y, y) == 0 or not y.any()
