"""What a project keeps, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tidebook.core.errors import InvalidInput

Action = Literal["delete", "archive"]
MOST = 10**9  #: days or things in a rule


@dataclass(frozen=True)
class ForecastRule:
    """A forecast is kept only if it is both young and among the newest; None: that part of the rule is off."""

    days: int | None = 30
    newest: int | None = 1000


@dataclass(frozen=True)
class VersionRule:
    """Of each scope and algorithm the newest are kept, the best not counted among them; None: all."""

    newest: int | None = 3


@dataclass(frozen=True)
class RunRule:
    """For how many days runs are kept after their end, by how they ended; None: for good."""

    completed_days: int | None = None
    failed_days: int | None = None


@dataclass(frozen=True)
class Policy:
    """The rules of one project."""

    forecasts: ForecastRule = field(default_factory=ForecastRule)
    versions: VersionRule = field(default_factory=VersionRule)
    runs: RunRule = field(default_factory=RunRule)
    action: Action = "delete"  #: what becomes of what goes

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Policy:
        """The policy that plain values say; InvalidInput where they break a rule. What is missing is off."""
        action = value.get("action", "delete")
        if action not in ("delete", "archive"):
            raise InvalidInput("action must be delete or archive", got=repr(action)[:80], fix="Choose one of the two.")
        forecasts, versions, runs = (_object(value, name) for name in ("forecasts", "versions", "runs"))
        return cls(
            ForecastRule(_number(forecasts, "days"), _number(forecasts, "newest")),
            VersionRule(_number(versions, "newest")),
            RunRule(_number(runs, "completed_days"), _number(runs, "failed_days")),
            action,
        )


KEEP_ALL = Policy(ForecastRule(None, None), VersionRule(None), RunRule(None, None))


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name) or {}
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{name} of a policy must be an object", got=repr(found)[:80], fix="Leave it out for none.")
    return found


def _number(value: Mapping[str, Any], name: str) -> int | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= MOST:
        raise InvalidInput(
            f"{name} of a policy must be a whole number from 0 to {MOST:,}",
            got=repr(found)[:80],
            fix="Use null where there is to be no such rule.",
        )
    return found
