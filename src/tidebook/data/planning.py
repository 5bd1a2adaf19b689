"""Reading the plan out of the rows after the history."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidebook.core.arrays import F32
from tidebook.data.encode import carry, is_level
from tidebook.data.grid import cells
from tidebook.data.plan import Plan
from tidebook.data.sources.reading import reading
from tidebook.data.survey import KEYED, Survey, plan_rows
from tidebook.data.tidy import DAY, Tidy

MOSTLY = 0.5  #: share of the rows from which a covariate is told as a rule; below, an empty cell is an ordinary day


def unstated(table: Tidy, found: Survey) -> tuple[str, ...]:
    """The known-future covariates that most rows of the history tell, and no row of the plan."""
    if not found.planned:
        return ()
    names = table.mapping.known_future or ()
    counts = [pl.col(f"x:{name}").is_finite().sum().alias(name) for name in names]
    with reading():
        ahead = plan_rows(table, found.last).select(counts).collect(engine="streaming").row(0, named=True)
        silent = [name for name in names if not ahead[name]]
        if not silent:
            return ()
        history = table.rows.filter(KEYED & (pl.col(DAY) <= found.last)).select(pl.len().alias("rows:"), *counts)
        told = history.collect(engine="streaming").row(0, named=True)
    return tuple(name for name in silent if told[name] >= MOSTLY * told["rows:"])


def plan(table: Tidy, found: Survey, known: F32) -> Plan | None:
    """The plan of a table whose known covariates in the history are `known` [S, T, K]; None where there is none.

    An empty cell is read as in the history: open, a level such as a price as last stated, else 0; but a covariate
    that no row tells is not stated.
    """
    if not found.planned:
        return None
    mapping = table.mapping
    names = mapping.known_future or ()
    shape = (len(found.keys), found.planned_days)
    values = np.full((shape[0] * shape[1], len(names)), np.nan, dtype=np.float32)
    seen = np.zeros(shape[0] * shape[1], dtype=np.bool_)
    columns = [pl.col(f"x:{name}").cast(pl.Float32) for name in names]
    for flat, batch in cells(plan_rows(table, found.last), found.keys, found.end, found.planned_days, columns):
        seen[flat] = True
        for k, name in enumerate(names):
            values[flat, k] = batch[f"x:{name}"].to_numpy()
    values[~np.isfinite(values)] = np.nan
    values.shape, seen.shape = (*shape, len(names)), shape
    silent = unstated(table, found)
    for k, name in enumerate(names):
        if name in silent:
            continue
        usual = np.zeros(shape, dtype=np.float32)
        if name == mapping.open:
            usual[:] = 1
        elif name not in table.categories and is_level(known[:, :, k]):
            usual = np.concatenate([known[:, -1:, k], values[:, :, k]], axis=1)
            carry(usual)
            usual = usual[:, 1:]
        values[:, :, k] = np.where(seen & np.isnan(values[:, :, k]), usual, values[:, :, k])
    return Plan(found.end, values, found.planned, silent)
