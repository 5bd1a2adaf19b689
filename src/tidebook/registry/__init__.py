"""The model registry: versions of models under names that people know."""

from tidebook.registry.manager import ModelManager

__all__ = ["ModelManager"]
