"""Conformal calibration of a model's intervals on the validation part, by days ahead.

Split conformal prediction (Vovk, Gammerman and Shafer, 2005) with scores relative to the scale of each series; where
a model has quantiles of its own they are the base, which makes it conformalised quantile regression (Romano,
Patterson and Candès, Conformalized quantile regression, NeurIPS 2019), each tail on its own. The guarantee holds as
far as errors to come are exchangeable with those on the validation part; the part also chose the model's best epoch,
which makes its errors a little too small. How often intervals held on days that nothing was chosen by is measured in
the backtest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F64
from tidebook.core.errors import DataFault
from tidebook.intervals.conformal import offsets
from tidebook.intervals.levels import plain, tails
from tidebook.intervals.scale import typical
from tidebook.intervals.scores import FEWEST, MOST, Scores, collect

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


@dataclass(frozen=True)
class Calibration:
    """How far from the model's forecast the bounds of each interval lie, in scales, by days ahead."""

    levels: tuple[float, ...]  #: percent, ascending; empty where there was nothing to calibrate on
    offsets: F64  #: [N, Q] of a series, by step and by quantile of `tails(levels)`
    total: F64 | None  #: [N, Q] of the sum of all series; None where there is one
    series: int  #: how many there were
    unit: float  #: the scale of a series of which nothing is known
    floor: float | None  #: no forecast is below

    @property
    def quantiles(self) -> tuple[float, ...]:
        """[Q], without the middle."""
        return tails(self.levels)

    def to_json(self) -> dict[str, Any]:
        """Plain values; offsets to six digits."""
        return {
            "format_version": 1,
            "levels": [plain(level) for level in self.levels],
            "offsets": _rounded(self.offsets),
            "total": None if self.total is None else _rounded(self.total),
            "series": self.series,
            "unit": self.unit,
            "floor": self.floor,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Calibration:
        """What `to_json` gave; DataFault for something else."""
        try:
            levels = tuple(value["levels"])
            width = len(tails(levels))
            total = value["total"]
            return cls(
                levels,
                np.array(value["offsets"], dtype=np.float64).reshape(len(value["offsets"]), width),
                None if total is None else np.array(total, dtype=np.float64).reshape(len(total), width),
                int(value["series"]),
                float(value["unit"]),
                value["floor"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataFault(
                "The intervals of a model must be those that a training saved",
                got=f"{type(error).__name__}: {str(error)[:200]}",
                fix="Restore model/config.json, or train again.",
            ) from error


def calibrate(fitted: Fitted, panel: Panel, span: Span, levels: Sequence[float]) -> Calibration:
    """The calibration of a model on the validation part of `span`, for intervals of `levels` percent.

    Nothing from span.validation_end on is read. Without any observed day there the levels are empty.
    """
    levels = tuple(sorted(levels))
    unit = typical(panel, np.arange(len(panel.keys)), span.train_end)
    config = fitted.state().config
    # A model that is fitted anew for each forecast is asked as seldom as serves.
    most = FEWEST if config.get("refits") else MOST
    own, total = collect(fitted, panel, span, tails(levels), unit, most=most)
    if len(own.step) == 0:
        levels = ()
    return Calibration(
        levels=levels,
        offsets=_offsets(own, levels),
        total=None if total is None else _offsets(total, levels),
        series=len(panel.keys),
        unit=unit,
        floor=_floor(config, panel, span),
    )


def _offsets(scores: Scores, levels: tuple[float, ...]) -> F64:
    """[N, Q]; no steps where there are no levels. Steps behind the last with a score are left to that one."""
    if not levels:
        return np.zeros((0, 0))
    last = int(scores.step.max()) + 1
    return offsets(scores.values, scores.step, scores.dates[:last], tails(levels))


def _floor(config: dict[str, Any], panel: Panel, span: Span) -> float | None:
    """What no forecast of the model is below; where its config does not say, 0 if no value ever was."""
    for said in (config.get("bounds", {}), config.get("scalers", {}).get("target", {})):
        if "floor" in said:
            return None if said["floor"] is None else float(said["floor"])
    seen = slice(span.start, span.validation_end)
    return 0.0 if (panel.target[:, seen][panel.mask[:, seen]] >= 0).all() else None


def _rounded(values: F64) -> list[list[float]]:
    return [[float(f"{value:.6g}") for value in row] for row in values]
