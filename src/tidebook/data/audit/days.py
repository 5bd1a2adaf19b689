"""Rules about which days there are."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from tidebook.data.finding import LABELS, Finding, finding
from tidebook.data.grid import Grid
from tidebook.data.mapping import ColumnMapping

LONG_GAP = 14  #: days from which a gap is named by its dates
GAPS_NAMED = 20  #: how many long gaps are named one by one


def missing_everywhere(grid: Grid) -> list[Finding]:
    """Days that no series has."""
    missing = np.nonzero(grid.absent)[0]
    if not len(missing):
        return []
    return [
        finding(
            "day_missing_everywhere",
            "warning",
            count=len(missing),
            series_count=len(grid.keys),
            examples=tuple(str(grid.first + day) for day in missing[:LABELS]),
            treatment="as_closed",
        )
    ]


def long_gaps(grid: Grid, mapping: ColumnMapping) -> list[Finding]:
    """Gaps of two weeks and more, those of the same dates together, the gravest first."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for series, start, end in zip(*(part.tolist() for part in grid.gaps), strict=True):
        if end - start + 1 >= LONG_GAP:
            groups[start, end].append(series)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]) * (item[0][1] - item[0][0]), item[0]))
    found = []
    for (start, end), series in ordered[:GAPS_NAMED]:
        first, last = (grid.first + np.array([start, end])).tolist()
        found.append(
            finding(
                "long_gap",
                "warning",
                count=int((~grid.seen[series, start : end + 1]).sum()),
                series_count=len(series),
                examples=grid.labels(np.array(series)),
                treatment="as_closed",
                one=len(series) == 1,
                what=_what(mapping),
                between=_between(first, last),
            )
        )
    if rest := ordered[GAPS_NAMED:]:
        found.append(
            finding(
                "long_gaps_more",
                "warning",
                count=sum(len(series) for _, series in rest),
                series_count=len({one for _, series in rest for one in series}),
                treatment="as_closed",
            )
        )
    return found


def short_gaps(grid: Grid) -> list[Finding]:
    """Days missing here and there within a series."""
    series, starts, ends = grid.gaps
    short = ends - starts + 1 < LONG_GAP
    if not short.any():
        return []
    series, starts, ends = series[short], starts[short], ends[short]
    return [
        finding(
            "short_gaps",
            "warning",
            count=int((ends - starts + 1).sum()),
            series_count=len(np.unique(series)),
            examples=tuple(
                f"{grid.label(int(s))} {grid.first + day}"
                for s, day in zip(series[:LABELS], starts[:LABELS], strict=True)
            ),
            treatment="as_closed",
        )
    ]


def _what(mapping: ColumnMapping) -> dict[str, str]:
    """What a series of this table is, for people."""
    if mapping.product is None and mapping.store is not None:
        return {"en": "stores", "zh": "家店铺"}
    if mapping.store is None and mapping.product is not None:
        return {"en": "products", "zh": "种药品"}
    return {"en": "series", "zh": "个序列"}


def _between(first: date, last: date) -> dict[str, str]:
    one_year = first.year == last.year
    start = f"{first.day} {first:%B}" + ("" if one_year else f" {first.year}")
    end = f"{last.month}月{last.day}日"
    return {
        "en": f"between {start} and {last.day} {last:%B} {last.year}",
        "zh": f"{first.year}年{first.month}月{first.day}日至" + (end if one_year else f"{last.year}年{end}"),
    }
