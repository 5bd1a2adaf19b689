"""How results are shown: a table for people, JSON for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidebook.cli.words import language
from tidebook.core.errors import TidebookError
from tidebook.core.files import dump_json
from tidebook.core.translation import problem_in, text_in

_UNITS = ("B", "kB", "MB", "GB", "TB")
_UNIT = re.compile(r" [kMGT]?B$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

NARROW = 6  #: characters that a column gets at least, where it has as many

console = Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """`value` as JSON on standard output."""
    sys.stdout.buffer.write(dump_json(value))
    sys.stdout.buffer.flush()


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: Collection[int] = frozenset()
) -> None:
    """A table; columns of numbers are set to the right.

    Those counted in `whole` are never broken into lines nor cut, however narrow the terminal is.
    """
    body = [[_shown(cell) for cell in row] for row in rows]
    widths = [max((cell_len(row[i]) for row in body), default=0) for i in range(len(columns))]
    least = [width if i in whole else min(width, NARROW) for i, width in enumerate(widths)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, name in enumerate(columns):
        numeric = bool(body) and all(_is_number(row[i]) for row in body)
        table.add_column(
            Text(harmless(name)),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=i in whole,
            min_width=least[i],
        )
    for row in body:
        table.add_row(*map(Text, row))
    needed = sum(least) + 2 * (len(columns) - 1)
    table.width = needed if needed > console.width else None
    console.print(table, crop=False)


def print_error(error: TidebookError, *, as_json: bool) -> None:
    """The error on standard error: what must hold, what was got, what to do, in the language of the user.

    JSON stays English: programs and searches compare these texts, and a log must not depend on whose terminal wrote it.
    """
    if as_json:
        sys.stderr.buffer.write(dump_json(error.problem()))
        sys.stderr.buffer.flush()
        return
    told = shown(error)
    errors.print(Text.assemble(("✗", "bold red"), " ", harmless(told["rule"])))
    errors.print(Text(f"  {harmless(told['got'])}", style="dim"))
    errors.print(Text(f"  → {harmless(told['fix'])}"))


def shown(error: TidebookError) -> dict[str, Any]:
    """The error as a problem document in the language of the user."""
    return problem_in(language(), error.problem())


def size_of(count: int) -> str:
    """Bytes as people read them, in powers of 1000 as the web UI has them."""
    size, units = float(count), list(_UNITS)
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:,.1f}".removesuffix(".0") + f" {units[0]}"


def said(text: str) -> str:
    """Why something failed or what is wrong, as a record says it, in the language of the user."""
    return harmless(text_in(language(), text))


def time_of(text: object) -> str:
    """A moment (ISO 8601) as all tables show it: to the minute, in the zone of this machine."""
    try:
        moment = datetime.fromisoformat(str(text))
        return f"{moment.astimezone() if moment.tzinfo else moment:%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return str(text or "–")


def number(value: float) -> str:
    """A number with four digits, of thousands with one after the point."""
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def harmless(text: str) -> str:
    """`text` without what a terminal would take for a command: names, notes and logs may come from others."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _shown(cell: object) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return number(cell)
    return harmless(str(cell))


def _is_number(text: str) -> bool:
    text = _UNIT.sub("", text)
    return text == "–" or text.replace(",", "").replace(".", "").replace("%", "").strip().lstrip("-").isdigit()
