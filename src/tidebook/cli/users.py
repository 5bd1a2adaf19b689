"""`tidebook users add | list | remove | login`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.catalog.database import Database

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help=words("user_id"))]
Url = Annotated[str | None, typer.Option(help=words("user_url"))]
Json = Annotated[bool, typer.Option("--json", help=words("json"))]


@app.command("add", help=words("users_add"))
def add(
    user_id: Id,
    name: Annotated[str, typer.Option(help=words("user_name"))] = "",
    administrator: Annotated[bool, typer.Option("--administrator", help=words("user_administrator"))] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Adds a user and prints a link that logs them in once."""
    from tidebook.catalog.users import Users
    from tidebook.cli.catalog import opened

    with opened() as database:
        Users(database).add(user_id, name, "administrator" if administrator else "member")
        _show_login(database, user_id, url, json)


@app.command("list", help=words("users_list"))
def list_(json: Json = False) -> None:
    """Everybody there is or was."""
    from tidebook.catalog.users import Users
    from tidebook.cli.catalog import opened
    from tidebook.cli.output import print_json, print_table

    with opened() as database:
        found = Users(database).all()
    if json:
        print_json(found)
        return
    columns = [words(name) for name in ("user", "name", "role", "state", "made")]
    print_table(
        columns,
        [
            [user["id"], user["name"], words(f"role_{user['role']}"), words(_state(user)), user["created_at"][:16]]
            for user in found
        ],
    )


@app.command("remove", help=words("users_remove"))
def remove(user_id: Id, yes: Annotated[bool, typer.Option("--yes", "-y", help=words("yes"))] = False) -> None:
    """Removes a user; what they own stays, under their name."""
    from tidebook.catalog.users import Users
    from tidebook.cli.catalog import opened
    from tidebook.cli.output import console

    with opened() as database:
        users = Users(database)
        name = users.get(user_id)["name"]
        if not yes:
            typer.confirm(words("user_remove_sure", user=user_id, name=name), abort=True)
        users.remove(user_id)
    console.print(words("user_removed", user=user_id), highlight=False)


@app.command("login", help=words("users_login"))
def login(user_id: Id, url: Url = None, json: Json = False) -> None:
    """Prints a new link that logs a user in once."""
    from tidebook.cli.catalog import opened

    with opened() as database:
        _show_login(database, user_id, url, json)


def _show_login(database: Database, user_id: str, url: str | None, json: bool) -> None:
    from tidebook.catalog.credentials import Credentials
    from tidebook.catalog.users import Users
    from tidebook.cli.output import print_json
    from tidebook.core.settings import Settings
    from tidebook.server.links import address, login_url

    token = Credentials(database).create_login(user_id)
    link = login_url(url or address(Settings()), token)
    if json:
        print_json({**Users(database).get(user_id), "login_url": link})
    else:
        typer.echo(words("user_login", user=user_id))
        typer.echo(link)


def _state(user: dict[str, Any]) -> str:
    if user["removed"]:
        return "user_gone"
    return "user_disabled" if user["disabled"] else "user_active"
