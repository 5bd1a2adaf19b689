"""A model rebuilt from what was stored of it, ready to forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32
from tidebook.core.errors import NotFound

if TYPE_CHECKING:
    from tidebook.abc import Forecast
    from tidebook.data.panel import Panel


@dataclass(frozen=True)
class Distribution:
    """Forecasts with the quantiles that the model gives."""

    series: Forecast  #: [S, H, Q]
    total: Forecast | None  #: [1, H, Q] of the sum of all series; None for one series, and where it is not calibrated


class PredictionEngine:
    """A fitted model and the means to forecast with it.

    `model_path` is the `pytorch_model.bin` of a run, with `model_type` and `model_config` (the run's
    model/config.json); or the `model.pth` of a version, which holds all three.
    """

    def __init__(
        self,
        model_path: str | Path,
        model_type: str | None = None,
        model_config: Mapping[str, Any] | None = None,
        *,
        plugins: Path | None = None,
    ) -> None:
        from tidebook import checkpoint
        from tidebook.abc import State
        from tidebook.algorithms import registry
        from tidebook.intervals import restored

        path = Path(model_path)
        try:
            if model_type is None or model_config is None:
                model_type, state = checkpoint.load_state(path)
            else:
                state = State(config=dict(model_config), weights=checkpoint.load(path))
        except FileNotFoundError as error:
            raise NotFound(
                "A model's file must exist",
                got=f"no {path.name} in {path.parent.name}",
                fix="The version may have been deleted meanwhile; choose another.",
            ) from error
        self.model_type = model_type
        self.config = state.config
        self._fitted = restored(registry.find(model_type, plugins).load(state), state.config)

    def forecast(self, panel: Panel, horizon: int) -> F32:
        """[S, H]: the `horizon` days after the panel's history, of all its series.

        The panel must reach to `end` + `horizon` (see `data.extend`).
        """
        return self.distribution(panel, horizon).series.point

    def distribution(self, panel: Panel, horizon: int) -> Distribution:
        """The same with intervals, where the model has them, and of the total too."""
        from tidebook.intervals import Calibrated

        series = np.arange(len(panel.keys), dtype=np.int64)
        forecast = self._fitted.forecast(panel, series, np.full(len(series), panel.end, dtype=np.int64), horizon)
        if not isinstance(self._fitted, Calibrated):
            return Distribution(forecast, None)
        return Distribution(forecast, self._fitted.total(panel, series, panel.end, forecast))
