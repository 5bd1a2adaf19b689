"""`tidebook models alias set | remove | list`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Reason = Annotated[str, typer.Option(help=words("reason"))]


@app.command("set", help=words("alias_set"))
def set_(
    address: Annotated[str, typer.Argument(help=words("address_or_alias"))],
    alias: Annotated[str, typer.Argument(help=words("alias_name"))],
    reason: Reason = "",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Gives a version the alias; the version of the line that had it loses it."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json

    models = manager()
    version = models.version(address)
    models.set_alias(version, alias, reason=reason)
    if json:
        print_json(models.aliases(version))
        return
    previous = models.aliases(version)["history"][-1:]
    before = previous[0]["previous"] if previous and previous[0]["alias"] == alias else None
    told = "alias_moved" if before else "alias_given"
    console.print(words(told, alias=alias, address=str(version), before=before), highlight=False)


@app.command("remove", help=words("alias_remove"))
def remove(
    line: Annotated[str, typer.Argument(help=words("model"))],
    alias: Annotated[str, typer.Argument(help=words("alias_name"))],
    reason: Reason = "",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Takes the alias off the version that has it."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json

    models = manager()
    models.remove_alias(line, alias, reason=reason)
    if json:
        print_json(models.aliases(line))
    else:
        console.print(words("alias_removed", alias=alias, line=line), highlight=False)


@app.command("list", help=words("alias_list"))
def list_(
    line: Annotated[str, typer.Argument(help=words("model"))],
    history: Annotated[bool, typer.Option("--history", help=words("alias_history"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """The aliases of a line, or all that was ever changed of them."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json, print_table, time_of

    content = manager().aliases(line)
    if json:
        print_json(content)
        return
    if not content["history" if history else "aliases"]:
        console.print(words("no_alias"))
    elif history:
        rows = [
            [time_of(event["at"]), event["alias"], event["previous"], event["version"], event["by"], event["reason"]]
            for event in content["history"]
        ]
        columns = ("when", "alias", "before", "after", "by", "why")
        print_table([words(f"{name}_column") for name in columns], rows, whole={0})
    else:
        entries = sorted(content["aliases"].items())
        rows = [[name, entry["version"], time_of(entry["at"]), entry["by"], entry["reason"]] for name, entry in entries]
        print_table([words(f"{name}_column") for name in ("alias", "version", "when", "by", "why")], rows, whole={0, 2})
        earlier = len(content["history"]) - len(entries)
        if earlier > 0:
            console.print(words("earlier_moves", count=earlier), style="dim", highlight=False)
