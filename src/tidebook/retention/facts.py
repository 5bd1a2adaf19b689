"""What a plan needs to know of versions, forecasts and runs: plain values, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class VersionFact(NamedTuple):  # of which there are 100,000: a tuple is made four times as quickly
    """A version that is here or in the archive."""

    address: str
    line: str  #: the address without the version
    number: int
    project: str
    owner: str | None
    published: int  #: milliseconds since 1970, as all moments here
    bytes: int
    wape: float | None  #: of its validation
    validated: str  #: the last validated day, ISO 8601; "" where it was not validated
    is_best: bool = False
    aliases: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    loadable: bool = True
    members: tuple[str, ...] = ()  #: addresses of the versions that it was made of


@dataclass(frozen=True, slots=True)
class ForecastFact:
    """A saved forecast."""

    id: str
    model: str  #: address of the version that made it
    project: str
    owner: str | None
    created: int
    bytes: int
    archived: bool = False


@dataclass(frozen=True, slots=True)
class RunFact:
    """A run."""

    name: str
    project: str
    owner: str | None
    ended: int  #: or its last sign of life
    status: str  #: completed, failed or another
    bytes: int
    live: bool = False  #: whether a process may be writing it
    pinned: bool = False


@dataclass(frozen=True)
class Facts:
    """Everything that a plan looks at."""

    versions: Sequence[VersionFact] = ()
    forecasts: Sequence[ForecastFact] = ()
    runs: Sequence[RunFact] = ()
    needed: Mapping[str, str] = field(default_factory=dict)  #: addresses that open tasks name as members, and those
