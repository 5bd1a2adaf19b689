from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tests.unit.intervals.models import Level, noise
from tidebook.abc import Forecast
from tidebook.core.arrays import F32
from tidebook.core.files import dump_json
from tidebook.data.panel import Panel
from tidebook.data.splits import Span
from tidebook.intervals import Calibrated, calibrate
from tidebook.training import metrics
from tidebook.training.backtest import Backtest, backtest
from tidebook.training.evaluation import Evaluation, evaluate


def _folds(data: Panel, origins: tuple[int, ...] = (92, 106), horizon: int = 14) -> list[Evaluation]:
    fitted = fit("seasonal_naive", data, Span(0, 78, 92, 120), season=7)
    return [evaluate(fitted, data, origin, horizon) for origin in origins]


def _with(evaluation: Evaluation, values: F32, quantiles: tuple[float, ...]) -> Evaluation:
    return replace(evaluation, forecast=Forecast(values, quantiles))


def test_a_naive_model_scores_as_its_baseline() -> None:
    data = panel()
    result = backtest(data, _folds(data))
    assert result.metrics == result.baseline["seasonal_naive_7"]


def test_metrics_are_pooled_over_the_folds() -> None:
    data = panel()
    folds = _folds(data)
    result = backtest(data, folds)
    actual = np.concatenate([fold.actual for fold in folds]).astype(np.float64)
    forecast = np.concatenate([fold.values for fold in folds]).astype(np.float64)
    assert result.metrics["points"] == 2 * 3 * 14
    assert result.metrics["wape"] == pytest.approx(metrics.wape(actual.ravel(), forecast.ravel()))
    entries = result.document["folds"]
    assert [entry["origin"] for entry in entries] == [str(data.dates[92]), str(data.dates[106])]
    assert entries[1]["metrics"] == pytest.approx(backtest(data, folds[1:]).metrics, nan_ok=True)
    assert entries[0]["baseline_wape"].keys() == result.baseline.keys()


def test_what_compares_with_the_past_sees_only_what_came_before_the_folds_own_origin() -> None:
    data = panel()
    target = data.target.copy()
    target[:, 92:106] *= 3
    wild = replace(data, target=target)
    one, two = (backtest(given, _folds(given)[:1]).metrics for given in (data, wild))
    assert one["direction_ties"] == two["direction_ties"]
    pooled, alone = backtest(wild, _folds(wild)), [backtest(wild, [fold]) for fold in _folds(wild)]
    assert pooled.metrics["mase"] == pytest.approx(np.mean([result.metrics["mase"] for result in alone]))


def test_steps_are_measured_over_all_folds_and_series() -> None:
    data = panel()
    folds = _folds(data)
    steps = backtest(data, folds).document["by_step"]
    assert [step["step"] for step in steps] == list(range(1, 15))
    actual = np.concatenate([fold.actual[:, 4] for fold in folds]).astype(np.float64)
    forecast = np.concatenate([fold.values[:, 4] for fold in folds]).astype(np.float64)
    assert steps[4]["wape"] == pytest.approx(metrics.wape(actual, forecast))
    assert steps[4]["mae"] == pytest.approx(np.abs(actual - forecast).mean())
    assert steps[4]["bias"] == pytest.approx((forecast - actual).mean())
    assert steps[4]["points"] == 6


def test_series_are_measured_over_all_folds() -> None:
    data = panel()
    folds = _folds(data)
    rows = backtest(data, folds).document["by_series"]
    assert [row["series"] for row in rows] == ["P001 · S001", "P001 · S002", "P001 · S003"]
    actual = np.concatenate([fold.actual[1] for fold in folds]).astype(np.float64)
    forecast = np.concatenate([fold.values[1] for fold in folds]).astype(np.float64)
    assert rows[1]["wape"] == pytest.approx(metrics.wape(actual, forecast))
    assert rows[1]["points"] == 28
    assert rows[1]["skill"] == pytest.approx(1 - rows[1]["wape"] / rows[1]["baseline_wape"])


