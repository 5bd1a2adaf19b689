"""`tidebook backup` and `tidebook restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.words import words

PACKED = b"\x28\xb5\x2f\xfd"  #: begins a file of zstd


def backup(
    target: Annotated[Path, typer.Argument(help=words("backup_target"))],
    store: Annotated[bool, typer.Option("--store", help=words("backup_store"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Copies the whole home to a file or folder; a server may go on meanwhile."""
    from tidebook.cli.output import console, print_json, size_of
    from tidebook.core.settings import Settings
    from tidebook.health.backup import backup as make

    made = make(Settings(), target, store=store)
    if json:
        print_json({"files": made.files, "bytes": made.bytes, "left_out": list(made.left_out), "target": str(target)})
        return
    console.print(words("backup_done", files=made.files, bytes=size_of(made.bytes), target=target), highlight=False)
    for name in made.left_out:
        console.print(words("backup_left_out", name=name), style="yellow", highlight=False)
    console.print(words("backup_secret"), style="dim", highlight=False)


def restore(
    source: Annotated[Path, typer.Argument(help=words("restore_source"))],
    home: Annotated[Path, typer.Argument(help=words("restore_home"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Makes a new home from a backup."""
    from tidebook.cli.output import console, print_json, size_of
    from tidebook.core.errors import DataFault
    from tidebook.health.restore import restore as make

    if source.is_file():
        with source.open("rb") as file:
            if file.read(len(PACKED)) != PACKED:
                raise DataFault(
                    "What is restored must be a backup made by `tidebook backup`",
                    got=f"{source.name}, which is another kind of file",
                    fix="Name the .tar.zst file or the folder that it made.",
                )
    made = make(source, home)
    if json:
        print_json({"files": made.files, "bytes": made.bytes, "home": str(home)})
    else:
        console.print(words("restore_done", files=made.files, bytes=size_of(made.bytes), home=home), highlight=False)
