"""Windows of a panel as a model reads them, each in its own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tidebook.neural.hyperparameters import YEAR

if TYPE_CHECKING:
    from tidebook.neural.schema import Schema
    from tidebook.neural.tables import Tables


@dataclass(frozen=True)
class Layout:
    """How long windows are and what their columns are."""

    look_back: int  #: days before the first position; the window's statistics come from these alone
    output: int  #: days predicted at once
    schema: Schema

    @property
    def lags(self) -> tuple[int, ...]:
        """Days back of the earlier values that stand among the known: whole weeks, before every origin."""
        return (YEAR, 7 * -(-self.output // 7))

    @property
    def known_names(self) -> tuple[str, ...]:
        """[K]: covariates, calendar, and earlier values with whether there were any."""
        lags = [name for lag in self.lags for name in (f"target_{lag}_days_before", f"seen_{lag}_days_before")]
        return (*self.schema.known, *self.schema.calendar, *lags)

    @property
    def past_names(self) -> tuple[str, ...]:
        """[P]: the target, whether it was seen, past covariates, and the known of the same day."""
        return ("target", "seen", *self.schema.past, *self.known_names)

    @property
    def static_names(self) -> tuple[str, ...]:
        """[S]: attributes, and the level and spread that scaling took out of the window."""
        return (*self.schema.static, "level", "spread")


@dataclass(frozen=True)
class Windows:
    """B windows of D days. A padded day, before the panel's first, holds zeros and was not seen."""

    target: Tensor  #: [B, D], in the window's units; 0 where not seen
    seen: Tensor  #: [B, D] bool, observed on an open day
    open: Tensor  #: [B, D], 0 on days known to be closed
    covariates: Tensor  #: [B, D, Pc], past covariates
    known: Tensor  #: [B, D, K]
    static: Tensor  #: [B, S]
    mean: Tensor  #: [B], original units
    scale: Tensor  #: [B], original units

    def past(self, days: int) -> Tensor:
        """[B, days, P]: the first `days` days as the model's input."""
        values = torch.stack((self.target[:, :days], self.seen[:, :days].to(self.target.dtype)), dim=-1)
        return torch.cat((values, self.covariates[:, :days], self.known[:, :days]), dim=-1)

    def original(self, values: Tensor) -> Tensor:
        """`values` [B, ...] in the window's units brought back to original units."""
        shape = (-1, *(1,) * (values.dim() - 1))
        return values * self.scale.view(shape) + self.mean.view(shape)


def gather(
    tables: Tables, layout: Layout, series: Tensor, first: Tensor, days: int, *, visible: Tensor | None = None
) -> Windows:
    """The windows of `days` days that begin at day `first` [B] of `series` [B].

    From day `visible` [B] on neither target nor past covariates are read. Mean and deviation come from the days
    seen among the first `look_back`, so no position that is trained or forecast from knows what came after it.
    """
    day = first[:, None] + torch.arange(days, device=first.device)
    inside = (day >= 0) & (day < tables.days)
    nearest = day.clamp(0, tables.days - 1)
    row = series[:, None] * tables.days + nearest
    readable = inside if visible is None else inside & (day < visible[:, None])
    target, seen = tables.target[row], tables.seen[row] & readable

    counted = seen[:, : layout.look_back].to(target.dtype)
    count = counted.sum(1).clamp(min=1)
    mean = (target[:, : layout.look_back] * counted).sum(1) / count
    variance = ((target[:, : layout.look_back] - mean[:, None]).square() * counted).sum(1) / count
    # A nearly constant window would blow up small changes; one of zeros has no scale of its own.
    scale = torch.maximum(variance.sqrt(), 0.05 * mean.abs())
    scale = torch.where(scale > 1e-6 * layout.schema.unit, scale, layout.schema.unit)

    def scaled(values: Tensor, valid: Tensor) -> Tensor:
        return torch.where(valid, (values - mean[:, None]) / scale[:, None], 0.0)

    earlier = []
    for lag in layout.lags:
        before = row - lag
        valid = readable_before(day, lag, visible) & tables.seen[before.clamp(min=0)] & inside
        earlier += [scaled(tables.target[before.clamp(min=0)], valid), valid.to(target.dtype)]
    present = inside[..., None]
    known = torch.cat((tables.known[row], tables.calendar[nearest]), dim=-1) * present
    unit = layout.schema.unit
    level = torch.stack((torch.asinh(mean / unit), torch.log1p(scale / (mean.abs() + 0.01 * unit))), dim=-1)
    return Windows(
        target=scaled(target, seen),
        seen=seen,
        open=torch.where(inside, tables.open[row], 1.0),
        covariates=tables.past[row] * readable[..., None],
        known=torch.cat((known, torch.stack(earlier, dim=-1)), dim=-1),
        static=torch.cat((tables.static[series], level), dim=-1),
        mean=mean,
        scale=scale,
    )


def readable_before(day: Tensor, lag: int, visible: Tensor | None) -> Tensor:
    """[B, D]: whether the value `lag` days before each day lies in the panel and before `visible`."""
    before = day - lag
    return before >= 0 if visible is None else (before >= 0) & (before < visible[:, None])
