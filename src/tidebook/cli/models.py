"""`tidebook models list | show | delete`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=words("models_list"))
def list_(
    mode: Annotated[str | None, typer.Option(help=words("mode"))] = None,
    algorithm: Annotated[str | None, typer.Option(help=words("algorithm"))] = None,
    search: Annotated[str | None, typer.Option(help=words("search"))] = None,
    page: Annotated[int, typer.Option(min=1, help=words("page"))] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=1000, help=words("page_size"))] = 20,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Versions, newest first."""
    from tidebook.cli.output import console, print_json, print_table

    listed = _manager().list_models(page, page_size, mode=mode, model_type=algorithm, search=search)
    if json:
        print_json(listed)
        return
    if not listed["models"]:
        console.print(words("no_models"))
        return
    rows = [
        [
            item["address"],
            (item.get("metrics") or {}).get("wape"),
            (item.get("validation") or {}).get("wape"),
            words("best") if item["is_best"] else "",
            str(item["timestamp"])[:19].replace("T", " "),
        ]
        for item in listed["models"]
    ]
    print_table([words("version_column"), "WAPE", words("validation_wape"), "", words("made")], rows)
    pages = listed["pagination"]
    if pages["total_pages"] > 1:
        console.print(words("pages", page=pages["page"], pages=pages["total_pages"], total=pages["total"]), style="dim")


@app.command("show", help=words("models_show"))
def show(
    address: Annotated[str, typer.Argument(help=words("address"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """One version: metrics, hyper-parameters and files."""
    from tidebook.cli.output import console, print_json, print_table

    detail = _manager().get(_version(address))
    if json:
        print_json(detail)
        return
    metadata = detail["metadata"]
    console.print(metadata["description"], style="bold", highlight=False, markup=False)
    print_table([words("metric"), words("value")], sorted((metadata.get("metrics") or {}).items()))
    print_table([words("flag"), words("value")], (metadata.get("hyperparameters") or {}).items())
    print_table([words("file"), words("bytes")], [[file["path"], str(file["size"])] for file in detail["files"]])


@app.command("delete", help=words("models_delete"))
def delete(
    address: Annotated[str, typer.Argument(help=words("address"))],
    yes: Annotated[bool, typer.Option("--yes", help=words("yes"))] = False,
    reason: Annotated[str, typer.Option(help=words("reason"))] = "",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Deletes one version; its number is not used again."""
    from tidebook.cli.output import console, print_json

    manager, version = _manager(), _version(address)
    manager.get(version)
    if not yes:
        typer.confirm(words("delete_sure", address=str(version)), abort=True, err=True)
    manager.delete(version, reason)
    if json:
        print_json({"deleted": str(version)})
    else:
        console.print(words("deleted", address=str(version)), highlight=False)


def _manager() -> Any:
    from tidebook.core.settings import Settings
    from tidebook.registry import ModelManager

    return ModelManager(Settings())


def _version(address: str) -> Any:
    """The version at an address; a line without /vN means its best."""
    from tidebook.core.scope import Address

    parsed = Address.parse(address)
    return parsed if parsed.version is not None else _manager().resolve(parsed, "best")
