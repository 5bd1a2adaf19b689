"""`tidebook token NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def token(
    name: Annotated[str, typer.Argument(help=words("token_name"))],
    user: Annotated[str | None, typer.Option(help=words("token_user"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Makes a bearer token for programs; it is shown this once."""
    from tidebook.catalog.credentials import Credentials
    from tidebook.cli.catalog import acting, opened
    from tidebook.cli.output import print_json

    with opened() as database:
        made = Credentials(database).create_token(acting(database, user), name)
    if json:
        print_json(made)
    else:
        typer.echo(made["token"])
