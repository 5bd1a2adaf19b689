"""Which version of a line is best: derived from the versions' validation, never written down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def best_of(items: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The best among the list items of one line's versions; None where there are none.

    Of those validated on the newest span (the latest `validation.end`), the lowest validation WAPE; a tie goes to
    the newest. A version without a validation is best only where no version has one: then it is the newest. One that
    cannot be loaded (`problem`) is never best.
    """
    versions = [item for item in items if not item.get("problem")]
    validated = [item for item in versions if _wape(item) is not None]
    if not validated:
        return max(versions, key=number, default=None)
    newest_span = max(_end(item) for item in validated)
    candidates = [item for item in validated if _end(item) == newest_span]
    return min(candidates, key=lambda item: (_wape(item), -number(item)))


def number(item: Mapping[str, Any]) -> int:
    """N of the version vN."""
    return int(str(item["version"])[1:])


def _wape(item: Mapping[str, Any]) -> float | None:
    validation = item.get("validation")
    wape = validation.get("wape") if isinstance(validation, Mapping) else None
    usable = isinstance(wape, int | float) and not isinstance(wape, bool) and math.isfinite(wape)
    return float(wape) if usable else None  # type: ignore[arg-type]  # a number, as the line before has seen


def _end(item: Mapping[str, Any]) -> str:
    return str(item["validation"].get("end") or "")  # ISO dates sort as text