def test_a_series_that_one_fold_lacks_is_measured_by_the_others() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[1, 100:] = False
    data = replace(data, mask=mask)
    rows = backtest(data, _folds(data)).document["by_series"]
    assert [row["points"] for row in rows] == [28, 8, 28]


def test_skill_is_against_the_better_naive_forecast() -> None:
    data = panel()
    result = backtest(data, _folds(data))
    skill = result.document["skill"]
    better = min(result.baseline, key=lambda name: result.baseline[name]["wape"])
    assert skill["against"] == better
    assert result.skill == pytest.approx(1 - result.metrics["wape"] / result.baseline[better]["wape"])
    perfect = [_with(fold, fold.actual[:, :, None], (0.5,)) for fold in _folds(data)]
    assert backtest(data, perfect).skill == 1


def test_where_nothing_was_sold_skill_is_not_defined_and_the_document_is_json() -> None:
    data = panel()
    result = backtest(data, _folds(replace(data, target=np.zeros_like(data.target))))
    assert result.skill is None
    document = json.loads(dump_json(result.document))
    assert document == result.document
    assert document["by_step"][0]["wape"] is None
    assert document["folds"][0]["metrics"]["wape"] is None


def _bounded(share: float) -> Backtest:
    """Intervals of 80 % that hold the first `share` of the days of each fold."""
    data = panel(closed=False)
    evaluations = []
    for fold in _folds(data):
        held = np.arange(14) < share * 14
        middle = fold.values
        far = np.where(held, 1e6, 0.0).astype(np.float32) * np.ones_like(middle)
        evaluations.append(_with(fold, np.stack([middle - far, middle, middle + far], axis=-1), (0.1, 0.5, 0.9)))
    return backtest(data, evaluations)


def test_coverage_is_the_share_of_values_that_each_interval_held() -> None:
    (entry,) = _bounded(0.5).coverage
    assert (entry["level"], entry["nominal"], entry["points"]) == (80, 0.8, 84)
    assert entry["observed"] == pytest.approx(0.5)
    assert entry["width"] == pytest.approx(1e6)


def test_coverage_by_step_stands_on_twenty_values_of_the_days_around() -> None:
    steps = _bounded(0.5).document["by_step"]
    shares = [step["coverage"]["80"] for step in steps]  # 6 values a day: 5 days are 30
    assert shares[:5] == [1, 1, 1, 1, 1]
    assert shares[6] == pytest.approx(0.6)
    assert shares[9:] == [0, 0, 0, 0, 0]


def test_days_known_to_be_closed_say_nothing_about_an_interval() -> None:
    data = panel()
    fitted = fit("lstm", data, span(), epochs=1)
    model = Calibrated(fitted, calibrate(fitted, data, span(), (80, 95)))
    result = backtest(data, [evaluate(model, data, 106, 14)])
    assert [entry["points"] for entry in result.coverage] == [3 * 12, 3 * 12]
    assert [entry["level"] for entry in result.coverage] == [80, 95]


def test_a_model_without_intervals_has_no_coverage() -> None:
    data = panel()
    result = backtest(data, _folds(data))
    assert result.coverage == []
    assert result.document["by_step"][0]["coverage"] == {}


def test_a_fold_whose_model_has_no_intervals_does_not_count_for_them() -> None:
    data = noise(2, 300)
    parts = Span(0, 180, 244, 300)
    model = Calibrated(Level(), calibrate(Level(), data, parts, (80,)))
    folds = [evaluate(Level(), data, 244, 28), evaluate(model, data, 272, 28)]
    (entry,) = backtest(data, folds).coverage
    assert entry["points"] == 2 * 28


def test_an_empty_fold_leaves_the_others_as_they_are() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[:, 92:106] = False
    data = replace(data, mask=mask)
    result = backtest(data, _folds(data))
    assert result.metrics["points"] == 42
    assert result.document["folds"][0]["metrics"]["points"] == 0
