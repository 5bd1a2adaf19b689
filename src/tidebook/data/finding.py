"""Something that is wrong with the data, and what is done about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tidebook.core.locales import sentence

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One fault of the data."""

    code: str  #: the rule; a sentence in locales/ has this name
    severity: Severity  #: error: cannot be trained on; warning: treated; info: worth knowing
    column: str | None  #: the column it is about
    count: int  #: how many rows, cells or days
    series_count: int  #: how many series
    examples: tuple[str, ...]  #: a few of them
    treatment: str  #: what is done: drop, keep_last, as_closed, as_missing, none
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
    **values: Any,
) -> Finding:
    """A finding with its sentence (`key`, by default the code) in every language."""
    shown = {"column": column or "", "count": count, "series": series_count, "examples": ", ".join(examples), **values}
    text = sentence("tidebook.data", key or code, **shown)
    return Finding(code, severity, column, count, series_count, examples, treatment, text)
