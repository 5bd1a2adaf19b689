"""`tidebook token NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def token(
    name: Annotated[str, typer.Argument(help=words("token_name"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Makes a bearer token for programs; it is shown this once."""
    from tidebook.catalog.credentials import ADMINISTRATOR, Credentials, User
    from tidebook.catalog.database import open_database
    from tidebook.catalog.migrate import migrate
    from tidebook.cli.output import print_json
    from tidebook.core.settings import Settings

    database = open_database(Settings())
    try:
        migrate(database)
        credentials = Credentials(database)
        credentials.create_administrator()
        made = credentials.create_token(User(ADMINISTRATOR, "", "administrator"), name)
    finally:
        database.close()
    if json:
        print_json(made)
    else:
        typer.echo(made["token"])
