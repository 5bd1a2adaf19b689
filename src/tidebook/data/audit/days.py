"""Rules about which days there are."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np
import polars as pl

from tidebook.core.clock import now
from tidebook.data.audit.grid import LABELS, Grid
from tidebook.data.finding import Finding, finding
from tidebook.data.tidy import DAY, PRODUCT, STORE, Tidy

LONG_GAP = 14  #: days from which a gap is named by its dates
SHORT_SERIES = 60  #: days below which a series can hardly be trained on


def broken_keys(grid: Grid) -> list[Finding]:
    """Rows without a product, store or day."""
    if not grid.broken:
        return []
    return [finding("no_key", "warning", count=grid.broken, treatment="drop")]


def duplicates(table: Tidy, grid: Grid) -> list[Finding]:
    """Rows that say the same twice, and rows that contradict each other."""
    series, days = np.nonzero(grid.counts > 1)
    if not len(series):
        return []
    cells = grid.keys.select(PRODUCT, STORE)[series.tolist()].with_columns(pl.Series(DAY, grid.first + days))
    rows = table.rows.join(cells.lazy(), on=[PRODUCT, STORE, DAY], how="semi").collect(engine="streaming")
    extra = len(rows) - len(cells)
    contradicting = rows.unique().group_by(PRODUCT, STORE, DAY).len().filter(pl.col("len") > 1)
    conflicts = int((contradicting["len"] - 1).sum()) if len(contradicting) else 0
    examples = tuple(
        f"{grid.labels(series[i : i + 1])[0]} {grid.first + days[i]}" for i in range(min(LABELS, len(series)))
    )
    found = []
    if same := extra - conflicts:
        found.append(
            finding(
                "duplicates",
                "warning",
                count=same,
                series_count=len(np.unique(series)),
                examples=examples,
                treatment="drop",
                key="duplicates_same",
            )
        )
    if conflicts:
        example = contradicting.row(0)
        found.append(
            finding(
                "conflicts",
                "warning",
                count=conflicts,
                series_count=contradicting.select(PRODUCT, STORE).n_unique(),
                examples=(f"{example[0]} · {example[1]} {example[2]}",),
                treatment="keep_last",
            )
        )
    return found


def missing_everywhere(grid: Grid) -> list[Finding]:
    """Days that no series has."""
    missing = np.nonzero(grid.absent)[0]
    if not len(missing):
        return []
    examples = tuple(str(grid.first + day) for day in missing[:LABELS])
    return [
        finding(
            "day_missing_everywhere",
            "warning",
            count=len(missing),
            series_count=len(grid.keys),
            examples=examples,
            treatment="as_closed",
            key="day_missing_everywhere" if len(missing) == 1 else "days_missing_everywhere",
        )
    ]


def _runs(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Series, first and last day of each run of missing days within a series; days that nobody has are passed over."""
    calendar = np.nonzero(~grid.absent)[0]
    gap = (grid.inside & (grid.counts == 0))[:, calendar].astype(np.int8)
    edges = np.diff(np.pad(gap, ((0, 0), (1, 1))), axis=1)
    series, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    return series, calendar[starts], calendar[ends - 1]


def long_gaps(grid: Grid) -> list[Finding]:
    """Gaps of two weeks and more, those of the same dates together."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for series, start, end in zip(*_runs(grid), strict=True):
        if end - start + 1 >= LONG_GAP:
            groups[int(start), int(end)].append(int(series))
    found = []
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]) * (item[0][1] - item[0][0]), item[0]))
    for (start, end), series in ordered[:20]:
        first, last = (grid.first + np.array([start, end])).tolist()
        found.append(
            finding(
                "long_gap",
                "warning",
                count=int((grid.counts[series, start : end + 1] == 0).sum()),
                series_count=len(series),
                examples=grid.labels(np.array(series)),
                treatment="as_closed",
                key="long_gap" if len(series) > 1 else "long_gap_one",
                what=_what(grid),
                first_en=_english(first, first.year != last.year),
                last_en=_english(last, year=True),
                first_zh=f"{first.year}年{first.month}月{first.day}日",
                last_zh=f"{last.year}年{last.month}月{last.day}日"
                if first.year != last.year
                else f"{last.month}月{last.day}日",
            )
        )
    if len(ordered) > len(found):
        rest = ordered[len(found) :]
        found.append(
            finding(
                "long_gap",
                "warning",
                count=len(rest),
                series_count=len({s for _, series in rest for s in series}),
                treatment="as_closed",
                key="long_gaps_more",
            )
        )
    return found


def short_gaps(grid: Grid) -> list[Finding]:
    """Days missing here and there within a series."""
    series, starts, ends = _runs(grid)
    short = ends - starts + 1 < LONG_GAP
    if not short.any():
        return []
    series, starts, ends = series[short], starts[short], ends[short]
    count = int((ends - starts + 1).sum())
    examples = tuple(
        f"{grid.labels(series[i : i + 1])[0]} {grid.first + starts[i]}" for i in range(min(LABELS, len(series)))
    )
    return [
        finding(
            "short_gaps",
            "warning",
            count=count,
            series_count=len(np.unique(series)),
            examples=examples,
            treatment="as_closed",
        )
    ]


def in_the_future(grid: Grid) -> list[Finding]:
    """Days after today, which no sale can have."""
    last = grid.first + np.timedelta64(grid.counts.shape[1] - 1, "D")
    today = np.datetime64(now().date(), "D")
    if last <= today:
        return []
    ahead = grid.counts[:, int((today - grid.first).astype(int)) + 1 :]
    return [
        finding(
            "future_dates",
            "warning",
            count=int(ahead.sum()),
            series_count=int((ahead > 0).any(axis=1).sum()),
            examples=(str(last),),
        )
    ]


def too_short(grid: Grid) -> list[Finding]:
    """Series with few days."""
    lengths = (grid.counts > 0).sum(axis=1)
    short = np.nonzero(lengths < SHORT_SERIES)[0]
    if not len(short):
        return []
    return [
        finding(
            "short_series",
            "info",
            count=len(short),
            series_count=len(short),
            examples=grid.labels(short),
            days=SHORT_SERIES,
        )
    ]


def _what(grid: Grid) -> dict[str, str]:
    """What a series of this table is, for people."""
    if grid.keys[PRODUCT].n_unique() == 1:
        return {"en": "stores", "zh": "家店铺"}
    if grid.keys[STORE].n_unique() == 1:
        return {"en": "products", "zh": "种药品"}
    return {"en": "series", "zh": "个序列"}


def _english(day: date, year: bool) -> str:
    return f"{day.day} {day:%B}" + (f" {day.year}" if year else "")
