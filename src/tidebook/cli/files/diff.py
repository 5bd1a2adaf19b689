"""`tidebook diff`."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from tidebook.cli.files.options import Center, Json, Model
from tidebook.cli.words import words

_NUMBERED = re.compile(r"v[1-9]\d*")
_SIGNS = {"changed": ("~", "yellow"), "added": ("+", "green"), "removed": ("-", "red")}


def diff(
    model: Model,
    a: Annotated[str, typer.Argument(help=words("diff_a"), metavar="A")],
    b: Annotated[str, typer.Argument(help=words("diff_b"), metavar="B")],
    center: Center = None,
    json: Json = False,
) -> None:
    """What changed from one version to another; of published ones also hyper-parameters and metrics."""
    from tidebook.cli.files.options import pipe_of
    from tidebook.cli.output import console, harmless, print_json
    from tidebook.store import comparing

    if "/" in model and center is None:
        from tidebook.cli.models.compare import compare

        compare(_address(model, a), _address(model, b), json=json)
        return
    rows = comparing.diff(pipe_of(model, a, center), pipe_of(model, b, center))
    if json:
        print_json({"files": rows})
        return
    changed = [row for row in rows if row["status"] != "same"]
    for row in changed:
        sign, style = _SIGNS[row["status"]]
        console.print(f"{sign} {harmless(row['path'])}", style=style, markup=False, highlight=False)
    console.print(words("diff_counts", changed=len(changed), same=len(rows) - len(changed)), highlight=False)


def _address(line: str, version: str) -> str:
    return f"{line}/{version}" if _NUMBERED.fullmatch(version) else f"{line}@{version}"
