"""`tidebook models delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def delete(
    address: Annotated[str, typer.Argument(help=words("address_or_alias"))],
    yes: Annotated[bool, typer.Option("--yes", help=words("yes"))] = False,
    force: Annotated[bool, typer.Option("--force", help=words("force_delete"))] = False,
    reason: Annotated[str, typer.Option(help=words("reason"))] = "",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Deletes one version; its number is not used again."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json
    from tidebook.core.errors import NotFound

    models = manager()
    version = models.version(address)
    try:
        models.item(version)
    except NotFound:
        models.delete(version, reason, force=force)  # Finishes what a killed deletion began.
        raise
    if not yes:
        typer.confirm(words("delete_sure", address=str(version)), abort=True, err=True)
    models.delete(version, reason, force=force)
    if json:
        print_json({"deleted": str(version)})
    else:
        console.print(words("deleted", address=str(version)), highlight=False)
