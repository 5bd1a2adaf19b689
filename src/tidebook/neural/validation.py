"""How a model in training does on the validation part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tidebook.core.errors import DataFault
from tidebook.neural.windows import gather

if TYPE_CHECKING:
    from tidebook.data.splits import Span
    from tidebook.neural.loss import Objective
    from tidebook.neural.tables import Tables
    from tidebook.neural.windows import Layout

BATCH = 512  #: pairs forecast at once


def validation_pairs(tables: Tables, span: Span, output: int) -> tuple[Tensor, Tensor]:
    """Series [M] and origin [M] that cover the validation part end to end, `output` days each.

    DataFault where no day of the validation part was seen.
    """
    seen = tables.seen.view(-1, tables.days)
    origins = torch.arange(span.train_end, span.validation_end, output, device=seen.device)
    held = torch.stack([seen[:, o : min(o + output, span.validation_end)].any(1) for o in origins.tolist()], dim=1)
    series, rank = torch.nonzero(held, as_tuple=True)
    if len(series) == 0:
        raise DataFault(
            "The validation part must hold open days with a target",
            got=f"none in {span.validation_end - span.train_end} days",
            fix="Choose more validation days, or end the data where the observations end.",
        )
    return series, origins[rank]


@torch.no_grad()
def validate(
    model: nn.Module, tables: Tables, layout: Layout, pairs: tuple[Tensor, Tensor], objective: Objective
) -> tuple[float, float]:
    """Loss over the pairs in the windows' units, and WAPE in original units (a fraction)."""
    look_back, output = layout.look_back, layout.output
    sums = []
    model.eval()
    for series, origin in zip(pairs[0].split(BATCH), pairs[1].split(BATCH), strict=True):
        windows = gather(tables, layout, series, origin - look_back, look_back + output)
        raw = model(windows.past(look_back), windows.known, windows.static)[:, -1:]
        forecasts = objective.forecasts(raw, windows, look_back)[:, 0]
        actual, counted = windows.target[:, look_back:], windows.seen[:, look_back:]
        errors = objective.errors(forecasts, actual, windows)
        predicted = windows.original(forecasts[..., forecasts.shape[-1] // 2])
        if layout.schema.floor is not None:
            predicted = predicted.clamp(min=layout.schema.floor)
        true = windows.original(actual)
        parts = (errors, torch.ones_like(errors), (predicted - true).abs(), true.abs())
        sums.append(torch.stack([torch.where(counted, values, 0.0).sum() for values in parts]))
    loss, count, error, size = torch.stack(sums).cpu().double().sum(0).tolist()
    return loss / count, error / size if size > 0 else math.nan
