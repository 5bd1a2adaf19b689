"""What a model reads of a panel: which columns, in which units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.errors import InvalidInput
from tidebook.data.calendar import features
from tidebook.data.scalers import Scaler

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

RETURNS = 0.01  #: share of negative targets below which they are returns among sales, and not what is forecast


@dataclass(frozen=True)
class Schema:
    """The columns of a panel that a model reads, and their units, fitted on the train part alone."""

    known: tuple[str, ...]  #: covariates whose future is known
    past: tuple[str, ...]  #: covariates known only afterwards
    static: tuple[str, ...]  #: attributes of the series
    calendar: tuple[str, ...]  #: features of the calendar
    country: str | None  #: whose holidays the calendar knows
    open: str | None  #: the known covariate that is 0 on closed days
    known_scaler: Scaler
    past_scaler: Scaler
    static_scaler: Scaler
    unit: float  #: mean |target| of the train part: the scale of a window that holds nothing but zeros
    floor: float | None  #: no forecast is below; 0 where less than RETURNS of the train part's targets were

    @classmethod
    def fit(cls, panel: Panel, span: Span) -> Schema:
        """The schema of `panel`; nothing from span.train_end on is looked at."""
        part = slice(span.start, span.train_end)
        observed = panel.mask[:, part]
        target = panel.target[:, part][observed].astype(np.float64)
        return cls(
            known=panel.known_names,
            past=panel.past_names,
            static=panel.static_names,
            calendar=features(panel.dates[:1], panel.country)[1],
            country=panel.country,
            open=panel.open_name,
            known_scaler=Scaler.fit(panel.known[:, part], observed),
            past_scaler=Scaler.fit(panel.past[:, part], observed),
            static_scaler=Scaler.fit(panel.static),
            unit=float(np.abs(target).mean()) or 1.0 if len(target) else 1.0,
            floor=0.0 if len(target) and (target < 0).mean() < RETURNS else None,
        )

    def check(self, panel: Panel) -> None:
        """InvalidInput where `panel` does not have the columns that the model was trained with."""
        for kind, wanted, found in (
            ("known-future covariates", self.known, panel.known_names),
            ("past covariates", self.past, panel.past_names),
            ("static attributes", self.static, panel.static_names),
        ):
            if wanted != found:
                raise InvalidInput(
                    f"A panel must have the {kind} that the model was trained with ({', '.join(wanted) or 'none'})",
                    got=", ".join(found) or "none",
                    fix="Load the panel with the mapping and known_future of the training.",
                )

    def columns(self) -> dict[str, Any]:
        """The names, as plain values."""
        return {
            "known": list(self.known),
            "past": list(self.past),
            "static": list(self.static),
            "calendar": list(self.calendar),
            "country": self.country,
            "open": self.open,
        }

    def scalers(self) -> dict[str, Any]:
        """The units, as plain values."""
        return {
            "target": {"kind": "window", "unit": self.unit, "floor": self.floor},
            "known": self.known_scaler.to_json(),
            "past": self.past_scaler.to_json(),
            "static": self.static_scaler.to_json(),
        }

    @classmethod
    def from_json(cls, columns: dict[str, Any], scalers: dict[str, Any]) -> Schema:
        """What `columns` and `scalers` gave."""
        return cls(
            known=tuple(columns["known"]),
            past=tuple(columns["past"]),
            static=tuple(columns["static"]),
            calendar=tuple(columns["calendar"]),
            country=columns["country"],
            open=columns["open"],
            known_scaler=Scaler.from_json(scalers["known"]),
            past_scaler=Scaler.from_json(scalers["past"]),
            static_scaler=Scaler.from_json(scalers["static"]),
            unit=scalers["target"]["unit"],
            floor=scalers["target"]["floor"],
        )
