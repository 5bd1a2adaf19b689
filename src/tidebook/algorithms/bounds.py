"""What no forecast may leave: it is not negative where sales are forecast, and 0 on days known to be closed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.core.arrays import F32, I64

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

RETURNS = 0.01  #: share of negative targets below which they are returns among sales, and not what is forecast


@dataclass(frozen=True)
class BoundedHyperparameters:
    """What every algorithm lets one choose."""

    non_negative: str = hyperparameter(
        "auto",
        choices=("auto", "yes", "no"),
        help="Whether forecasts are kept at 0 or above; auto: where less than 1 % of the targets are negative.",
        help_zh="预测值是否不低于 0；auto：当负值少于 1% 时如此。",
    )


@dataclass(frozen=True)
class Bounds:
    """The floor of forecasts and the covariate that says when a series is closed."""

    floor: float | None  #: no forecast is below
    open: str | None  #: the known covariate that is 0 on closed days

    @classmethod
    def fit(cls, panel: Panel, span: Span, non_negative: str) -> Bounds:
        """What `non_negative` (auto, yes or no) comes to on the train part of `panel`."""
        part = slice(span.start, span.train_end)
        target = panel.target[:, part][panel.mask[:, part]]
        sales = len(target) > 0 and float((target < 0).mean()) < RETURNS
        return cls(0.0 if non_negative == "yes" or (non_negative == "auto" and sales) else None, panel.open_name)

    def apply(self, values: F32, panel: Panel, series: I64, origin: I64) -> F32:
        """`values` [B, H, ...] of the days from `origin` [B] of `series` [B], kept within the bounds."""
        if self.floor is not None:
            values = np.maximum(values, np.float32(self.floor))
        if self.open is None or self.open not in panel.known_names:
            return values
        day = origin[:, None] + np.arange(values.shape[1])
        opened = panel.known[series[:, None], day, panel.known_names.index(self.open)] > 0
        return np.where(opened.reshape(*opened.shape, *(1,) * (values.ndim - 2)), values, np.float32(0))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Bounds:
        """What `to_json` gave."""
        return cls(value["floor"], value["open"])
