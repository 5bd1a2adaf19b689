"""How far a transfer has come, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.store.transfer import Progress, Transferred

SHOWN = 5  #: names of files that one line holds


@contextmanager
def moving() -> Iterator[Progress]:
    """What moves a bar on standard error."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    from tidebook.cli.output import errors, harmless

    with Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,  # Else it leaves an empty line.
    ) as bar:
        line = bar.add_task("", total=None)

        def watch(done: int, total: int, path: str) -> None:
            bar.update(line, completed=done, total=total, description=harmless(path)[-40:])

        yield watch


def named(paths: Sequence[str]) -> str:
    """The first of the paths, and how many more there are."""
    more = [f"… (+{len(paths) - SHOWN})"] if len(paths) > SHOWN else []
    return ", ".join([*paths[:SHOWN], *more])


def report(results: list[Transferred], done: str, *, as_json: bool) -> None:
    """Tells what came of it; `done` is the word for what has moved. Ends with an error's code where a file failed."""
    from tidebook.cli.output import console, errors, harmless, print_json, shown, size_of

    failed = [pair for result in results for pair in result.failed]
    moved = [entry for result in results for entry in result.moved]
    shared = [entry for result in results for entry in result.shared]
    present = [entry for result in results for entry in result.present]
    replaced = [path for result in results for path in result.replaced]
    if as_json:
        print_json(
            {
                "moved": [entry.path for entry in moved],
                "shared": [entry.path for entry in shared],
                "present": [entry.path for entry in present],
                "replaced": replaced,
                "failed": [{"path": path, "problem": error.problem()} for path, error in failed],
                "bytes": sum(result.bytes for result in results),
            }
        )
    else:
        size = size_of(sum(result.bytes for result in results))
        console.print(
            words(done, count=len(moved), size=size, shared=len(shared), present=len(present)), highlight=False
        )
        if replaced:
            console.print(words("replaced", paths=harmless(named(replaced))), highlight=False, markup=False)
        for path, error in failed:
            told = shown(error)
            errors.print(f"✗ {harmless(path)}: {harmless(told['rule'])}", style="red", markup=False, highlight=False)
            errors.print(f"  {harmless(told['got'])} → {harmless(told['fix'])}", markup=False, highlight=False)
    if failed:
        raise typer.Exit(failed[0][1].exit_code)
