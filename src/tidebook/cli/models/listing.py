"""`tidebook models list`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def list_(
    mode: Annotated[str | None, typer.Option(help=words("mode"))] = None,
    algorithm: Annotated[str | None, typer.Option(help=words("algorithm"))] = None,
    scope: Annotated[str | None, typer.Option(help=words("of_scope"))] = None,
    aggregation: Annotated[str | None, typer.Option(help=words("of_aggregation"))] = None,
    search: Annotated[str | None, typer.Option(help=words("search"))] = None,
    project: Annotated[str | None, typer.Option(help=words("of_project"))] = None,
    metric: Annotated[str | None, typer.Option(help=words("metric_bound"), metavar="'wape <= 0.1'")] = None,
    alias: Annotated[str | None, typer.Option(help=words("with_alias"))] = None,
    archived: Annotated[bool | None, typer.Option("--archived/--not-archived", help=words("only_archived"))] = None,
    page: Annotated[int, typer.Option(min=1, help=words("page"))] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=1000, help=words("page_size"))] = 20,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Versions, newest first."""
    from tidebook.cli.models.opening import manager
    from tidebook.cli.output import console, print_json, print_table, time_of

    listed = manager().list_models(
        page,
        page_size,
        mode=mode,
        model_type=algorithm,
        scope=scope,
        aggregation=aggregation,
        search=search,
        project=project,
        metric=metric,
        alias=alias,
        archived=archived,
    )
    if json:
        print_json(listed)
        return
    if not listed["models"]:
        filtered = any(
            each is not None for each in (mode, algorithm, scope, aggregation, search, project, metric, alias)
        )
        console.print(words("no_such_models" if filtered or archived is not None else "no_models"))
        return
    rows = [
        [
            item["address"],
            item["metrics"].get("wape"),
            (item["validation"] or {}).get("wape"),
            " ".join(marks(item)),
            time_of(item["timestamp"]),
        ]
        for item in listed["models"]
    ]
    print_table([words("version_column"), "WAPE", words("validation_short"), "", words("made")], rows, whole={0, 4})
    pages = listed["pagination"]
    if pages["total_pages"] > 1:
        console.print(words("pages", page=pages["page"], pages=pages["total_pages"], total=pages["total"]), style="dim")


def marks(item: dict[str, object]) -> list[str]:
    """What a version is beside its numbers: best, its aliases, archived, not loadable."""
    aliases = item["aliases"]
    return [
        *([words("best")] if item["is_best"] else []),
        *(map(str, aliases) if isinstance(aliases, list) else []),
        *([words("pinned_mark")] if item["pinned"] else []),
        *([words("archived_mark")] if item["archived"] else []),
        *([words("problem_mark")] if item["problem"] else []),
    ]
