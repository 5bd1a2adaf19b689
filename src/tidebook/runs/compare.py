"""Runs side by side: what was set differently, and who is best by each metric."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

# fmt: off
LOWER = frozenset(
    {
        "loss", "losses", "mae", "mse", "rmse", "mape", "smape", "wape", "mase", "rmsse", "msse", "owa", "rmsle",
        "msle", "medae", "crps", "pinball", "quantile", "nll", "perplexity", "ppl", "error", "errors", "err",
        "deviance", "bias", "brier", "entropy", "distance", "fid", "wer", "cer", "latency", "seconds", "time",
        "duration",
    }
)
HIGHER = frozenset(
    {
        "r2", "accuracy", "acc", "f1", "fscore", "auc", "auroc", "auprc", "roc", "ap", "map", "precision", "recall",
        "sensitivity", "specificity", "skill", "direction", "score", "bleu", "rouge", "iou", "dice", "mcc", "kappa",
        "likelihood", "correlation", "corr", "reward", "return", "throughput", "coverage",
    }
)
# fmt: on


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of a metric is better, going by its name: the last word that says so decides.

    `val_loss`, `test/rmse` and `error_rate` are better small, `r2`, `macro_f1` and `direction_accuracy` large. A name
    that says nothing counts as an error, as most do.
    """
    words = re.findall(r"[a-z]+[0-9]?", re.sub(r"([a-z])([A-Z])", r"\1_\2", metric).lower())
    for word in reversed(words):
        if word in LOWER:
            return True
        if word in HIGHER:
            return False
    return True


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
    best = (min if lower else max)(known, key=lambda place: values[place], default=None)
    return {"name": name, "values": values, "best": best, "lower_is_better": lower}
