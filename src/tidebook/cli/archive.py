"""`tidebook archive list | add | restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.retention.moving import Kind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Things = Annotated[list[str], typer.Argument(help=words("archive_things"))]
Json = Annotated[bool, typer.Option("--json", help=words("json"))]


@app.command("list", help=words("archive_list"))
def list_(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=words("limit"))] = 100,
    json: Json = False,
) -> None:
    """What is in the archive, archived last first."""
    from tidebook.catalog.access import EVERYTHING
    from tidebook.catalog.archived import Archived
    from tidebook.catalog.reindex import renewed
    from tidebook.cli.catalog import opened
    from tidebook.cli.output import console, harmless, print_json, print_table, size_of, time_of
    from tidebook.core.settings import Settings
    from tidebook.store.remote import shown

    settings = Settings()
    with opened() as database:
        renewed(database, settings)
        archived = Archived(database, settings)
        archived.sync()
        items, following = archived.page(limit, None, EVERYTHING)
    if json:
        print_json({"items": items, "more": following is not None})
        return
    if not items:
        console.print(words("archive_empty"))
        return
    rows = [
        [
            words(f"kind_{item['kind']}"),
            item["id"],
            size_of(item["bytes"] or 0),
            time_of(item["archived_at"]),
        ]
        for item in items
    ]
    print_table([words(name) for name in ("kind", "name", "packed_size", "archived_at")], rows, whole={1, 3})
    where = harmless(shown(settings.archive_place))
    console.print(words("where_it_lies", place=where), style="dim", highlight=False, markup=False, soft_wrap=True)


@app.command("add", help=words("archive_add"))
def add(things: Things, json: Json = False) -> None:
    """Moves versions, forecasts and runs to the archive."""
    _move(things, "archived", json=json)


@app.command("restore", help=words("archive_restore"))
def restore(things: Things, json: Json = False) -> None:
    """Brings versions, forecasts and runs back from the archive."""
    _move(things, "restored", json=json)


def kind_of(name: str) -> Kind:
    """What a name is the name of: the address of a version, the id of a forecast, else that of a run."""
    from tidebook.core.ids import is_id
    from tidebook.registry.item import address_of

    if address_of(name) is not None:
        return "version"
    return "forecast" if is_id(name, "PRED") else "run"


def _move(things: list[str], what: str, *, json: bool) -> None:
    from tidebook.cli.output import console, harmless, print_error, print_json
    from tidebook.core.errors import TidebookError
    from tidebook.core.settings import Settings
    from tidebook.retention import moving

    settings = Settings()
    done: list[str] = []
    already: list[str] = []
    failed: dict[str, TidebookError] = {}
    for name in things:
        try:
            if what == "archived":
                known = moving.is_archived(settings, kind_of(name), name)
                moving.archive(settings, kind_of(name), name, by=None)  # In any case: it may have been cut.
                if known:
                    already.append(name)
                    continue
            else:
                moving.restore(settings, kind_of(name), name)
        except TidebookError as error:
            failed[name] = error
        else:
            done.append(name)
    if json:
        problems = [{"id": name, "problem": error.problem()} for name, error in failed.items()]
        print_json({what: done, "failed": problems, **({"already": already} if what == "archived" else {})})
    else:
        if done or not already:
            console.print(words(f"{what}_things", count=len(done)), highlight=False)
        for name in already:
            console.print(words("archived_already", name=harmless(name)), highlight=False, markup=False)
        for problem in failed.values():
            print_error(problem, as_json=False)
    if failed:
        raise typer.Exit(next(iter(failed.values())).exit_code)
