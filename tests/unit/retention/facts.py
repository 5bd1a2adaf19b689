"""Facts that tests make plans from."""

from __future__ import annotations

from typing import Any

from tidebook.retention.facts import ForecastFact, RunFact, VersionFact
from tidebook.retention.plan import DAY

NOW = 2_000_000_000_000
LINE = "product/P001_all/lstm"


def version(number: int, line: str = LINE, *, days: float = 100, **more: Any) -> VersionFact:
    """A version that was published `days` ago."""
    values: dict[str, Any] = {
        "project": "default",
        "owner": "anna",
        "published": NOW - round(days * DAY),
        "bytes": 1000,
        "wape": None,
        "validated": "",
        **more,
    }
    return VersionFact(address=f"{line}/v{number}", line=line, number=number, **values)


def forecast(name: str, *, days: float = 0, model: str = "", **more: Any) -> ForecastFact:
    """A forecast that was saved `days` ago."""
    values: dict[str, Any] = {"project": "default", "owner": "anna", "bytes": 10, **more}
    return ForecastFact(id=name, model=model, created=NOW - round(days * DAY), **values)


def run(name: str, *, days: float = 0, status: str = "completed", **more: Any) -> RunFact:
    """A run that ended `days` ago."""
    values: dict[str, Any] = {"project": "default", "owner": "anna", "bytes": 10, **more}
    return RunFact(name=name, ended=NOW - round(days * DAY), status=status, **values)
