"""What a model reads of a panel: which columns, in which units."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tidebook.algorithms.bounds import Bounds
from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput
from tidebook.data.calendar import features
from tidebook.data.frequency import Frequency
from tidebook.data.scalers import Scaler
from tidebook.neural.levels import Levels

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span
    from tidebook.neural.hyperparameters import NeuralHyperparameters

MOST_BITS = 8  #: covariates by which days are told alike
MOST_FLAGS = 32  #: texts of a category that get a flag of their own, the most frequent first


@dataclass(frozen=True)
class Schema:
    """The columns of a panel that a model reads, and their units, fitted on the train part alone.

    A category becomes a flag for each of its texts; a text that was never seen has none of them set.
    """

    known: tuple[str, ...]  #: covariates whose future is known
    past: tuple[str, ...]  #: covariates known only afterwards
    static: tuple[str, ...]  #: attributes of the series
    texts: dict[str, tuple[str, ...]]  #: of each category among them the texts that have a flag
    calendar: tuple[str, ...]  #: features of the calendar
    frequency: Frequency  #: after how many steps patterns repeat
    country: str | None  #: whose holidays the calendar knows
    open: str | None  #: the known covariate that is 0 on closed days
    yes_or_no: tuple[str, ...]  #: known covariates that are 0 or 1, `open` left out; MOST_BITS at most
    known_scaler: Scaler
    past_scaler: Scaler
    static_scaler: Scaler
    scaling: str  #: whose mean and deviation windows are scaled by: window, series or global
    levels: Levels | None  #: those of series or global
    unit: float  #: mean |target| of the train part: the scale of a window that holds nothing but zeros
    share: float  #: of its level that a series differs by from a season before, as a mean of the train part
    floor: float | None  #: no forecast is below

    @classmethod
    def fit(cls, panel: Panel, span: Span, settings: NeuralHyperparameters) -> Schema:
        """The schema of `panel`; nothing from span.train_end on is looked at."""
        part = slice(span.start, span.train_end)
        observed = panel.mask[:, part]
        target = panel.target[:, part][observed].astype(np.float64)
        return cls(
            known=panel.known_names,
            past=panel.past_names,
            static=panel.static_names,
            texts={name: texts[:MOST_FLAGS] for name, texts in panel.categories.items()},
            calendar=_calendar(panel),
            frequency=panel.frequency,
            country=panel.country,
            open=panel.open_name,
            yes_or_no=_yes_or_no(panel, part),
            known_scaler=Scaler.fit(panel.known[:, part], observed),
            past_scaler=Scaler.fit(panel.past[:, part], observed),
            static_scaler=Scaler.fit(panel.static),
            scaling=settings.scaling,
            levels=Levels.fit(panel, span, settings.scaling),
            unit=float(np.abs(target).mean()) or 1.0 if len(target) else 1.0,
            share=_share(panel, part),
            floor=Bounds.fit(panel, span, settings.non_negative).floor,
        )

    @property
    def known_columns(self) -> tuple[str, ...]:
        """What `known_values` gives."""
        return self._columns(self.known)

    @property
    def past_columns(self) -> tuple[str, ...]:
        """What `past_values` gives."""
        return self._columns(self.past)

    @property
    def static_columns(self) -> tuple[str, ...]:
        """What `static_values` gives."""
        return self._columns(self.static)

    def known_values(self, panel: Panel) -> F32:
        """[S, T, Kc]."""
        return self._values(self.known, panel.known, self.known_scaler)

    def past_values(self, panel: Panel) -> F32:
        """[S, T, Pc]."""
        return self._values(self.past, panel.past, self.past_scaler)

    def flags(self, panel: Panel) -> npt.NDArray[np.int16]:
        """[S, T]: which of the covariates that say yes or no say yes, as the bits of a number."""
        combined = np.zeros(panel.target.shape, dtype=np.int16)
        for bit, name in enumerate(self.yes_or_no):
            combined |= (panel.known[:, :, self.known.index(name)] > 0).astype(np.int16) << bit
        return combined

    def static_values(self, panel: Panel) -> F32:
        """[S, Ac]."""
        return self._values(self.static, panel.static, self.static_scaler)

    def _columns(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column for name in names for column in self._of(name))

    def _of(self, name: str) -> list[str]:
        return [f"{name}={text}" for text in self.texts[name]] if name in self.texts else [name]

    def _values(self, names: tuple[str, ...], values: F32, scaler: Scaler) -> F32:
        """values[..., C] by name as values[..., columns]: numbers scaled, categories as flags."""
        scaled = scaler.transform(values)
        if not any(name in self.texts for name in names):
            return scaled
        parts = [
            values[..., i, None] == np.arange(len(self.texts[name])) if name in self.texts else scaled[..., i, None]
            for i, name in enumerate(names)
        ]
        return np.concatenate(parts, axis=-1).astype(np.float32)

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
            "texts": {name: list(texts) for name, texts in self.texts.items()},
            "calendar": list(self.calendar),
            "frequency": asdict(self.frequency),
            "country": self.country,
            "open": self.open,
            "yes_or_no": list(self.yes_or_no),
        }

    def scalers(self) -> dict[str, Any]:
        """The units, as plain values."""
        return {
            "target": {
                "kind": self.scaling,
                "unit": self.unit,
                "share": self.share,
                "floor": self.floor,
                "levels": None if self.levels is None else self.levels.to_json(),
            },
            "known": self.known_scaler.to_json(),
            "past": self.past_scaler.to_json(),
            "static": self.static_scaler.to_json(),
        }

    @classmethod
    def from_json(cls, columns: dict[str, Any], scalers: dict[str, Any]) -> Schema:
        """What `columns` and `scalers` gave."""
        target = scalers["target"]
        return cls(
            known=tuple(columns["known"]),
            past=tuple(columns["past"]),
            static=tuple(columns["static"]),
            texts={name: tuple(texts) for name, texts in columns.get("texts", {}).items()},
            calendar=tuple(columns["calendar"]),
            frequency=Frequency(**columns["frequency"]),
            country=columns["country"],
            open=columns["open"],
            yes_or_no=tuple(columns["yes_or_no"]),
            known_scaler=Scaler.from_json(scalers["known"]),
            past_scaler=Scaler.from_json(scalers["past"]),
            static_scaler=Scaler.from_json(scalers["static"]),
            scaling=target["kind"],
            levels=Levels.from_json(target["levels"]) if target.get("levels") else None,
            unit=target["unit"],
            share=target.get("share", 1.0),
            floor=target["floor"],
        )


def _share(panel: Panel, part: slice) -> float:
    """The mean over the series of |value - value a season before| in shares of the series' mean |value|; 1 without."""
    season = panel.frequency.season
    target, seen = panel.target[:, part], panel.mask[:, part]
    both = seen[:, season:] & seen[:, :-season]
    change = np.abs(target[:, season:] - target[:, :-season]).sum(1, where=both, dtype=np.float64)
    level = np.abs(target).sum(1, where=seen, dtype=np.float64)
    told = both.any(1) & (level > 0)
    shares = (change / np.maximum(both.sum(1), 1))[told] / (level / np.maximum(seen.sum(1), 1))[told]
    return float(shares.mean()) if told.any() and shares.mean() > 0 else 1.0


def _yes_or_no(panel: Panel, part: slice) -> tuple[str, ...]:
    names = [name for name in panel.known_names if name != panel.open_name and name not in panel.categories]
    values = {name: panel.known[:, part, panel.known_names.index(name)] for name in names}
    return tuple(name for name in names if np.isin(values[name], (0.0, 1.0)).all())[:MOST_BITS]


def _calendar(panel: Panel) -> tuple[str, ...]:
    """All features but the linear time: a window has its own level, and a number never seen before leads astray."""
    return tuple(name for name in features(panel.dates[:1], panel.country)[1] if name != "time")
