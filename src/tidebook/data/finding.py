"""Something that is wrong with the data, and what is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tidebook.core.locales import has, sentence

Severity = Literal["error", "warning", "info"]
PACKAGE = "tidebook.data"
LABELS = 3  #: examples that a finding names
UNSEEN = "unseen_category"  #: the rule about texts that a model was not trained with


@dataclass(frozen=True)
class Finding:
    """One fault of the data."""

    code: str  #: the rule
    severity: Severity  #: error: cannot be trained on; warning: treated; info: worth knowing
    column: str | None  #: the column it is about
    count: int  #: how many rows, cells, days or series
    series_count: int  #: how many series
    examples: tuple[str, ...]  #: a few of them
    treatment: str  #: drop, keep_last, as_closed, as_missing, as_zero, as_open, as_mean, …, none
    sentence: dict[str, str] = field(default_factory=dict)  #: in plain words, by language

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "examples": list(self.examples)}


def finding(
    code: str,
    severity: Severity,
    *,
    column: str | None = None,
    count: int = 0,
    series_count: int = 0,
    examples: tuple[str, ...] = (),
    treatment: str = "none",
    key: str | None = None,
    one: bool | None = None,
    **values: Any,
) -> Finding:
    """A finding with its sentence in every language.

    The sentence in locales/ is called `key`, by default the code; `{key}_one` speaks of one, by default where the
    count is 1.
    """
    shown = {"column": column or "", "count": count, "series": series_count, "examples": ", ".join(examples), **values}
    key = key or code
    if (count == 1 if one is None else one) and has(PACKAGE, f"{key}_one"):
        key = f"{key}_one"
    return Finding(code, severity, column, count, series_count, examples, treatment, sentence(PACKAGE, key, **shown))


def never_seen(column: str, count: int, series_count: int, examples: Sequence[str]) -> Finding:
    """Texts of a column that a model was not trained with."""
    return finding(
        UNSEEN,
        "warning",
        column=column,
        count=count,
        series_count=series_count,
        examples=tuple(examples),
        treatment="as_unknown",
    )
