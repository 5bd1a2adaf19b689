"""List items of runs, made up."""

from __future__ import annotations

from typing import Any

from tidebook.catalog.run_writing import Seen


def item(run_name: str, **values: Any) -> dict[str, Any]:
    """An ended run with nothing but what is stated."""
    return {
        "run_name": run_name,
        "id": None,
        "project": "default",
        "owner": None,
        "model_type": "",
        "stock_symbol": None,
        "scope": None,
        "description": None,
        "task_id": None,
        "version": None,
        "status": "completed",
        "reason": None,
        "lost": False,
        "created_at": "2026-11-01T10:00:00+00:00",
        "updated_at": None,
        "finished_at": None,
        "duration_seconds": None,
        "params": {},
        "metrics": {},
        "tags": {},
        "notes": "",
        "pinned": False,
        "archived": False,
        "dataset": None,
        "problems": [],
        **values,
    }


def seen(run_name: str, **values: Any) -> Seen:
    """The same as found in a folder."""
    return Seen(item(run_name, **values), "stamp", live=False)
