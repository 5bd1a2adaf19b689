"""The published versions that a composite algorithm is made of: found, read and made to agree on their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager

if TYPE_CHECKING:
    from tidebook.abc import Algorithm, State

WORDS = ("best", "latest")  #: that may stand in place of a version


@dataclass(frozen=True)
class Members:
    """The versions with their addresses, in the order that they were named in."""

    states: Sequence[tuple[str, State]] = ()
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: of text covariates, see Panel


def members_of(algorithm: Algorithm, hyperparameters: Any, settings: Settings) -> Members:
    """The versions that the hyper-parameter `members` names; none for an algorithm that asks for none.

    InvalidInput where there is no name, the same version comes twice, or two read a text covariate differently;
    NotFound for a version that there is not.
    """
    if not algorithm.traits.members:
        return Members()
    manager = ModelManager(settings)
    addresses = resolve(hyperparameters.members, manager)
    owners: dict[str, Address] = {}
    categories: dict[str, tuple[str, ...]] = {}
    states = []
    for address in addresses:
        for name, values in manager.get(address)["metadata"].get("categories", {}).items():
            texts = tuple(values)
            if categories.setdefault(name, texts) != texts:
                raise InvalidInput(
                    "The members of an ensemble must have been trained with the same texts of a covariate",
                    got=f"{name}, of which {owners[name]} and {address} know different texts",
                    fix="Leave one of them out, or train it again on the data of the other.",
                    field="members",
                )
            owners.setdefault(name, address)
        states.append((str(address), _state(address, manager)))
    return Members(states, categories)


def resolve(text: str, manager: ModelManager) -> list[Address]:
    """The versions in `text`: addresses separated by commas, each of a version or of a line with /best or /latest."""
    found: dict[Address, str] = {}
    for name in (part.strip().strip("/") for part in text.split(",")):
        if not name:
            continue
        line, _, word = name.rpartition("/")
        address = manager.resolve(line, word) if word in WORDS else manager.resolve(name)
        if address in found:
            raise InvalidInput(
                "Each member of an ensemble must be named once",
                got=f"{address}, named by {found[address]} and by {name}" if name != found[address] else str(address),
                fix="Leave one of them out.",
                field="members",
            )
        found[address] = name
    if not found:
        raise InvalidInput(
            "An ensemble must have members",
            got="none",
            fix="Name published versions in members, such as product/P001_all/lstm/best.",
            field="members",
        )
    return list(found)


def _state(address: Address, manager: ModelManager) -> State:
    from tidebook import checkpoint

    try:
        return checkpoint.load_state(manager.open(address, "model.pth"))[1]
    except FileNotFoundError as error:
        raise NotFound(
            "A member of an ensemble must exist while it is read",
            got=f"no model.pth in {address}",
            fix="It may have been deleted meanwhile; choose another.",
        ) from error
