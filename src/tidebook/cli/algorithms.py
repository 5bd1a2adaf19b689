"""`tidebook algorithms [NAME]`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import language, words


def algorithms(
    name: Annotated[str | None, typer.Argument(help=words("algorithm_name"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """All algorithms, or the hyper-parameters of one."""
    from tidebook.algorithms.catalogue import described
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.core.errors import NotFound, nearest
    from tidebook.core.settings import Settings

    document = described(Settings())
    if name is None:
        if json:
            print_json(document)
            return
        suffix = "_zh" if language() == "zh" else ""
        print_table(
            [words("name"), words("title"), words("good_at")],
            [[a["name"], a["title"], a[f"description{suffix}"]] for a in document["algorithms"]],
        )
        for error in document["errors"]:
            console.print(
                words("plugin_error", source=error["source"], error=error["error"]), style="red", markup=False
            )
        return
    found = {a["name"]: a for a in document["algorithms"]}
    if name not in found:
        raise NotFound("The algorithm must be one of those installed", got=name, fix=nearest(name, found))
    if json:
        print_json(found[name])
        return
    print_table(
        [words("flag"), words("default"), words("range"), words("meaning")],
        [
            [f"--{key.replace('_', '-')}", str(entry.get("default")), _range(entry), _help(entry)]
            for key, entry in found[name]["schema"]["properties"].items()
        ],
    )


def _range(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return " | ".join(map(str, entry["enum"]))
    low, high = entry.get("minimum"), entry.get("maximum")
    if low is None and high is None:
        return ""
    return f"{'' if low is None else low} … {'' if high is None else high}"


def _help(entry: dict[str, Any]) -> str:
    return str(entry.get("x-description-zh" if language() == "zh" else "description", ""))
