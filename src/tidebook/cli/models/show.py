"""`tidebook models show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import words


def show(
    address: Annotated[str, typer.Argument(help=words("address_or_alias"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """One version: where it comes from, metrics, hyper-parameters and files."""
    from tidebook.cli.models.opening import manager, version_at
    from tidebook.cli.output import console, print_json, print_table, size_of

    models = manager()
    detail = models.get(version_at(models, address))
    if json:
        print_json(detail)
        return
    console.print(detail["description"], style="bold", highlight=False, markup=False)
    print_table(["", ""], _facts(detail), whole={0})
    for title, values in (
        ("metric", sorted(detail["metrics"].items())),
        ("flag", (detail["metadata"].get("hyperparameters") or {}).items()),
    ):
        if values:
            print_table([words(title), words("value")], values)
    files = [[file["path"], size_of(file["size"])] for file in detail["files"]]
    print_table([words("file"), words("size_column")], files)


def _facts(detail: dict[str, Any]) -> list[list[object]]:
    """What is known beside the numbers; what is not known is left out."""
    from tidebook.cli.models.listing import marks
    from tidebook.cli.output import said, time_of

    lineage = detail["lineage"]
    code = lineage["code"] or {}
    run = lineage["run_name"]
    dataset = lineage["dataset"] or {}
    archived = detail["archived"] or {}
    facts = [
        ("version_column", detail["address"]),
        ("marks", ", ".join(marks(detail))),
        ("problem", said(detail["problem"] or "")),
        ("made", time_of(detail["timestamp"])),
        ("run", run if lineage["run_exists"] else run and words("run_gone", run=run)),
        ("dataset_column", dataset.get("id") or dataset.get("path")),
        ("fingerprint", lineage["fingerprint"]),
        ("code", " ".join(str(part) for part in (code.get("branch"), code.get("commit")) if part)),
        ("members", "\n".join(lineage["members"])),
        ("project", detail["project"]),
        ("tags", ", ".join(f"{key}={value}" for key, value in detail["tags"].items())),
        ("notes", detail["notes"]),
        ("archive_address", archived.get("url")),
    ]
    return [[words(name), value] for name, value in facts if value]
