"""A model with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, Forecast, State
from tidebook.core.arrays import F64, I64, Flags
from tidebook.intervals.calibration import Calibration
from tidebook.intervals.days import closed
from tidebook.intervals.scale import scales, total_scale
from tidebook.intervals.scores import bases

if TYPE_CHECKING:
    from tidebook.data.panel import Panel

KEY = "intervals"  #: of the model's config, where the calibration stands


class Calibrated:
    """A fitted model whose forecasts have the quantiles that were calibrated; its points are left as they are."""

    def __init__(self, fitted: Fitted, calibration: Calibration) -> None:
        self._fitted = fitted
        self.calibration = calibration

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted. On days known to be closed that are forecast 0 all quantiles are 0."""
        base = self._fitted.forecast(panel, series, origin, horizon)
        if not self.calibration.levels:
            return base
        scale = scales(panel, series, origin, self.calibration.unit)[:, None, None]
        tails = bases(base, self.calibration.quantiles) + scale * _by_day(self.calibration.offsets, horizon)
        certain = closed(panel, series, origin, horizon) & (base.point == 0)
        return self._bounded(base.point.astype(np.float64), tails, certain)

    def total(self, panel: Panel, series: I64, origin: int, forecast: Forecast) -> Forecast | None:
        """The forecast [1, H, Q] of the sum of `series`[M], of which `forecast` is the forecast from `origin`.

        Calibrated for the sum of all series. For the sum of a part of them the bounds are the wider ones of those of
        the whole and of a single series, in scales. None for one series and where the total was not calibrated.
        """
        calibration = self.calibration
        if not calibration.levels or calibration.total is None or len(series) < 2:
            return None
        horizon = forecast.values.shape[1]
        point = forecast.point.sum(axis=0, dtype=np.float64)[None]
        offsets = _by_day(calibration.total, horizon)
        if len(series) != calibration.series:
            single = _by_day(calibration.offsets, horizon)
            below = np.array(calibration.quantiles) < 0.5
            offsets = np.where(below, np.minimum(offsets, single), np.maximum(offsets, single))
        tails = point[:, :, None] + total_scale(panel, series, origin, calibration.unit) * offsets
        shut = closed(panel, series, np.full(len(series), origin, dtype=np.int64), horizon)
        return self._bounded(point, tails, shut.all(axis=0, keepdims=True) & (point == 0))

    def state(self) -> State:
        """The state of the model, with the calibration in config["intervals"]."""
        state = self._fitted.state()
        return State({**state.config, KEY: self.calibration.to_json()}, state.weights)

    def _bounded(self, point: F64, tails: F64, certain: Flags) -> Forecast:
        """point[B, H] among its tails[B, H, Q], in ascending order around the point and not below the floor."""
        half = tails.shape[2] // 2
        middle = point[:, :, None]
        lower = np.minimum.accumulate(np.concatenate([middle, tails[:, :, :half][:, :, ::-1]], axis=2), axis=2)
        upper = np.maximum.accumulate(np.concatenate([middle, tails[:, :, half:]], axis=2), axis=2)
        if self.calibration.floor is not None:
            lower = np.maximum(lower, np.minimum(middle, self.calibration.floor))
        values = np.concatenate([lower[:, :, :0:-1], upper], axis=2)
        values[certain] = 0
        quantiles = self.calibration.quantiles
        return Forecast(values.astype(np.float32), (*quantiles[:half], 0.5, *quantiles[half:]))


def restored(fitted: Fitted, config: dict[str, Any]) -> Fitted:
    """`fitted` with the intervals of its config; as it is where there are none."""
    return Calibrated(fitted, Calibration.from_json(config[KEY])) if config.get(KEY) else fitted


def _by_day(offsets: F64, horizon: int) -> F64:
    """[H, Q]: days beyond the calibrated ones take the last."""
    return offsets[np.minimum(np.arange(horizon), len(offsets) - 1)]
