from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import fit, panel
from tests.unit.intervals.models import Level, noise
from tidebook.core.errors import DataFault
from tidebook.data.panel import Panel
from tidebook.data.splits import Span
from tidebook.intervals import Calibrated, Calibration, calibrate, scores

LEVELS = (80, 95)
SPAN = Span(0, 200, 256, 456)


def _coverage(model: Calibrated, data: Panel, *, total: bool = False) -> dict[float, float]:
    """The share of the test part that each interval held."""
    series = np.arange(len(data.keys))
    held: dict[float, list[float]] = {80: [], 95: []}
    for origin in range(SPAN.validation_end, SPAN.test_end - 28, 28):
        forecast = model.forecast(data, series, np.full(len(series), origin), 28)
        actual = data.target[:, origin : origin + 28]
        if total:
            made = model.total(data, series, origin, forecast)
            assert made is not None
            forecast, actual = made, actual.sum(axis=0, keepdims=True)
        for level, low, high in ((80, 1, 3), (95, 0, 4)):
            inside = (forecast.values[:, :, low] <= actual) & (actual <= forecast.values[:, :, high])
            held[level].append(float(inside.mean()))
    return {level: float(np.mean(shares)) for level, shares in held.items()}


@pytest.mark.parametrize(("series", "shared"), [(1, 0.0), (3, 0.0), (40, 0.0), (40, 0.5)])
def test_on_exchangeable_days_intervals_hold_as_often_as_they_say(series: int, shared: float) -> None:
    own, whole = [], []
    for seed in range(20):
        data = noise(series, SPAN.test_end, seed=seed, shared=shared)
        model = Calibrated(Level(), calibrate(Level(), data, SPAN, LEVELS))
        own.append(_coverage(model, data))
        if series > 1:
            whole.append(_coverage(model, data, total=True))
    for found in (own, whole) if whole else (own,):
        assert np.mean([shares[80] for shares in found]) == pytest.approx(0.80, abs=0.045)
        assert np.mean([shares[95] for shares in found]) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("spread", [0.02, 0.5])
def test_a_models_own_quantiles_are_corrected_where_they_are_too_narrow_or_too_wide(spread: float) -> None:
    wrong = {0.1: -spread, 0.9: spread}
    data = noise(20, SPAN.test_end, seed=1)
    calibrated = Calibrated(Level(wrong), calibrate(Level(wrong), data, SPAN, LEVELS))
    assert _coverage(calibrated, data)[80] == pytest.approx(0.80, abs=0.04)


def test_days_far_ahead_get_wider_intervals_where_errors_grow() -> None:
    data = noise(20, SPAN.test_end)
    walk = replace(data, target=(1000 + np.cumsum(data.target - data.target.mean(1, keepdims=True), 1)))
    calibration = calibrate(fit("seasonal_naive", walk, SPAN, season=1), walk, SPAN, LEVELS)
    upper = calibration.offsets[:, -1]
    assert upper[20] > 2 * upper[0] > 0


def test_nothing_from_the_end_of_validation_on_is_read() -> None:
    data = noise(3, SPAN.test_end)
    target, mask, known = data.target.copy(), data.mask.copy(), data.known.copy()
    target[:, 256:] *= 9
    mask[:, 300:] = False
    known[:, 256:] += 1
    one = calibrate(Level(), data, SPAN, LEVELS)
    two = calibrate(Level(), replace(data, target=target, mask=mask, known=known), SPAN, LEVELS)
    assert one.to_json() == two.to_json()


def test_forecasts_are_asked_for_days_of_the_validation_part_alone() -> None:
    model = Level()
    calibrate(model, noise(3, SPAN.test_end), SPAN, LEVELS)
    assert min(origin for origin, _ in model.asked) == 200
    assert max(origin for origin, _ in model.asked) == 255
    assert {origin + horizon for origin, horizon in model.asked} == {256}


def test_many_series_are_asked_from_fewer_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "PAIRS", 100)
    monkeypatch.setattr(scores, "CHUNK", 7)
    model = Level()
    calibration = calibrate(model, noise(20, SPAN.test_end), SPAN, LEVELS)
    assert len({origin for origin, _ in model.asked}) == 5
    assert len(model.asked) == 5 * 20
    assert calibration.offsets.shape == (56, 4)


def test_calibrations_survive_json_to_six_digits() -> None:
    calibration = calibrate(Level(), noise(3, SPAN.test_end), SPAN, (95, 80))
    value = calibration.to_json()
    assert value["levels"] == [80, 95]
    again = Calibration.from_json(value)
    assert again.to_json() == value
    np.testing.assert_allclose(again.offsets, calibration.offsets, rtol=1e-5)


def test_what_is_no_calibration_is_refused() -> None:
    with pytest.raises(DataFault, match="The intervals of a model must be those that a training saved"):
        Calibration.from_json({"levels": [80], "offsets": [[1.0, 2.0, 3.0]]})


def test_without_an_observed_day_in_the_validation_part_there_are_no_intervals() -> None:
    data = noise(3, SPAN.test_end)
    mask = data.mask.copy()
    mask[:, 200:256] = False
    model = Calibrated(Level(), calibrate(Level(), replace(data, mask=mask), SPAN, LEVELS))
    assert model.calibration.levels == ()
    assert model.forecast(data, np.arange(3), np.full(3, 256), 7).quantiles == (0.5,)
    assert Calibration.from_json(model.calibration.to_json()).levels == ()


@pytest.mark.parametrize(
    ("config", "floor"),
    [
        ({"bounds": {"floor": None, "open": None}}, None),
        ({"bounds": {"floor": 0.0, "open": None}}, 0.0),
        ({"scalers": {"target": {"floor": None}}}, None),
        ({"scalers": {"target": {"floor": 0.0}}}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_floor_is_the_models_own(config: dict[str, object], floor: float | None) -> None:
    data = noise(2, SPAN.test_end)
    assert calibrate(Level(config=dict(config)), data, SPAN, LEVELS).floor == floor


def test_a_model_that_says_nothing_has_no_floor_where_values_were_negative() -> None:
    data = noise(2, SPAN.test_end)
    assert calibrate(Level(), replace(data, target=-data.target), SPAN, LEVELS).floor is None


@pytest.mark.parametrize("days", [1, 5, 13])
def test_short_validation_parts_make_intervals_too(days: int) -> None:
    data = noise(1, 300)
    calibration = calibrate(Level(), data, Span(0, 250 - days, 250, 300), LEVELS)
    below, above = calibration.offsets[:, :2], calibration.offsets[:, 2:]
    assert (below[:, 0] <= below[:, 1]).all()
    assert (above[:, 0] <= above[:, 1]).all()
    assert (above[:, 1] > below[:, 0]).all()


@pytest.mark.parametrize("kind", ["constant", "zero", "late"])
def test_series_without_variation_or_history_do_no_harm(kind: str) -> None:
    data = panel(3, 120)
    target, mask = data.target.copy(), data.mask.copy()
    if kind == "late":
        mask[0, :100], target[0, :100] = False, 0
    else:
        target[0] = 0 if kind == "zero" else 50
    calibration = calibrate(Level(), replace(data, target=target, mask=mask), Span(0, 92, 106, 120), LEVELS)
    assert np.isfinite(calibration.offsets).all()
    assert np.abs(calibration.offsets).max() < 100
