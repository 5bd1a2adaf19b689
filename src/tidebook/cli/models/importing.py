"""`tidebook models import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.words import words


def import_(
    files: Annotated[list[Path], typer.Argument(help=words("import_files"), metavar="FILE…")],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Adds versions from files: those of `models export`, and flat files such as kan_product_P001_v1.pth."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json, said

    models = manager()
    taken = []
    for path in files:
        address, is_new = models.import_file(path)
        taken.append(
            {"file": str(path), "address": str(address), "new": is_new, "problem": models.item(address)["problem"]}
        )
    if json:
        print_json({"items": taken})
        return
    for each in taken:
        told = "version_imported" if each["new"] else "version_present"
        console.print(words(told, file=each["file"], address=each["address"]), highlight=False, markup=False)
        if each["problem"]:
            console.print(f"  ! {said(each['problem'])}", style="yellow", highlight=False, markup=False)
