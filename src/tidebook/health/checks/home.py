"""Runs, forecasts and datasets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tidebook.core.errors import TidebookError
from tidebook.core.ids import is_id
from tidebook.health.checks.archive import shelved
from tidebook.health.finding import Finding, Home
from tidebook.records import dataset as datasets_
from tidebook.records import forecast as records
from tidebook.retention.runs import finish_run
from tidebook.runs.record import DELETED, is_run, summary
from tidebook.store.archiving import RECORD


def runs(home: Home) -> Iterator[Finding]:
    """What is wrong with the folders of runs, and what is left of deleted ones."""
    for folder in _folders(home.settings.out):
        name = home.name(folder)
        if (folder / DELETED).exists():
            left = sorted({path.name for path in folder.iterdir()} - {DELETED, RECORD})
            if (folder / RECORD).is_file():
                yield from shelved(home, name, f"{name}/{RECORD}", home.thing("run", folder.name))
            elif left:
                finish = partial(finish_run, home.settings, folder.name)
                yield Finding("deletion_unfinished", name, ", ".join(left[:5]), finish)
        elif not is_run(folder):
            yield Finding("foreign_folder", name)
        else:
            yield from shelved(home, name, f"{name}/{RECORD}", home.thing("run", folder.name))
            problems = summary(folder)["problems"]
            if problems:
                yield Finding("run_damaged", name, "; ".join(problems[:10]))


def forecasts(home: Home) -> Iterator[Finding]:
    """Files that hold no forecast, and archived ones that the archive has lost."""
    settings = home.settings
    for path in sorted(settings.saved_predictions.glob("*")) if settings.saved_predictions.is_dir() else []:
        stem = path.name.removesuffix(".json").removesuffix(".archived")
        if path.name.startswith("."):
            continue
        if not path.is_file() or not path.name.endswith(".json") or not is_id(stem, "PRED"):
            yield Finding("foreign_folder", home.name(path))
            continue
        if path.name.endswith(records.ARCHIVED):
            yield from shelved(home, home.name(path), home.name(path), home.thing("forecast", stem))
            continue
        try:
            records.summary(records.load(settings, stem))
        except (TidebookError, KeyError, TypeError) as error:
            yield Finding("forecast_broken", home.name(path), str(error)[:200], partial(home.set_aside, path))


def datasets(home: Home) -> Iterator[Finding]:
    """Records that cannot be read, and tables that are gone."""
    for folder in _folders(home.settings.datasets):
        name = home.name(folder)
        if not (folder / datasets_.FILE).is_file():
            yield Finding("foreign_folder", name)
            continue
        try:
            record = datasets_.load(home.settings, folder.name)
        except (TidebookError, KeyError, TypeError) as error:
            yield Finding("dataset_broken", name, str(error)[:200])
            continue
        if not (folder / datasets_.IDS).is_file():
            yield Finding("dataset_broken", name, f"{datasets_.IDS} is missing")
        if "://" not in record.path and not Path(record.path).exists():
            yield Finding("dataset_file_missing", name, record.path)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
