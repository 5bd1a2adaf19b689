"""`tidebook models tag`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import words


def tag(
    address: Annotated[str, typer.Argument(help=words("address_or_alias"))],
    tags: Annotated[list[str] | None, typer.Argument(help=words("tags_of_version"), metavar="KEY=VALUE…")] = None,
    remove: Annotated[list[str] | None, typer.Option(help=words("remove_tag"))] = None,
    project: Annotated[str | None, typer.Option(help=words("move_to_project"))] = None,
    notes: Annotated[str | None, typer.Option(help=words("set_notes"))] = None,
    pin: Annotated[bool | None, typer.Option("--pin/--unpin", help=words("pin_version"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Changes the tags, the project, the notes or the pin of a version."""
    from tidebook.cli.catalog import check_project
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json
    from tidebook.core.errors import InvalidInput

    changed: dict[str, str | None] = dict.fromkeys(remove or ())
    for word in tags or ():
        key, separator, text = word.partition("=")
        if not separator:
            raise InvalidInput(
                "A tag must be written as key=value", got=repr(word[:80]), fix="Write it like team=east."
            )
        changed[key] = text
    fields = {"project": project, "notes": notes, "pinned": pin}
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if not changed and not changes:
        raise InvalidInput(
            "There must be something to change",
            got="no tag",
            fix="Write key=value, --remove key, --project, --notes or --pin.",
        )
    if project is not None:
        check_project(project)
    models = manager()
    version = models.version(address)
    item = models.label(version, tag=changed, **changes)
    if json:
        print_json(item)
    else:
        console.print(words("labelled", address=str(version)), highlight=False)
