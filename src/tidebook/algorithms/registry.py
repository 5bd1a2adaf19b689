"""Finds algorithms: entry points of installed packages, files in the plug-in folder, and what was registered here."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.abc import Traits
from tidebook.algorithms import adapters, hyperparameters
from tidebook.core.errors import InvalidInput, NotFound, TidebookError, nearest

if TYPE_CHECKING:
    from tidebook.abc import Algorithm

GROUP = "tidebook.algorithms"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclasses.dataclass(frozen=True)
class Found:
    """An algorithm and where it came from."""

    algorithm: Algorithm
    source: str  #: the entry point's value, the file, or "registered"


@dataclasses.dataclass(frozen=True)
class ImportFault:
    """An algorithm that could not be imported."""

    source: str  #: the entry point's value or the file
    error: str  #: what went wrong


def find(name: str, plugins: Path | None = None) -> Algorithm:
    """The algorithm called `name`; NotFound offers the nearest names and says which plug-ins could not be read.

    Imports no more than it has to: the entry point of that name, else the files in `plugins`.
    """
    for entry in entries():
        if entry.name == name:
            try:
                return _checked(entry.load(), name)
            except Exception as error:
                raise NotFound(
                    f"The algorithm {name} must be importable",
                    got=_reason(error),
                    fix=f"Install what {entry.value} needs.",
                ) from error
    found, faults = _beside(plugins)
    if name in found:
        return found[name].algorithm
    broken = "".join(f" {fault.source} could not be imported: {fault.error}." for fault in faults)
    raise NotFound("The algorithm must be one of those installed", got=name, fix=nearest(name, names(plugins)) + broken)


def names(plugins: Path | None = None) -> list[str]:
    """The names of all algorithms, sorted. Files in `plugins` are imported, entry points are not."""
    found, _ = _beside(plugins)
    return sorted({entry.name for entry in entries()} | set(found))


def collect(plugins: Path | None = None) -> tuple[dict[str, Found], list[ImportFault]]:
    """All algorithms by name with their sources, and what could not be imported."""
    found: dict[str, Found] = {}
    faults = []
    for entry in entries():
        try:
            found[entry.name] = Found(_checked(entry.load(), entry.name), entry.value)
        except Exception as error:  # noqa: BLE001 - whatever a package does, the others must be listed
            faults.append(ImportFault(entry.value, _reason(error)))
    more, broken = _beside(plugins)
    return {**found, **more}, faults + broken


@cache
def entries() -> tuple[EntryPoint, ...]:
    """The installed entry points, sorted by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda entry: entry.name))


def plugin_files(plugins: Path | None) -> list[Path]:
    """The files that may hold algorithms."""
    if plugins is None or not plugins.is_dir():
        return []
    return sorted(path for path in plugins.glob("*.py") if not path.name.startswith((".", "_")))


def _beside(plugins: Path | None) -> tuple[dict[str, Found], list[ImportFault]]:
    """What does not come from entry points."""
    taken = {entry.name for entry in entries()}
    found = {name: Found(algorithm, "registered") for name, algorithm in adapters.registered().items()}
    faults = []
    for path in plugin_files(plugins):
        try:
            stat = path.stat()
            for algorithm in _of_file(path, stat.st_mtime_ns, stat.st_size):
                if algorithm.name in taken or algorithm.name in found:
                    raise InvalidInput(
                        "An algorithm's name must be its own",
                        got=f"{algorithm.name}, which there is already",
                        fix="Choose another name in the plug-in.",
                    )
                found[algorithm.name] = Found(algorithm, str(path))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken plug-in must not hide the others
            faults.append(ImportFault(str(path), _reason(error)))
    return found, faults


@lru_cache(maxsize=256)
def _of_file(path: Path, mtime_ns: int, size: int) -> tuple[Algorithm, ...]:
    """What the file defines as `algorithm` or registers; imported again when it has changed."""
    name = f"tidebook_plugin_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their annotations up there
    with adapters.collecting() as made:
        spec.loader.exec_module(module)
    own = getattr(module, "algorithm", None)
    algorithms = [*made.values(), *([] if own is None else [own])]
    if not algorithms:
        raise InvalidInput(
            "A plug-in file must define `algorithm` or call register_trainer",
            got="neither",
            fix="Write `algorithm = …` with an object that has name, Hyperparameters, traits, fit and load.",
        )
    return tuple(_checked(algorithm, None) for algorithm in algorithms)


def _checked(algorithm: Any, name: str | None) -> Algorithm:
    """`algorithm`, if it has all that the interface asks for and, where `name` is given, that name."""
    own = getattr(algorithm, "name", None)
    if not isinstance(own, str) or not _NAME.fullmatch(own) or (name is not None and own != name):
        raise InvalidInput(
            "An algorithm's name must be a letter and up to 39 of a-z, 0-9, '_' and '-', and that of its entry point",
            got=own,
            fix=f"Set its name to {name!r}." if name else "Set its name, such as 'newnet'.",
        )
    cls: Any = getattr(algorithm, "Hyperparameters", None)
    wanting = [part for part in ("fit", "load") if not callable(getattr(algorithm, part, None))]
    if not isinstance(getattr(algorithm, "traits", None), Traits):
        wanting.append("traits")
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        wanting.append("Hyperparameters")
    if wanting:
        raise InvalidInput(
            f"The algorithm {own} must have name, Hyperparameters (a dataclass), traits, fit and load",
            got=f"none or another kind of {', '.join(wanting)}",
            fix="See tidebook.abc.Algorithm.",
        )
    hyperparameters.schema(cls)
    checked: Algorithm = algorithm
    return checked


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, TidebookError) else f"{type(error).__name__}: {error}"
