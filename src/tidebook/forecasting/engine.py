"""A model rebuilt from what was stored of it, ready to forecast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32
from tidebook.core.errors import NotFound

if TYPE_CHECKING:
    from tidebook.data.panel import Panel


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
        self._fitted = registry.find(model_type, plugins).load(state)

    def forecast(self, panel: Panel, horizon: int) -> F32:
        """[S, H]: the `horizon` days after the panel's history, of all its series.

        The panel must reach to `end` + `horizon` (see `data.extend`).
        """
        series = np.arange(len(panel.keys), dtype=np.int64)
        origin = np.full(len(panel.keys), panel.end, dtype=np.int64)
        return self._fitted.forecast(panel, series, origin, horizon).point
