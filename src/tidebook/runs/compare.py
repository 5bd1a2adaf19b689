"""Runs side by side: what was set differently, and who is best by each metric."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_WORDS = json.loads((Path(__file__).parent / "better.json").read_bytes())  # the web reads the same file
LOWER, HIGHER = frozenset(_WORDS["lower"]), frozenset(_WORDS["higher"])
COUNTS = tuple(f"_{word}" for word in _WORDS["counts"])  #: what an evaluation counts beside a metric


def lower_is_better(metric: str) -> bool | None:
    """Whether a smaller value of a metric is better, going by its name: the last word that says so decides.

    `val_loss`, `test/rmse` and `error_rate` are better small; `r2`, `macro_f1`, `mAP50` and `tokens_per_second` large.
    None for a name that says nothing, such as `learning_rate`.
    """
    name = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", metric.replace("mAP", "map")).lower()
    if name.endswith(COUNTS):
        return None
    if "per_second" in name:
        return False
    for word in reversed(re.findall(r"[a-z]+[0-9]*", name)):
        for told in (word, word.rstrip("0123456789")):
            if told in LOWER or told in HIGHER:
                return told in LOWER
    return None


def compare(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`params` and `tags` (name, values, changed), and `metrics` (name, values, best, lower_is_better), of list items.

    Values stand in the order of the runs, None where a run has none. Names come in the order of their alphabet.
    """
    return {
        "params": [_compared(items, "params", name) for name in _names(items, "params")],
        "metrics": [_measured(items, name) for name in _names(items, "metrics")],
        "tags": [_compared(items, "tags", name) for name in _names(items, "tags")],
    }


def _names(items: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return sorted({name for item in items for name in item[kind]})


def _compared(items: Sequence[Mapping[str, Any]], kind: str, name: str) -> dict[str, Any]:
    values = [item[kind].get(name) for item in items]
    told = [(name in item[kind], isinstance(value, bool), value) for item, value in zip(items, values, strict=True)]
    return {"name": name, "values": values, "changed": any(each != told[0] for each in told)}


def _measured(items: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    values = [item["metrics"].get(name) for item in items]
    lower = lower_is_better(name)
    known = [place for place, value in enumerate(values) if isinstance(value, int | float) and math.isfinite(value)]
    best = None if lower is None else (min if lower else max)(known, key=lambda place: values[place], default=None)
    return {"name": name, "values": values, "best": best, "lower_is_better": lower}
