"""The runs that a command means: by name, by the beginning of a name, `latest`, or by a filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound, nearest

LATEST = "latest"

Item = dict[str, Any]


def folders() -> Iterator[Path]:
    """The folders of all runs: in the home's out/ and in out/ of the working folder."""
    from tidebook.core.settings import Settings
    from tidebook.runs.record import is_run

    seen: set[Path] = set()
    for output in (Settings().out, Path("out")):
        if output.is_dir() and output.resolve() not in seen:
            seen.add(output.resolve())
            yield from (
                path for path in output.iterdir() if path.is_dir() and not path.name.startswith(".") and is_run(path)
            )


def find(name: str) -> Path:
    """The folder of the run called `name`, or the only one whose name begins so, or of the newest (`latest`).

    NotFound where there is none, InvalidInput where there are several.
    """
    known = {path.name: path for path in reversed([*folders()])}  # of twins the one in the home
    if name in known:
        return known[name]
    if name == LATEST and known:
        from tidebook.runs.record import describe, moment

        described = (describe(path) for path in known.values())
        return Path(max(described, key=lambda run: (moment(run["created_at"]), run["run_name"]))["folder"])
    begun = sorted(path for path in known if name and path.startswith(name))
    if len(begun) > 1:
        raise InvalidInput(
            "The beginning of a run's name must fit one run only",
            got=f"{name}, which {len(begun)} begin with: {', '.join(begun[:3])}{', …' * (len(begun) > 3)}",
            fix="Write more of the name.",
        )
    if not begun:
        _check_here(name)
        raise NotFound("A run must exist", got=name, fix=nearest(name, known))
    return known[begun[0]]


def _check_here(name: str) -> None:
    """NotFound for a run that is in the archive."""
    from tidebook.catalog.runs import shelved
    from tidebook.core.settings import Settings
    from tidebook.retention.runs import archived_run

    if name.isprintable() and "/" not in name and archived_run(Settings().out / name) is not None:
        raise shelved(name)


def matching(where: str | None, sort: str | None = None) -> list[Item]:
    """The runs, as lists show them, that a filter asks for, in order; without a filter all but archived ones."""
    from tidebook.runs.filters import matches, parse, sort_key
    from tidebook.runs.record import summary

    tree, key = parse(where or ""), sort_key(sort)
    return sorted((item for item in map(summary, folders()) if matches(tree, item)), key=key)


def chosen(names: Sequence[str], where: str | None) -> list[Path]:
    """The folders of the runs that are named, or that a filter asks for; InvalidInput for neither or both."""
    if bool(names) == (where is not None):
        raise InvalidInput(
            "The runs must be named, or asked for by --where",
            got="both" if names else "neither",
            fix="Write names, or --where with a filter such as 'status = failed'.",
        )
    if where is not None:
        return [Path(item["folder"]) for item in matching(where)]
    return list(dict.fromkeys(find(name) for name in names))
