"""`tidebook models list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.registry import ModelManager


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

    models = manager()
    listed = models.list_models(
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
    if not listed["models"]:
        _check_known(models, project, algorithm)
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


def _check_known(models: ModelManager, project: str | None, algorithm: str | None) -> None:
    """NotFound for a project that the home does not know, or an algorithm that neither it nor a version has."""
    from tidebook.algorithms.catalogue import described
    from tidebook.cli.catalog import check_project
    from tidebook.core.errors import NotFound, nearest
    from tidebook.core.settings import Settings

    if project is not None and not models.list_models(1, 1, project=project)["models"]:
        check_project(project)
    if algorithm is not None and not models.list_models(1, 1, model_type=algorithm)["models"]:
        known = {each["name"] for each in described(Settings())["algorithms"]}
        if algorithm not in known:
            raise NotFound(
                "The algorithm must be one of those installed", got=algorithm, fix=nearest(algorithm, sorted(known))
            )


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
