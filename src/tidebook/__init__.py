"""Tidebook keeps the whole life of forecasting models in one place."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tidebook.api import forecast, load_panel, train
    from tidebook.runs.start import start_run

__all__ = ["__version__", "forecast", "load_panel", "start_run", "train"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name in {"forecast", "load_panel", "train"}:
        return getattr(import_module("tidebook.api"), name)
    if name == "start_run":  # Not through the API, whose imports take longer than the run.
        return import_module("tidebook.runs.start").start_run
    raise AttributeError(f"module 'tidebook' has no attribute {name!r}")
