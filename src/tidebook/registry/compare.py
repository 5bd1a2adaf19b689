"""What changed from one version to another. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LOWER = frozenset({"mae", "mape", "mase", "mse", "rmse", "rmsse", "smape", "wape", "loss", "val_loss", "pinball"})
HIGHER = frozenset({"direction_accuracy", "r2", "accuracy"})
DETAIL = ("files", "metadata", "config", "eval_results", "history", "backtest", "lineage")


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison of two details as `Reader.get` gives them: `{a, b, files, hyperparameters, metrics, facts}`.

    Rows come in the order of their names; a value that one of the two lacks is None there.
    """
    return {
        "a": {name: value for name, value in a.items() if name not in DETAIL},
        "b": {name: value for name, value in b.items() if name not in DETAIL},
        "files": _files(a["files"], b["files"]),
        "hyperparameters": _values(_object(a, "hyperparameters"), _object(b, "hyperparameters")),
        "metrics": _metrics(_object(a, "metrics"), _object(b, "metrics")),
        "facts": _values(_facts(a), _facts(b), ordered=True),
    }


def _files(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    before, after = ({str(entry["path"]): entry for entry in files} for files in (a, b))
    rows = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            status = "added" if old is None else "removed"
        else:
            status = "same" if old["digest"] == new["digest"] else "changed"
        rows.append(
            {"path": path, "status": status, "a_size": old and old["size"], "b_size": new and new["size"]},
        )
    return rows


def _values(a: Mapping[str, Any], b: Mapping[str, Any], *, ordered: bool = False) -> list[dict[str, Any]]:
    names = list(dict.fromkeys([*a, *b])) if ordered else sorted(a.keys() | b.keys())
    return [{"name": name, "a": a.get(name), "b": b.get(name), "changed": _differ(name, a, b)} for name in names]


def _differ(name: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    # True is no 1 here, and a value that is None is another thing than no value.
    told = [(name in side, isinstance(side.get(name), bool), side.get(name)) for side in (a, b)]
    return told[0] != told[1]


def _metrics(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name in sorted(a.keys() | b.keys()):
        old, new = _number(a.get(name)), _number(b.get(name))
        difference = None if old is None or new is None else new - old
        rows.append(
            {
                "name": name,
                "a": a.get(name),
                "b": b.get(name),
                "difference": difference,
                "better": _better(name, difference),
            }
        )
    return rows


def _better(name: str, difference: float | None) -> str | None:
    if not difference or name not in LOWER | HIGHER:
        return None
    return "b" if (difference < 0) == (name in LOWER) else "a"


def _facts(detail: Mapping[str, Any]) -> dict[str, Any]:
    lineage, dataset, validation = detail["lineage"], _object(detail, "dataset"), _object(detail, "validation")
    code = lineage["code"] or {}
    span = [dataset.get(name) for name in ("first_date", "last_date")]
    return {
        "description": detail["description"],
        "algorithm": detail["model_type"],
        "dataset": dataset.get("id") or dataset.get("path"),
        "fingerprint": lineage["fingerprint"],
        "span": " – ".join(map(str, span)) if all(span) else None,
        "validation_end": validation.get("end"),
        "known_future": ", ".join(map(str, known)) if isinstance(known := detail.get("known_future"), list) else None,
        "seed": detail.get("seed"),
        "run": detail["run_name"],
        "code": code.get("commit"),
        "branch": code.get("branch"),
        "package": code.get("package"),
        "size": detail["size_bytes"],
        "made": detail["timestamp"],
    }


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None  # type: ignore[arg-type]  # a number, as the line before has seen
