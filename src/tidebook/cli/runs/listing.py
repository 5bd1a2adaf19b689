"""`tidebook runs list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tidebook.cli.words import words

WIDE = 110  #: characters of a terminal that has room for
METRICS = 3  #: columns of metrics where none were asked for, else for one
_STATUSES = frozenset({"initialized", "preparing", "training", "completed", "failed"})
_DATES = frozenset({"created", "started", "finished", "updated"})
_FIRST = ("wape", "val_loss", "loss", "train_loss")


def list_(
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    sort: Annotated[str | None, typer.Option(help=words("sort"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=words("limit"))] = 20,
    columns: Annotated[str | None, typer.Option(help=words("columns"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Runs, newest first."""
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.cli.runs.finding import matching
    from tidebook.runs.filters.fields import field

    asked = [name.strip() for name in (columns or "").split(",") if name.strip()]
    for name in asked:
        field(name)
    found = matching(where, sort)
    shown = found[:limit]
    if json:
        print_json({"runs": shown, "total": len(found)})
        return
    if not shown:
        console.print(words("no_runs" if where is None else "no_such_runs"))
        return
    fields = asked or _fields(shown, METRICS if console.width >= WIDE else 1)
    print_table(
        [words("run"), *(_title(name) for name in fields)],
        [[_name(item), *(value(item, name) for name in fields)] for item in shown],
        whole={0, *(i for i, name in enumerate(fields, 1) if name in _DATES)},
    )
    if len(found) > len(shown):
        console.print(words("more_runs", shown=len(shown), total=len(found)), style="dim")


def value(item: Mapping[str, Any], name: str) -> object:
    """What a run has in a column."""
    from tidebook.cli.output import time_of

    group, dot, rest = name.partition(".")
    if dot:
        return item[group].get(rest.strip("\"'"))
    match name:
        case "status":
            return words(f"status_{item['status']}") if item["status"] in _STATUSES else item["status"]
        case _ if name in _DATES:
            key = "created_at" if name == "started" else f"{name}_at"
            return time_of(item[key])
        case "duration":
            return duration(item["duration_seconds"])
        case "name":
            return item["run_name"]
        case "reason":
            from tidebook.cli.output import said

            return said(item["reason"]) if item["reason"] else None
        case _:
            return item.get(name)


def duration(seconds: float | None) -> str | None:
    """Seconds as people say them: 42 s, 5 min 03 s, 2 h 05 min."""
    if seconds is None:
        return None
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _fields(items: Sequence[Mapping[str, Any]], most: int) -> list[str]:
    counted = Counter(name for item in items for name in item["metrics"])
    first = [name for name in _FIRST if name in counted]
    others = [name for name, _ in counted.most_common() if name not in first]
    metrics = [f"metrics.{name}" for name in (first + others)[:most]]
    projects = {item["project"] for item in items}
    return ["status", *(["project"] if len(projects) > 1 else []), *metrics, "duration", "created"]


def _title(name: str) -> str:
    titles = {"status": "state", "created": "made", "started": "made", "duration": "took", "project": "project"}
    return words(titles[name]) if name in titles else name.partition(".")[2].strip("\"'") or name


def _name(item: Mapping[str, Any]) -> str:
    marks = ("★ " if item["pinned"] else "") + ("! " if item["problems"] else "")
    return f"{marks}{item['run_name']}"
