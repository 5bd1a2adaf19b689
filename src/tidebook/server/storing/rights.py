"""Whose what lies in the store is, and what a user may do with it."""

from __future__ import annotations

import threading

from blake3 import blake3

from tidebook.abc import FileEntry, Store
from tidebook.catalog.access import Access
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import check_segment, dump_json
from tidebook.core.scope import Address
from tidebook.records.belonging import Belonging, belonging
from tidebook.records.labels import DEFAULT_PROJECT
from tidebook.registry import labels
from tidebook.registry.item import address_of, read_object
from tidebook.server.storing.body import Arriving
from tidebook.server.storing.models import FILES, LABELS, whose_model

_making = threading.Lock()  #: held while a new model gets its owner


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
        elif not self._is_claimed(prefix, claim):
            self.check_read(prefix)
            raise Conflict(
                "A version is written once and never changed",
                got=f"{prefix}, which is complete",
                fix="Publish as a new version.",
            )

    def check_model(self, name: str) -> None:
        """Makes the user the owner of a file model that is new; else they must be one who may change it."""
        with _making:
            if self._whose(f"{FILES}/{name}") is None:
                self._check_twin(name)
                self._label(name)
        self.check_change(f"{FILES}/{name}")

    def _label(self, name: str) -> None:
        """Writes down whose a model is before anything of it is there."""
        labels = {"format_version": 1, "project": DEFAULT_PROJECT, "owner": self._access.user_id}
        content = dump_json(labels)
        digest = f"blake3:{blake3(content).hexdigest()}"
        entry = FileEntry(f"{name}/{LABELS}", len(content), timestamp(), digest)
        self._store.tree(FILES).take(Arriving(entry, (content,), 0), entry)

    def _check_twin(self, name: str) -> None:
        twin = next((other for other in self._store.below(FILES) if other.casefold() == name.casefold()), None)
        if twin is not None and twin != name:
            raise Conflict(
                "Names in the store must differ in more than upper and lower case",
                got=f"{name}, while a twin exists",
                fix="Choose another name.",
            )

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
    for part in parts[1:]:
        check_segment(part, "The name of a model and of its version")
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
