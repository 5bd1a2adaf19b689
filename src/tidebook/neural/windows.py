"""Windows of a panel as a model reads them, each in its own units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tidebook.neural.smoothing import choose, smoothed

if TYPE_CHECKING:
    from tidebook.neural.schema import Schema
    from tidebook.neural.tables import Tables


FARTHEST = 10  #: usual errors; departures further away count as this far
SEASONS = 13  #: seasons that the means of earlier days reach over


@dataclass(frozen=True)
class Layout:
    """How long windows are and what their columns are."""

    look_back: int  #: days before the first position; the window's statistics come from these alone
    output: int  #: days predicted at once
    schema: Schema
    departures: bool = False  #: whether the model reads and forecasts departures from what is usual, too

    @property
    def lags(self) -> tuple[int, ...]:
        """Days back of the earlier values that stand among the known: whole cycles and seasons, before every origin."""
        repeats = self.schema.frequency
        return tuple(steps * -(-self.output // steps) for steps in (repeats.cycle, repeats.season))

    @property
    def reach(self) -> int:
        """Days before a window that its columns look back to."""
        return max(*self.lags, self.lags[-1] + self.schema.frequency.season * (SEASONS - 1))

    @property
    def earlier_names(self) -> tuple[str, ...]:
        """[E]: earlier values of the target, each with whether there were any; single days come last."""
        single = [name for lag in self.lags for name in (f"target_{lag}_before", f"seen_{lag}_before")]
        return ("target_alike", "seen_alike", "target_seasons", "seen_seasons", *single)

    @property
    def known_names(self) -> tuple[str, ...]:
        """[K]: covariates, calendar, and earlier values."""
        return (*self.schema.known_columns, *self.schema.calendar, *self.earlier_names)

    @property
    def past_names(self) -> tuple[str, ...]:
        """[P]: the target, whether it was seen, past covariates, and the known of the same day."""
        departure = ("departure",) if self.departures else ()
        return ("target", "seen", *departure, *self.schema.past_columns, *self.known_names)

    @property
    def static_names(self) -> tuple[str, ...]:
        """[S]: attributes, and the level and spread that scaling took out of the window."""
        return (*self.schema.static_columns, "level", "spread")


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
    layout: Layout

    def past(self, last: int, *, first: int = 0) -> Tensor:
        """[B, last - first, P]: the days [first, last) as the model's input."""
        days = slice(first, last)
        values = torch.stack((self.target[:, days], self.seen[:, days].to(self.target.dtype)), dim=-1)
        if self.layout.departures:
            values = torch.cat((values, self._departure(first, last)[..., None]), dim=-1)
        return torch.cat((values, self.covariates[:, days], self.known[:, days]), dim=-1)

    def usual(self, day: int, count: int, output: int) -> Tensor:
        """[B, count, output]: what is usual on the days that each of `count` positions from `day` on forecasts.

        The smoothed season before the position, repeated.
        """
        season = self.layout.schema.frequency.season
        width = min(season, output)
        smooth = self._smoothed(day, day + count - 1 + width)
        return smooth.unfold(1, width, 1)[:, :, torch.arange(output, device=smooth.device) % season]

    @property
    def usual_error(self) -> Tensor:
        """[B], in the window's units: how far its first days were from what was usual."""
        return self._smoothing[1]

    @property
    def level(self) -> Tensor:
        """[B], in the window's units: how far a value is from a season before where that is as usual for its size."""
        return (self.mean / self.scale).abs() * self.layout.schema.share

    @cached_property
    def _smoothing(self) -> tuple[Tensor, Tensor]:
        first = slice(0, self.layout.look_back)
        return choose(self.target[:, first], self.seen[:, first], self.layout.schema.frequency.season)

    def _smoothed(self, first: int, last: int) -> Tensor:
        """[B, last - first]: what is usual on the days [first, last)."""
        weights, season = self._smoothing[0], self.layout.schema.frequency.season
        days = slice(max(0, first - weights.shape[1] * season), last)
        return smoothed(self.target[:, days], self.seen[:, days], weights, season)[:, first - last :]

    def _departure(self, first: int, last: int) -> Tensor:
        """[B, last - first]: how far each of the days seen was from what was usual, in usual errors."""
        days = slice(first, last)
        departure = (self.target[:, days] - self._smoothed(first, last)) / self.usual_error[:, None]
        return torch.where(self.seen[:, days], departure, 0.0).clamp(-FARTHEST, FARTHEST)

    def original(self, values: Tensor) -> Tensor:
        """`values` [B, ...] in the window's units brought back to original units."""
        shape = (-1, *(1,) * (values.dim() - 1))
        return values * self.scale.view(shape) + self.mean.view(shape)


def gather(
    tables: Tables, layout: Layout, series: Tensor, first: Tensor, days: int, *, visible: Tensor | None = None
) -> Windows:
    """The windows of `days` days that begin at day `first` [B] of `series` [B].

    From day `visible` [B] on neither target nor past covariates are read. Mean and deviation come from the days
    seen among the first `look_back`, so no position that is trained or forecast from knows what came after it; or,
    where the schema says so, from the train part of the series or of all.
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
    if tables.levels is not None:
        fixed = tables.levels[series]
        has = fixed[:, 1] > 0
        mean, scale = torch.where(has, fixed[:, 0], mean), torch.where(has, fixed[:, 1], scale)

    def scaled(values: Tensor, valid: Tensor) -> Tensor:
        return torch.where(valid, (values - mean[:, None]) / scale[:, None], 0.0)

    earlier = []
    for value, valid in earlier_values(tables, layout, row, day, visible):
        earlier += [scaled(value, valid & inside), (valid & inside).to(target.dtype)]
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
        layout=layout,
    )


def earlier_values(
    tables: Tables, layout: Layout, row: Tensor, day: Tensor, visible: Tensor | None
) -> list[tuple[Tensor, Tensor]]:
    """Values [B, D] in original units that were known a whole output before each day, and where there were any.

    First the means of the same weekday (hour) in the SEASONS before that: of days with the same flags (such as a
    promotion), and of all. Then single days, `layout.lags` before.
    """
    ahead = layout.lags[-1]
    season = layout.schema.frequency.season
    seasons = torch.arange(ahead, ahead + season * SEASONS, season, device=row.device)
    days = torch.cat((seasons, torch.tensor(layout.lags[:1], device=row.device)))
    before, earlier = row[..., None] - days, day[..., None] - days
    valid = earlier >= 0 if visible is None else (earlier >= 0) & (earlier < visible[:, None, None])
    before = before.clamp(min=0)
    valid &= tables.seen[before]
    values = tables.target[before]
    alike = valid & (tables.flags[before] == tables.flags[row][..., None])
    found = []
    for chosen in (alike[..., :-1], valid[..., :-1]):
        count = chosen.sum(-1)
        found.append(((values[..., :-1] * chosen).sum(-1) / count.clamp(min=1), count > 0))
    return [*found, (values[..., -1], valid[..., -1]), (values[..., 0], valid[..., 0])]
