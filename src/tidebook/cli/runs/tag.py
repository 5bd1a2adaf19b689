"""`tidebook runs tag`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import words


def tag(
    what: Annotated[list[str] | None, typer.Argument(help=words("runs_and_tags"), metavar="RUN… KEY=VALUE…")] = None,
    remove: Annotated[list[str] | None, typer.Option(help=words("remove_tag"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    project: Annotated[str | None, typer.Option(help=words("move_to_project"))] = None,
    notes: Annotated[str | None, typer.Option(help=words("set_notes"))] = None,
    pin: Annotated[bool | None, typer.Option("--pin/--unpin", help=words("pin"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Changes the tags, the project or the notes of runs."""
    from tidebook.cli.catalog import check_project
    from tidebook.cli.output import console, print_json
    from tidebook.cli.runs.finding import chosen
    from tidebook.core.errors import InvalidInput
    from tidebook.records import labels

    names = [word for word in what or () if "=" not in word]
    tags: dict[str, str | None] = dict.fromkeys(remove or ())
    for word in what or ():
        key, separator, text = word.partition("=")
        if separator:
            tags[key] = text
    fields = {"project": project, "notes": notes, "pinned": pin}
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if not tags and not changes:
        raise InvalidInput(
            "There must be something to change",
            got="no tag",
            fix="Write key=value, --remove key, --project or --notes.",
        )
    labels.check({**changes, "tags": {key: text for key, text in tags.items() if text is not None}})
    if project is not None:
        check_project(project)
    runs = chosen(names, where)
    done = {folder.name: labels.change(folder, tag=tags, **changes).to_json() for folder in runs}
    if json:
        print_json({"runs": [{"run_name": name, **content} for name, content in done.items()]})
        return
    console.print(words("changed_runs", count=len(done)), highlight=False)
