"""The table that shows why a composite is made as it is: one row for each model that was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidebook.core.locales import LANGUAGES, sentence

Note = dict[str, str]  #: a sentence by language
SEPARATOR = {"en": "; ", "zh": "；"}


def row(
    model_type: str,
    *,
    validation_wape: float | None = None,
    seconds: float | None = None,
    weight: float | None = None,
    notes: Sequence[Note] = (),
) -> dict[str, Any]:
    """`{model_type, validation_wape, seconds, weight, note}`.

    `model_type` names an algorithm, or a published version by its address. `validation_wape` (a fraction) is over the
    same origins for all rows, None where there is no forecast; `weight` is the share of the forecast, None where there
    can be none; `note` is a sentence by language, or None.
    """
    joined = {language: SEPARATOR[language].join(note[language] for note in notes) for language in LANGUAGES}
    return {
        "model_type": model_type,
        "validation_wape": validation_wape,
        "seconds": seconds,
        "weight": weight,
        "note": joined if notes else None,
    }


def note(key: str, **values: Any) -> Note:
    """The sentence `key` of this package."""
    return sentence("tidebook.combining", key, **values)


def lines(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line of text for each row, for logs."""
    width = max((len(entry["model_type"]) for entry in table), default=0)
    return [
        f"{entry['model_type']:<{width}}"
        f"  validation WAPE {_shown(entry['validation_wape'], '.4f'):>6}"
        f"  weight {_shown(entry['weight'], '.2f'):>4}"
        f"  {_shown(entry['seconds'], '.1f'):>6} s" + (f"  {entry['note']['en']}" if entry["note"] else "")
        for entry in table
    ]


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
