"""Policies + facts + now → what goes and what stays, and why. Pure: reads nothing, changes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from tidebook.records.labels import NOWHERE
from tidebook.retention.facts import Facts, ForecastFact, RunFact
from tidebook.retention.policy import KEEP_ALL, Action, Policy
from tidebook.retention.standing import Standing, stand

Kind = Literal["version", "forecast", "run"]
KINDS: tuple[Kind, ...] = ("forecast", "version", "run")
DAY = 86_400_000  #: milliseconds


class Item(NamedTuple):
    """One thing in a plan."""

    kind: Kind
    id: str
    project: str
    owner: str | None
    bytes: int
    age_days: float
    goes: bool
    code: str  #: of the reason
    values: Mapping[str, Any]  #: that the reason is told with
    action: Action | None = None  #: what becomes of it, where it goes

    def to_json(self) -> dict[str, Any]:
        """Plain values, the owner left out."""
        return {
            "kind": self.kind,
            "id": self.id,
            "project": self.project,
            "bytes": self.bytes,
            "age_days": round(self.age_days, 2),
            "goes": self.goes,
            "action": self.action,
            "reason": {"code": self.code, "values": dict(self.values)},
        }


@dataclass(frozen=True)
class Plan:
    """Every forecast, version and run that takes space here, and what becomes of it."""

    made: int  #: milliseconds since 1970
    items: tuple[Item, ...]
    best: frozenset[str] = frozenset()  #: addresses of the best versions, each of which the plan counts on
    newest: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    #: by line and project: the addresses of the newest versions that a rule keeps there, the best not counted

    @property
    def going(self) -> list[Item]:
        """What goes, in the order in which it may: forecasts before the versions that made them."""
        return [item for item in self.items if item.goes]

    @cached_property
    def digest(self) -> str:
        """Changes when what goes does, and only then."""
        hasher = hashlib.sha256()
        for item in self.going:
            hasher.update(f"{item.kind}\0{item.id}\0{item.action}\n".encode())
        return hasher.hexdigest()

    def of(self, project: str | None) -> Plan:
        """The part of one project; all of it for None."""
        if project is None:
            return self
        return self.only(lambda item: item.project == project)

    def only(self, which: Callable[[Item], bool]) -> Plan:
        """The part of it that `which` says."""
        return replace(self, items=tuple(item for item in self.items if which(item)))

    def resized(self, sizes: Mapping[str, int]) -> Plan:
        """The same plan, with these bytes of versions, by their addresses."""
        return replace(
            self,
            items=tuple(
                item._replace(bytes=sizes[item.id])
                if item.kind == "version" and sizes.get(item.id, item.bytes) != item.bytes
                else item
                for item in self.items
            ),
        )

    def summary(self) -> list[dict[str, Any]]:
        """How much goes and stays, by kind."""
        counts: Counter[tuple[str, bool]] = Counter()
        sizes: Counter[tuple[str, bool]] = Counter()
        for item in self.items:
            counts[item.kind, item.goes] += 1
            sizes[item.kind, item.goes] += item.bytes
        return [
            {
                "kind": kind,
                "going": counts[kind, True],
                "going_bytes": sizes[kind, True],
                "kept": counts[kind, False],
                "kept_bytes": sizes[kind, False],
            }
            for kind in KINDS
        ]


def plan(policies: Mapping[str, Policy], facts: Facts, now: int) -> Plan:
    """What becomes of everything at the moment `now`.

    `policies` are those of the projects; a project without one gets the defaults, and what names a project that
    cannot be read stays. What is in the archive already is no part of the plan, but counts among the newest and
    keeps the versions that it refers to from being deleted.
    """
    rules = _Rules(policies)
    forecasts = list(_forecasts(rules, facts.forecasts, now))
    standing = stand(facts.versions, rules.of)
    standing.needed = facts.needed
    refer(standing, facts.forecasts, {item.id: item for item in forecasts})
    versions = [
        Item(
            "version",
            fact.address,
            fact.project,
            fact.owner,
            fact.bytes,
            _days(now, fact.published),
            *standing.verdict(fact, rules.of(fact.project)),
        )
        for fact in facts.versions
        if not fact.archived
    ]
    runs = [_run(rules.of(fact.project), fact, now) for fact in facts.runs]
    return Plan(now, (*forecasts, *standing.ordered(versions), *runs), standing.best, standing.first)


def refer(standing: Standing, forecasts: Iterable[ForecastFact], items: Mapping[str, Item]) -> None:
    """Notes which versions are referred to by forecasts that stay, here or in the archive."""
    for fact in forecasts:
        item = items.get(fact.id)
        if item is None or item.action == "archive":
            standing.remembered[fact.model] += 1
        elif not item.goes:
            standing.referring[fact.model] += 1


class _Rules:
    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies, self._default = {**policies, NOWHERE: KEEP_ALL}, Policy()

    def of(self, project: str) -> Policy:
        return self._policies.get(project, self._default)


def _forecasts(rules: _Rules, facts: Iterable[ForecastFact], now: int) -> Iterable[Item]:
    ranks: Counter[str] = Counter()
    for fact in sorted(facts, key=lambda fact: (-fact.created, fact.id)):
        ranks[fact.project] += 1
        if fact.archived:
            continue
        policy, age, rank = rules.of(fact.project), _days(now, fact.created), ranks[fact.project]
        rule = policy.forecasts
        values = {"days": rule.days, "newest": rule.newest, "rank": rank}
        if rule.days is not None and age > rule.days:
            code = "too_old"
        elif rule.newest is not None and rank > rule.newest:
            code = "beyond_newest"
        elif rule.days is not None:
            code = "young"
        else:
            code = "newest" if rule.newest is not None else "no_rule"
        goes = code in {"too_old", "beyond_newest"}
        action = policy.action if goes else None
        yield Item("forecast", fact.id, fact.project, fact.owner, fact.bytes, age, goes, code, values, action)


def _run(policy: Policy, fact: RunFact, now: int) -> Item:
    age = _days(now, fact.ended)
    days = {"completed": policy.runs.completed_days, "failed": policy.runs.failed_days}.get(fact.status)
    if fact.live:
        code = "live"
    elif fact.pinned:
        code = "pinned"
    elif days is None:
        code = "no_rule"
    else:
        code = "too_old" if age > days else "young"
    goes = code == "too_old"
    values = {"days": days, "status": fact.status}
    action = policy.action if goes else None
    return Item("run", fact.name, fact.project, fact.owner, fact.bytes, age, goes, code, values, action)


def _days(now: int, moment: int) -> float:
    return max(0.0, (now - moment) / DAY)
