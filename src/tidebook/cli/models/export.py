"""`tidebook models export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.words import words


def export(
    address: Annotated[str, typer.Argument(help=words("address_or_alias"))],
    target: Annotated[Path, typer.Argument(help=words("bundle"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Writes a version with its manifest to one file, to be carried to another home."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json
    from tidebook.registry.bundle import check_target, pack

    models = manager()
    version = models.resolve(address)
    files = pack(models, version, check_target(target))
    if json:
        print_json({"address": str(version), "path": str(target), "files": files})
    else:
        console.print(words("version_exported", address=str(version), target=target), highlight=False, markup=False)
