"""Tidebook keeps the whole life of forecasting models in one place."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tidebook.api import forecast, load_panel, train
    from tidebook.runs.start import start_run
    from tidebook.store.model_file import ModelFile
    from tidebook.store.profiles import APILocal, list_profiles

__all__ = [
    "APILocal",
    "ModelFile",
    "__version__",
    "forecast",
    "list_profiles",
    "load_panel",
    "start_run",
    "train",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name in {"forecast", "load_panel", "train"}:
        return getattr(import_module("tidebook.api"), name)
    if name == "start_run":  # Not through the API, whose imports take longer than the run.
        return import_module("tidebook.runs.start").start_run
    if name == "ModelFile":
        return import_module("tidebook.store.model_file").ModelFile
    if name in {"APILocal", "list_profiles"}:
        return getattr(import_module("tidebook.store.profiles"), name)
    raise AttributeError(f"module 'tidebook' has no attribute {name!r}")
