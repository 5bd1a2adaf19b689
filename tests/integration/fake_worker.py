"""A worker without models, which speaks the protocol of `python -m tidebook.jobs worker`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path(os.environ["TIDEBOOK_HOME"])


def _curve(first_day: int, count: int) -> dict[str, Any]:
    return {"dates": [f"2026-01-{first_day + i:02}" for i in range(count)], "values": [1.5] * count}


def forecast(params: dict[str, Any]) -> Any:
    """A saved result of one series."""
    from tidebook.core.clock import timestamp
    from tidebook.core.ids import new_id
    from tidebook.core.settings import Settings
    from tidebook.records import forecast as records

    result = {
        "format_version": 1,
        "id": new_id("PRED"),
        "created_at": timestamp(),
        "model": {
            "address": params["model"],
            "model_type": "lstm",
            "training_mode": "product",
            "scope": "P001_all",
            "aggregation_method": None,
            "description": "lstm · product · product P001 in all stores",
            "run_name": None,
            "is_best": True,
        },
        "dataset": None,
        "horizon": params["horizon"],
        "origin": "2026-01-03",
        "history_end": "2026-01-02",
        "series": [
            {
                "product_id": "=P001",
                "store_id": "all",
                "label": "=P001",
                "history": _curve(1, 2),
                "prediction": _curve(3, params["horizon"]),
            }
        ],
        "total": None,
        "known_future": {"given": [], "made": ["calendar"]},
        "analysis": {
            "level": {"recent_mean": 1.5, "forecast_mean": 1.5, "change_percent": 0.0},
            "trend": {"slope_per_week": 0.0, "direction": "flat"},
            "weekly": [],
            "change_vs_last_period": None,
            "change_vs_last_year": None,
            "sentences": {"en": [], "zh": []},
        },
        "warnings": [],
        "project": params["project"],
        "owner": params["owner"],
    }
    records.save(Settings(), result)
    return result


def register(params: dict[str, Any]) -> Any:
    """Says what it was asked to register."""
    return {"registered": params, "content": Path(params["path"]).read_text()}


def main() -> None:
    """Answers requests until standard input ends."""
    say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        match request["method"]:
            case "forecast":
                say({"id": request["id"], "result": forecast(request["params"])})
            case "echo":
                say({"id": request["id"], "result": {"pid": os.getpid(), **request["params"]}})
            case "sleep":
                time.sleep(request["params"]["seconds"])
                say({"id": request["id"], "result": None})
            case "die":
                os._exit(9)
            case "large":
                say({"id": request["id"], "result": "x" * request["params"]["bytes"]})
            case "environment":
                say({"id": request["id"], "result": dict(os.environ)})
            case _:
                problem = {
                    "type": "urn:tidebook:error:data-fault",
                    "rule": "It must be good",
                    "got": "bad",
                    "fix": "Mend.",
                }
                say({"id": request["id"], "problem": problem})


def say(message: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
