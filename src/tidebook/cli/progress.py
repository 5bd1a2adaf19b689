"""How far something is, as a bar on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.jobs.progress import Progress, Watcher


@contextmanager
def watching() -> Iterator[Watcher]:
    """A watcher that moves the bar."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from tidebook.cli.output import errors

    with Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    ) as bar:
        line = bar.add_task(words("status_preparing"), total=1.0, loss="")

        def watch(progress: Progress) -> None:
            loss = "" if progress.val_loss is None else words("validation_loss", loss=progress.val_loss)
            status = words(f"status_{progress.status}")
            epoch = f" {min(progress.epoch + 1, progress.epochs)}/{progress.epochs}" if progress.epochs else ""
            fit = words("fold_model", fold=progress.fit, folds=progress.fits - 1) if progress.fit else ""
            bar.update(line, completed=progress.fraction, description=status + epoch + fit, loss=loss)

        yield watch


@contextmanager
def counting(description: str) -> Iterator[Callable[[int, int], bool]]:
    """What moves a bar of so many things of so many, and goes on."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from tidebook.cli.output import errors

    with Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,  # Else it leaves an empty line.
    ) as bar:
        line = bar.add_task(description, total=None)

        def count(done: int, of: int) -> bool:
            bar.update(line, completed=done, total=of)
            return True

        yield count
