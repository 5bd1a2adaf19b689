"""How versions stand to each other: which are best, newest, referred to, part of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tidebook.registry.best import best_of
from tidebook.retention.facts import VersionFact
from tidebook.retention.policy import Action, Policy

if TYPE_CHECKING:
    from tidebook.retention.plan import Item

Verdict = tuple[bool, str, Mapping[str, Any], Action | None]  #: goes, code, values, action
_NONE: Mapping[str, Any] = {}


@dataclass
class Standing:
    """What is known of all versions together."""

    facts: Mapping[str, VersionFact]
    rules: Callable[[str], Policy]
    best: frozenset[str]  #: addresses: of each line, and of each project in it
    newest: frozenset[str]  #: addresses with the highest number of their line, and of each project in it
    ranks: Mapping[str, int]  #: of each address, 1 for the newest of its line and project, the best not counted
    first: Mapping[tuple[str, str], Sequence[str]]  #: by line and project: as many of those as the rule keeps
    referring: Counter[str] = field(default_factory=Counter)  #: forecasts that stay here, by address
    needed: Mapping[str, str] = field(default_factory=dict)  #: members of what is being trained, by address
    remembered: Counter[str] = field(default_factory=Counter)  #: forecasts that are or will be in the archive

    def verdict(self, fact: VersionFact, policy: Policy) -> Verdict:
        """What becomes of a version, and why."""
        kept = self._kept(fact, policy)
        if kept is not None:
            return (False, *kept, None)
        of = self.composed.get(fact.address) or self.needed.get(fact.address)
        if of is not None:
            return False, "member", {"of": of}, None
        values = {"newest": policy.versions.newest, "rank": self.ranks.get(fact.address)}
        return True, "beyond_newest", values, policy.action

    @cached_property
    def composed(self) -> Mapping[str, str]:
        """The members of versions that stay, and which they are members of; members of members too.

        What is or will be in the archive can come back: its members must not be deleted, but may go there as well.
        """
        found: dict[str, str] = {}
        heads = [fact for fact in self.facts.values() if fact.members]
        here = [fact for fact in heads if not fact.archived and self._kept(fact, self.rules(fact.project))]
        for head in here:
            self._protect(head, found, stays=True)
        for head in heads:
            if head.archived or (head.address not in found and self.rules(head.project).action == "archive"):
                self._protect(head, found, stays=False)
        return found

    def _protect(self, head: VersionFact, found: dict[str, str], *, stays: bool) -> None:
        waiting = [(head, stays)]
        while waiting:
            head, stays = waiting.pop()
            for address in head.members:
                member = self.facts.get(address)
                if member is None or address in found:
                    continue
                if stays or self.rules(member.project).action == "delete":
                    found[address] = head.address
                    waiting.append((member, True))

    def ordered(self, items: Sequence[Item]) -> list[Item]:
        """Versions in the order in which they may go: what is made of others before those."""
        depth: dict[str, int] = {}

        def depth_of(address: str, above: frozenset[str] = frozenset()) -> int:
            fact = self.facts.get(address)
            if fact is None or not fact.members:
                return 0
            if address not in depth:
                below = [name for name in fact.members if name not in above]
                depth[address] = 1 + max((depth_of(name, above | {address}) for name in below), default=0)
            return depth[address]

        for fact in self.facts.values():
            if fact.members:
                depth_of(fact.address)
        inner = sorted(items, key=_id)
        return sorted(inner, key=lambda item: -depth.get(item.id, 0)) if depth else inner

    def _kept(self, fact: VersionFact, policy: Policy) -> tuple[str, Mapping[str, Any]] | None:
        """Code and values of why a version stays, whatever it is a member of; None where nothing keeps it."""
        address = fact.address
        if address in self.best:
            return "best", _NONE
        if fact.aliases:
            return "alias", {"alias": ", ".join(fact.aliases)}
        if fact.pinned:
            return "pinned", _NONE
        references = self.referring.get(address, 0)
        if policy.action == "delete":
            references += self.remembered.get(address, 0)
        if references:
            return "forecast", {"count": references}
        if policy.versions.newest is None:
            return "no_rule", _NONE
        if self.ranks.get(address, 0) <= policy.versions.newest:
            return "newest", {"newest": policy.versions.newest, "rank": self.ranks.get(address)}
        return ("newest_of_line", _NONE) if address in self.newest else None


def stand(facts: Iterable[VersionFact], rules: Callable[[str], Policy]) -> Standing:
    """How all of `facts` stand."""
    every = {fact.address: fact for fact in facts}
    lines: dict[str, list[VersionFact]] = {}
    for fact in every.values():
        lines.setdefault(fact.line, []).append(fact)
    best = {fact.address for fact in every.values() if fact.is_best}  # the list says so, and need not be asked again
    newest: set[str] = set()
    ranks: dict[str, int] = {}
    first: dict[tuple[str, str], Sequence[str]] = {}
    for line in lines.values():
        # A user who sees one project alone has a best and a latest version of their own.
        projects = _by_project(line)
        for members in (line, *projects) if len(projects) > 1 else (line,):
            members.sort(key=_number, reverse=True)
            if len(projects) > 1 or not any(map(_is_best, members)):
                best.add(_best(members))
            newest.add(members[0].address)
        for members in projects:
            counted = [fact.address for fact in members if fact.address not in best]
            ranks.update(zip(counted, range(1, len(counted) + 1), strict=True))
            rule = rules(members[0].project).versions.newest
            if rule is not None and len(counted) > rule:
                first[members[0].line, members[0].project] = counted[:rule]
    return Standing(every, rules, frozenset(best - {""}), frozenset(newest), ranks, first)


_id, _number, _is_best = attrgetter("id"), attrgetter("number"), attrgetter("is_best")


def _by_project(line: list[VersionFact]) -> list[list[VersionFact]]:
    projects: dict[str, list[VersionFact]] = {}
    for fact in line:
        projects.setdefault(fact.project, []).append(fact)
    return list(projects.values()) if len(projects) > 1 else [line]


def _best(facts: Sequence[VersionFact]) -> str:
    items = (
        {
            "address": fact.address,
            "version": f"v{fact.number}",
            "validation": None if fact.wape is None else {"wape": fact.wape, "end": fact.validated},
            "problem": not fact.loadable,
        }
        for fact in facts
    )
    found = best_of(items)
    return str(found["address"]) if found else ""
