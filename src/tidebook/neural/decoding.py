"""Forecasts of any length from a model that predicts a fixed number of days at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tidebook.neural.forecaster import Carrying
from tidebook.neural.head import REACH
from tidebook.neural.windows import gather

if TYPE_CHECKING:
    from torch import nn

    from tidebook.neural.loss import Objective
    from tidebook.neural.tables import Tables
    from tidebook.neural.windows import Layout

CHUNK_VALUES = 2**25  #: input values of a chunk of pairs at most; 128 MiB


@torch.no_grad()
def decode(
    model: nn.Module,
    tables: Tables,
    layout: Layout,
    objective: Objective,
    series: Tensor,
    origin: Tensor,
    horizon: int,
    *,
    cached: bool = True,
) -> Tensor:
    """[B, H, Q] in original units for each pair of series [B] and origin [B].

    Beyond `output` days the window grows by the model's own forecasts; its mean and deviation stay those
    of the origin. Nothing of the target or the past covariates is read from the origin on. A model that can carry
    state does, unless `cached` is False: then every further day reads the whole window again, with the same result.
    """
    width = (layout.look_back + horizon) * (len(layout.past_names) + len(layout.known_names))
    size = max(1, CHUNK_VALUES // width)
    model.eval()
    return torch.cat(
        [
            _Decoding(model, tables, layout, objective, series[i : i + size], origin[i : i + size], horizon).run(cached)
            for i in range(0, len(series), size)
        ]
    )


class _Decoding:
    """The windows of a chunk of pairs, and how far they are forecast."""

    def __init__(
        self,
        model: nn.Module,
        tables: Tables,
        layout: Layout,
        objective: Objective,
        series: Tensor,
        origin: Tensor,
        horizon: int,
    ) -> None:
        self.model, self.layout, self.objective, self.horizon = model, layout, objective, horizon
        self.blocks = -(-horizon // layout.output)
        days = layout.look_back + self.blocks * layout.output
        self.windows = gather(tables, layout, series, origin - layout.look_back, days, visible=origin)
        self.opened = self.windows.open > 0

    def run(self, cached: bool) -> Tensor:
        """[B, H, Q], in original units."""
        look_back = self.layout.look_back
        one_by_one = self._carried() if cached and isinstance(self.model, Carrying) else self._anew()
        values = self.windows.original(torch.cat(list(one_by_one), dim=1)[:, : self.horizon])
        if self.layout.schema.floor is not None:
            values = values.clamp(min=self.layout.schema.floor)
        return values * self.windows.open[:, look_back : look_back + self.horizon, None]

    def _anew(self) -> Iterator[Tensor]:
        """The forecasts [B, O, Q] of each block, from the whole window."""
        output, windows = self.layout.output, self.windows
        for block in range(self.blocks):
            day = self.layout.look_back + block * output
            raw = self.model(windows.past(day), windows.known[:, : day + output], windows.static)
            yield self._taken(raw, day, last=block + 1 == self.blocks)

    def _carried(self) -> Iterator[Tensor]:
        """The same from the state that the model carries."""
        output, windows = self.layout.output, self.windows
        model: Any = self.model
        encoded, state = model.begin(windows.past(self.layout.look_back))
        for block in range(self.blocks):
            day = self.layout.look_back + block * output
            known = windows.known[:, max(0, day - REACH) : day + output]
            last = block + 1 == self.blocks
            yield self._taken(model.head(encoded, known, windows.static), day, last=last)
            if not last:
                encoded, state = model.step(windows.past(day + output, first=day), state)

    def _taken(self, raw: Tensor, day: int, *, last: bool) -> Tensor:
        """The forecasts in raw[B, N, O, Q] of the days from `day` on, written into the windows unless they are last."""
        predicted = self.objective.forecasts(raw[:, -1:], self.windows, day)[:, 0]
        if not last:
            self._write(predicted[:, :, predicted.shape[-1] // 2], day)
        return predicted

    def _write(self, values: Tensor, day: int) -> None:
        """Takes forecasts [B, O] for what was seen on the days from `day` on."""
        windows, own = self.windows, slice(day, day + values.shape[1])
        seen = self.opened[:, own]
        values = torch.where(seen, values, 0.0)
        windows.target[:, own], windows.seen[:, own] = values, seen
        columns = len(self.layout.known_names) - 2 * len(self.layout.lags)
        for position, lag in enumerate(self.layout.lags):
            reached = windows.known[:, day + lag : day + lag + values.shape[1], columns + 2 * position :]
            width = reached.shape[1]
            reached[:, :, 0], reached[:, :, 1] = values[:, :width], seen[:, :width].to(reached.dtype)
