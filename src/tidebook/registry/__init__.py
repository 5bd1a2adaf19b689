"""The model registry: versions of models under names that people know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidebook.registry.manager import ModelManager

if TYPE_CHECKING:
    model_manager: ModelManager

__all__ = ["ModelManager"]


def __getattr__(name: str) -> object:
    if name == "model_manager":  # That of the settings as they are now; made when it is asked for.
        from tidebook.core.settings import Settings

        return ModelManager(Settings())
    raise AttributeError(f"module 'tidebook.registry' has no attribute {name!r}")
