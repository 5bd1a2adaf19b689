"""The panel: many series on one calendar of days."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from tidebook.core.arrays import F32, Days, Flags
from tidebook.core.errors import InvalidInput
from tidebook.core.scope import ALL
from tidebook.data.frequency import Frequency, frequency
from tidebook.data.mapping import ColumnMapping
from tidebook.data.plan import Plan


@dataclass(frozen=True, order=True)
class SeriesKey:
    """Which series: a product in a store. A missing column, and what was aggregated away, is `all`."""

    product_id: str = ALL
    store_id: str = ALL

    @property
    def label(self) -> str:
        """`P001 · S001`; without what is `all`, unless everything is."""
        named = [part for part in (self.product_id, self.store_id) if part != ALL]
        return " · ".join(named) or ALL


@dataclass(frozen=True)
class Panel:
    """S series over T consecutive days. Days from `end` on are future: only known covariates hold values there."""

    keys: tuple[SeriesKey, ...]  #: [S]
    dates: Days  #: [T], every day (or hour) from the first to the last
    target: F32  #: [S, T], original units; 0 where `mask` is False
    mask: Flags  #: [S, T], whether the target was observed
    known: F32  #: [S, T, K], covariates whose future is known
    known_names: tuple[str, ...]  #: [K]
    past: F32  #: [S, T, P], covariates known only afterwards; 0 from `end` on
    past_names: tuple[str, ...]  #: [P]
    static: F32  #: [S, A], attributes; categories as codes
    static_names: tuple[str, ...]  #: [A]
    end: int  #: position of the first day after the history
    open_name: str | None = None  #: the known covariate that is 0 on closed days
    country: str | None = None  #: whose holidays count
    fingerprint: str = ""  #: of the source that it was read from
    categories: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  #: of columns that hold text: the code is the position, and the code after the last stands for all other texts
    mapping: ColumnMapping | None = None  #: what the columns of the source mean
    columns: tuple[str, ...] = ()  #: all columns of the source
    findings: tuple[dict[str, object], ...] = field(default=())  #: what the audit found and how it was treated
    plan: Plan | None = None  #: what the source says of the days after its last observed one

    @property
    def days(self) -> int:
        """T, the future days included."""
        return len(self.dates)

    @property
    def frequency(self) -> Frequency:
        """Days, as tables are read, or hours in a panel made by hand."""
        return frequency(self.dates)

    def position(self, day: date) -> int:
        """The position of `day` on the calendar; InvalidInput outside it."""
        position = int((np.datetime64(day, "D") - self.dates[0]).astype(int))
        if not 0 <= position < self.days:
            raise InvalidInput(
                f"A day must lie between {self.dates[0]} and {self.dates[-1]}",
                got=str(day),
                fix="Choose a day within the data.",
            )
        return position

    def categorical(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """The positions among `names` (known_names, past_names or static_names) of columns that hold codes of text."""
        return tuple(i for i, name in enumerate(names) if name in self.categories)

    def select(self, series: list[int]) -> Panel:
        """The panel of the series at these positions."""
        return replace(
            self,
            keys=tuple(self.keys[i] for i in series),
            target=self.target[series],
            mask=self.mask[series],
            known=self.known[series],
            past=self.past[series],
            static=self.static[series],
            plan=self.plan and replace(self.plan, values=self.plan.values[series]),
        )
