"""Which columns the rows of a regression of forecasts have (the rows themselves: algorithms.rows)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput
from tidebook.data.calendar import HOLIDAY_NAMES

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

FLAGS = 6  #: yes-or-no covariates at most that get statistics of their own
OF_THE_MONTH = ("month", "month_start", "month_end")  #: no waves of the year: a few years' trees learn them by heart
IDS = (2, 1000)  #: a product or store is a category where there are at least and at most so many


@dataclass(frozen=True)
class Design:
    """What rows read of a panel; fitted on the train part alone."""

    known: tuple[str, ...]  #: covariates whose future is known
    flags: tuple[str, ...]  #: those of them that say yes or no, `open` left out
    measures: tuple[str, ...]  #: those of them that measure something, such as a price
    static: tuple[str, ...]  #: attributes of the series
    text: tuple[str, ...]  #: covariates and attributes whose values are codes
    products: tuple[str, ...]  #: ids that a model knows; empty where they do not count
    stores: tuple[str, ...]
    calendar: tuple[str, ...]  #: features of the calendar
    country: str | None  #: whose holidays the calendar knows
    open: str | None  #: the known covariate that is 0 on closed days
    reach: int  #: days of a block whose covariates are planned together, from the origin on
    unit: float  #: the level of a series that has none of its own

    @classmethod
    def fit(cls, panel: Panel, span: Span, reach: int) -> Design:
        """The columns of `panel`; nothing from span.train_end on is looked at."""
        part = slice(span.start, span.train_end)
        size = np.abs(panel.target[:, part][panel.mask[:, part]])
        numbers = [k for k, name in enumerate(panel.known_names) if name not in panel.categories]
        flags = {k for k in numbers if bool(np.isin(panel.known[:, part, k], (0, 1)).all())}
        names = panel.known_names
        return cls(
            known=names,
            flags=tuple(names[k] for k in numbers if k in flags and names[k] != panel.open_name)[:FLAGS],
            measures=tuple(names[k] for k in numbers if k not in flags),
            static=panel.static_names,
            text=tuple(name for name in (*names, *panel.static_names) if name in panel.categories),
            products=_ids([key.product_id for key in panel.keys]),
            stores=_ids([key.store_id for key in panel.keys]),
            calendar=(*OF_THE_MONTH, *(HOLIDAY_NAMES if panel.country is not None else ())),
            country=panel.country,
            open=panel.open_name,
            reach=reach,
            unit=float(size.mean(dtype=np.float64)) or 1.0 if len(size) else 1.0,
        )

    def check(self, panel: Panel) -> None:
        """InvalidInput where `panel` does not have the columns that the model was trained with."""
        for kind, wanted, found in (
            ("known-future covariates", self.known, panel.known_names),
            ("static attributes", self.static, panel.static_names),
        ):
            if wanted != found:
                raise InvalidInput(
                    f"A panel must have the {kind} that the model was trained with ({', '.join(wanted) or 'none'})",
                    got=", ".join(found) or "none",
                    fix="Load the panel with the mapping and known_future of the training.",
                )

    def ids(self, panel: Panel) -> dict[str, F32]:
        """[S] of `product` and `store`, where they count: the place among those known, NaN for any other."""
        out = {}
        for name, known, own in (
            ("product", self.products, [key.product_id for key in panel.keys]),
            ("store", self.stores, [key.store_id for key in panel.keys]),
        ):
            place = {one: float(i) for i, one in enumerate(known)}
            if known:
                out[name] = np.array([place.get(one, np.nan) for one in own], dtype=np.float32)
        return out

    def is_category(self, column: str) -> bool:
        """Whether the values of a column of the rows are codes without an order."""
        kind, _, name = column.partition(":")
        return column in ("weekday", "product", "store") or (kind in ("known", "static") and name in self.text)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Design:
        """What `to_json` gave."""
        own: dict[str, Any] = {}
        for field in fields(cls):
            one = value[field.name]
            own[field.name] = tuple(one) if isinstance(one, list) else one
        return cls(**own)


def _ids(ids: list[str]) -> tuple[str, ...]:
    found = sorted(set(ids))
    return tuple(found) if IDS[0] <= len(found) <= IDS[1] else ()
