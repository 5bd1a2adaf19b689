"""Rows put in their place on the grid of series and days."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from tidebook.core.arrays import F32, Flags
from tidebook.data.audit.rules import treated
from tidebook.data.encode import carry, is_level
from tidebook.data.grid import cells, count, grid
from tidebook.data.panel import Panel
from tidebook.data.planning import plan
from tidebook.data.survey import Survey
from tidebook.data.tidy import TARGET, Tidy


def scatter(table: Tidy, found: Survey, fingerprint: str, columns: tuple[str, ...]) -> Panel:
    """The panel of the rows of `table`; `fingerprint` and all `columns` are those of its source.

    Of several rows for a series and day the last counts. What no row states is filled in.
    """
    mapping = table.mapping
    known_names, past_names, statics = mapping.known_future or (), mapping.past or (), mapping.static
    shape = (len(found.keys), found.days)
    size = shape[0] * shape[1]
    counts = np.zeros(size, dtype=np.int32)
    target = np.full(size, np.nan, dtype=np.float32)
    known = np.full((size, len(known_names)), np.nan, dtype=np.float32)
    past = np.full((size, len(past_names)), np.nan, dtype=np.float32)
    static = np.full((shape[0], len(statics)), np.nan, dtype=np.float64)
    values = [pl.col(name).cast(pl.Float32) for name in (TARGET, *(f"x:{name}" for name in mapping.covariates))]
    for flat, batch in cells(table.rows, found.keys, found.first, found.days, values):
        count(counts, flat)
        # Where a cell comes twice, numpy keeps what is assigned last.
        target[flat] = _finite(batch[TARGET])
        for plane, names in ((known, known_names), (past, past_names)):
            for c, name in enumerate(names):
                plane[flat, c] = _finite(batch[f"x:{name}"])
        for a, name in enumerate(statics):
            attribute = _finite(batch[f"x:{name}"])
            stated = np.isfinite(attribute)
            static[flat[stated] // found.days, a] = attribute[stated]
    mask: Flags = np.isfinite(target).reshape(shape)
    target[~mask.reshape(-1)] = 0
    known.shape, past.shape = (*shape, len(known_names)), (*shape, len(past_names))
    counted = grid(found, counts)
    for k, name in enumerate(known_names):
        _fill(known[:, :, k], counted.seen, opening=name == mapping.open, text=name in table.categories)
    past[np.isnan(past)] = 0
    return Panel(
        keys=found.names,
        dates=found.first + np.arange(found.days),
        target=target.reshape(shape),
        mask=mask,
        known=known,
        known_names=known_names,
        past=past,
        past_names=past_names,
        static=_attributes(static, [name in table.categories for name in statics]),
        static_names=statics,
        end=found.days,
        open_name=mapping.open if mapping.open in known_names else None,
        country=mapping.country,
        fingerprint=fingerprint,
        categories=table.categories,
        mapping=mapping,
        columns=columns,
        findings=tuple(finding.to_json() for finding in treated(table, counted)),
        plan=plan(table, found, known),
    )


def _finite(values: pl.Series) -> F32:
    """[N], NaN for what is null, not finite, or too large for a float32."""
    numbers: F32 = values.to_numpy()
    infinite = np.isinf(numbers)
    return np.where(infinite, np.float32(np.nan), numbers) if infinite.any() else numbers


def _fill(plane: F32, seen: Flags, *, opening: bool, text: bool) -> None:
    """Fills what nothing is stated of in [S, T]. A row says that the store was open unless it says otherwise."""
    if not opening and not text and is_level(plane):
        carry(plane)
        return
    unstated = np.isnan(plane)
    plane[unstated] = seen[unstated] if opening else 0


def _attributes(static: npt.NDArray[np.float64], text: list[bool]) -> F32:
    """[S, A]: a series without a value gets the mean of the others, or of a text the most frequent one."""
    stated = np.isfinite(static)
    mean = np.where(stated, static, 0).sum(axis=0) / np.maximum(stated.sum(axis=0), 1)
    return np.where(stated, static, np.where(text, 0, mean)).astype(np.float32)
