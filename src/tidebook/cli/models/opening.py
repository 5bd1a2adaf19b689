"""The registry of the home, and the version that an address means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidebook.core.scope import Address
    from tidebook.registry import ModelManager


def manager() -> ModelManager:
    """The registry of the home."""
    from tidebook.core.settings import Settings
    from tidebook.registry import ModelManager

    return ModelManager(Settings())


def version_at(models: ModelManager, address: str) -> Address:
    """The version at an address; a line without /vN or @alias means its best."""
    return models.resolve(address)
