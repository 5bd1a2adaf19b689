"""Forecasts of any length from a model that predicts a fixed number of days at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tidebook.neural.windows import gather

if TYPE_CHECKING:
    from torch import nn

    from tidebook.neural.tables import Tables
    from tidebook.neural.windows import Layout

CHUNK_VALUES = 2**25  #: input values of a chunk of pairs at most; 128 MiB


@torch.no_grad()
def decode(model: nn.Module, tables: Tables, layout: Layout, series: Tensor, origin: Tensor, horizon: int) -> Tensor:
    """[B, H, Q] in original units for each pair of series [B] and origin [B].

    Beyond `output` days the window grows by the model's own forecasts; its mean and deviation stay those
    of the origin. Nothing of the target or the past covariates is read from the origin on.
    """
    width = (layout.look_back + horizon) * (len(layout.past_names) + len(layout.known_names))
    size = max(1, CHUNK_VALUES // width)
    model.eval()
    parts = [
        _decode_chunk(model, tables, layout, series[i : i + size], origin[i : i + size], horizon)
        for i in range(0, len(series), size)
    ]
    return torch.cat(parts)


def _decode_chunk(
    model: nn.Module, tables: Tables, layout: Layout, series: Tensor, origin: Tensor, horizon: int
) -> Tensor:
    look_back, output = layout.look_back, layout.output
    blocks = -(-horizon // output)
    windows = gather(tables, layout, series, origin - look_back, look_back + blocks * output, visible=origin)
    lag_columns = len(layout.known_names) - 2 * len(layout.lags)
    opened = windows.open > 0
    forecasts = []
    for block in range(blocks):
        day = look_back + block * output
        predicted = model(windows.past(day), windows.known[:, : day + output], windows.static)[:, -1]
        forecasts.append(predicted)
        if block + 1 == blocks:
            break
        own = slice(day, day + output)
        middle = predicted[:, :, predicted.shape[-1] // 2]
        windows.target[:, own] = torch.where(opened[:, own], middle, 0.0)
        windows.seen[:, own] = opened[:, own]
        for position, lag in enumerate(layout.lags):
            reached = windows.known[:, day + lag : day + lag + output, lag_columns + 2 * position :]
            width = reached.shape[1]
            reached[:, :, 0] = windows.target[:, own][:, :width]
            reached[:, :, 1] = opened[:, own][:, :width].to(reached.dtype)
    values = windows.original(torch.cat(forecasts, dim=1)[:, :horizon])
    if layout.schema.floor is not None:
        values = values.clamp(min=layout.schema.floor)
    return values * windows.open[:, look_back : look_back + horizon, None]
