"""Whose what lies in the store is, and what a user may do with it."""

from __future__ import annotations

from typing import Any

from tidebook.abc import Store
from tidebook.catalog.access import Access
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import check_segment
from tidebook.core.scope import Address
from tidebook.records.belonging import Belonging, belonging
from tidebook.records.labels import DEFAULT_PROJECT
from tidebook.registry import labels
from tidebook.registry.item import address_of, read_object
from tidebook.server.storing.models import FILES, LABELS, whose_model
from tidebook.store.closing import complete
from tidebook.store.naming import check_name, refuse_twin

MOST_KNOWN = 100_000  #: versions of file models that are remembered to be no twins
_known: set[str] = set()


class Rights:
    """What one user may do with the trees of a store. What they do not see is not there."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store, self._access = store, access

    def claimant(self, owner: str) -> str:
        """Under what name the user's claims are kept: nobody comes at those of others by guessing their names."""
        return f"{self._access.user_id}:{owner}"

    def claimed_as(self, claimant: str | None) -> str | None:
        """What the user called a claim; of others, under what name it is kept."""
        return claimant and claimant.removeprefix(f"{self._access.user_id}:")

    def check_read(self, prefix: str, claim: str = "") -> None:
        """NotFound for a tree that is not there for the user; one they have claimed themselves is."""
        if claim and self._is_claimed(prefix, claim):
            return
        if not self.sees(prefix):
            if self._access.administrator and address_of(prefix) is not None:
                self._store.manifest(prefix)  # It says why.
            raise absent(prefix)

    def sees(self, prefix: str) -> bool:
        """Whether the user sees a complete version, or a file model."""
        whose = self._whose(prefix)
        return whose is not None and self._access.sees(whose.project, whose.owner)

    def check_change(self, prefix: str) -> Belonging:
        """Whose it is. NotFound where the user does not see it, Forbidden where they may only read it."""
        whose = self._whose(prefix)
        if whose is None or not self._access.sees(whose.project, whose.owner):
            raise absent(prefix)
        self._access.check_change(whose.project, whose.owner)
        return whose

    def check_fill(self, prefix: str, claim: str = "") -> None:
        """Refuses where the user may not put files: a version takes them from who claimed it until it is complete."""
        name = model_of(prefix)
        if name is not None and prefix.count("/") == 2:
            self.check_model(name)
            self._check_twin(prefix)
        elif not self._is_claimed(prefix, claim):
            self.check_read(prefix)
            raise complete(prefix)

    def check_model(self, name: str) -> None:
        """Makes the user the owner of a file model that is new; else they must be one who may change it."""
        if self._whose(f"{FILES}/{name}") is None:
            own = {"format_version": 1, "project": DEFAULT_PROJECT, "owner": self._access.user_id}

            def made(before: dict[str, Any] | None) -> dict[str, Any]:
                return own if before is None else before  # Of several at once one becomes the owner.

            self._store.amend(f"{FILES}/{name}", LABELS, made, make=True)
        self.check_change(f"{FILES}/{name}")

    def _check_twin(self, prefix: str) -> None:
        """InvalidInput for a version that differs from another in upper and lower case alone."""
        place = self._store.location(prefix)
        if place in _known:
            return
        line, _, version = prefix.rpartition("/")
        refuse_twin(version, self._store.below(line))
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known.add(place)

    def _is_claimed(self, prefix: str, claim: str) -> bool:
        address = address_of(prefix)
        if not claim or address is None:
            return False
        if self._store.claimed(address.folder, self.claimant(claim)) != address.version:
            return False
        try:
            self._store.manifest(prefix)
        except NotFound:
            return True
        return False

    def _whose(self, prefix: str) -> Belonging | None:
        """Whose a complete version or a file model is; None where there is none."""
        try:
            name = model_of(prefix)
            if name is not None:
                return self._whose_model(name)
            address = address_of(prefix)
            return None if address is None else self._whose_version(address)
        except NotFound:
            return None

    def _whose_model(self, name: str) -> Belonging | None:
        whose = whose_model(self._store, name)
        known = whose.owner is not None or whose.project != DEFAULT_PROJECT
        return whose if known or self._store.tree(f"{FILES}/{name}").entries() else None

    def _whose_version(self, address: Address) -> Belonging:
        prefix = str(address)
        self._store.manifest(prefix)
        metadata = read_object(self._store, address, "metadata.json")
        stated = labels.read(self._store, prefix)
        return belonging({**metadata, **{name: stated[name] for name in ("project", "owner") if name in stated}})


def model_of(prefix: str) -> str | None:
    """The name of the file model that a tree is of; None for anything else. InvalidInput for a name that cannot be."""
    parts = prefix.split("/")
    if parts[0] != FILES:
        return None
    if len(parts) not in {2, 3} or any(part.startswith(".") for part in parts):
        raise absent(prefix)
    check_name(parts[1], "The name of a model")
    if len(parts) == 3:
        check_name(parts[2], "The name of a version")
    return parts[1]


def check_line(line: str) -> Address:
    """The line of versions of this address; InvalidInput where it is none."""
    address = Address.parse(line)
    if address.version is not None or str(address) != line:
        raise InvalidInput(
            "The address of a line must not end in a version", got=line[:120], fix=f"Use {address.folder[:120]}."
        )
    for part in line.split("/"):
        check_segment(part, "A path segment")
    return address


def absent(prefix: str) -> NotFound:
    """The answer for a tree that is not there, or not for this user."""
    return NotFound(
        "The version must exist",
        got=f"{prefix[:200]}, which does not exist",
        fix="List the versions there are.",
    )
