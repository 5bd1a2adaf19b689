"""The panel on the device, brought there once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tidebook.core.arrays import F32
from tidebook.data.calendar import features

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.neural.schema import Schema


@dataclass(frozen=True)
class Tables:
    """S series over T days as tensors that batches are gathered from. Rows are (series, day) pairs: s * T + t."""

    days: int  #: T
    target: Tensor  #: [S*T], original units
    seen: Tensor  #: [S*T] bool, observed on an open day: what counts in statistics and losses
    open: Tensor  #: [S*T] float, 0 on days known to be closed
    known: Tensor  #: [S*T, Kc], covariates whose future is known, in the schema's units
    past: Tensor  #: [S*T, Pc], covariates known only afterwards, in the schema's units
    calendar: Tensor  #: [T, C]
    flags: Tensor  #: [S*T], a number for each combination of the covariates that say yes or no
    static: Tensor  #: [S, A], in the schema's units
    levels: Tensor | None  #: [S, 2], mean and deviation that windows are scaled by; 0 where they use their own

    @classmethod
    def of(cls, panel: Panel, schema: Schema, device: str) -> Tables:
        """The tables of `panel`; InvalidInput where it lacks a column of the schema."""
        schema.check(panel)
        series, days = panel.target.shape
        opened = np.ones_like(panel.target)
        if schema.open is not None:
            opened = (panel.known[:, :, panel.known_names.index(schema.open)] > 0).astype(np.float32)

        def put(values: F32) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        seen = panel.mask & (opened > 0)
        return cls(
            days=days,
            target=put(panel.target.astype(np.float32)).view(-1),
            seen=torch.from_numpy(seen).to(device).view(-1),
            open=put(opened).view(-1),
            known=put(schema.known_values(panel)).view(series * days, -1),
            past=put(schema.past_values(panel)).view(series * days, -1),
            calendar=put(features(panel.dates, schema.country, schema.calendar)[0]),
            flags=torch.from_numpy(schema.flags(panel)).to(device).view(-1),
            static=put(schema.static_values(panel)),
            levels=None if schema.levels is None else put(schema.levels.of(panel.keys)),
        )
