"""Which windows an epoch learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tidebook.core.errors import DataFault

if TYPE_CHECKING:
    from tidebook.data.splits import Span
    from tidebook.neural.hyperparameters import NeuralHyperparameters
    from tidebook.neural.tables import Tables
    from tidebook.neural.windows import Layout

STEPS = 24  #: an epoch of a small panel has about this many steps, by windows that overlap more


@dataclass(frozen=True)
class Sampler:
    """Windows whose first origin lies in the train part, with enough history and something to predict."""

    first: Tensor  #: [S], the first usable origin of each series
    last: Tensor  #: [S], the day after the last; equal to `first` where there is none
    usable: Tensor  #: [S, T] bool
    stride: int  #: days between the first origins of a series' windows in an epoch
    most: int  #: windows of an epoch at most, chosen anew in each

    @classmethod
    def over(
        cls, tables: Tables, span: Span, layout: Layout, positions: int, settings: NeuralHyperparameters
    ) -> Sampler:
        """A window's history needs a quarter of its days seen, or 14 if that is less; its outputs one.

        DataFault where there is none.
        """
        look_back = layout.look_back
        seen = tables.seen.view(-1, tables.days)[:, : span.train_end].to(torch.int32)
        before = torch.nn.functional.pad(seen.cumsum(1, dtype=torch.int32), (1, 0))  # [S, t]: seen before day t
        origin = torch.arange(span.start + 1, span.train_end, device=seen.device)
        history = before[:, origin] - before[:, (origin - look_back).clamp(min=span.start)]
        ahead = before[:, (origin + layout.output + positions - 1).clamp(max=span.train_end)] - before[:, origin]
        usable = torch.zeros(seen.shape, dtype=torch.bool, device=seen.device)
        enough = min(14, max(1, look_back // 4))
        usable[:, origin] = (history >= enough) & (ahead > 0)
        count = usable.sum(1)
        if not count.any():
            raise DataFault(
                f"Training needs a series with {enough} open days within {look_back} days, "
                "and an open day after them, in the train part",
                got="none",
                fix="Use more history, a smaller seq_length, or shorter validation and test parts.",
            )
        first = usable.to(torch.int8).argmax(1)
        last = torch.where(count > 0, span.train_end - usable.flip(1).to(torch.int8).argmax(1), first)
        stride = max(1, min(positions, int(count.sum()) // (STEPS * settings.batch_size)))
        return cls(first, last, usable, stride, settings.epoch_windows)

    @property
    def windows(self) -> int:
        """Windows in an epoch, about."""
        return min(self.most, int(self.usable.sum()) // self.stride)

    def epoch(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Series [M] and first origin [M] of an epoch's windows, in random order.

        Each series starts at a random phase, so that over the epochs every origin is a window's first.
        """
        device = self.first.device
        phase = torch.randint(self.stride, self.first.shape, generator=generator).to(device)
        count = torch.div(self.last - self.first - phase + self.stride - 1, self.stride, rounding_mode="floor").clamp(
            min=0
        )
        series = torch.repeat_interleave(torch.arange(len(count), device=device), count)
        rank = torch.arange(len(series), device=device) - (count.cumsum(0) - count)[series]
        origin = (self.first + phase)[series] + rank * self.stride
        kept = self.usable[series, origin]
        series, origin = series[kept], origin[kept]
        order = torch.randperm(len(series), generator=generator)[: self.most].to(device)
        return series[order], origin[order]
