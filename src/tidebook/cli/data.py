"""`tidebook data audit | register | list`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tidebook.cli.words import language, words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("audit", help=words("data_audit"))
def audit(
    path: Annotated[Path, typer.Argument(help=words("table"))],
    product_column: Annotated[str | None, typer.Option(help=words("product_column"))] = None,
    store_column: Annotated[str | None, typer.Option(help=words("store_column"))] = None,
    date_column: Annotated[str | None, typer.Option(help=words("date_column"))] = None,
    target_column: Annotated[str | None, typer.Option(help=words("target_column"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Says what is wrong with a table; exit code 3 when it cannot be trained on."""
    from tidebook.cli.output import console, print_json
    from tidebook.core.settings import Settings
    from tidebook.data.audit import audit as run_audit
    from tidebook.data.locate import locate
    from tidebook.data.mapping import ColumnMapping
    from tidebook.data.sources import open_source

    stated = {"product": product_column, "store": store_column, "date": date_column, "target": target_column}
    mapping = ColumnMapping.model_validate({name: value for name, value in stated.items() if value})
    located = locate(str(path), mapping, Settings())
    report = run_audit(open_source(located.path, mapping.encoding), mapping).to_json()
    broken = any(finding["severity"] == "error" for finding in report["findings"])
    if json:
        print_json(report)
        raise typer.Exit(3 if broken else 0)
    summary = report["summary"]
    console.print(words("audit_summary", **summary), style="bold", highlight=False)
    show_findings(report["findings"])
    raise typer.Exit(3 if broken else 0)


@app.command("register", help=words("data_register"))
def register(
    path: Annotated[Path, typer.Argument(help=words("table"))],
    name: Annotated[str | None, typer.Option(help=words("dataset_name"))] = None,
    product_column: Annotated[str | None, typer.Option(help=words("product_column"))] = None,
    store_column: Annotated[str | None, typer.Option(help=words("store_column"))] = None,
    date_column: Annotated[str | None, typer.Option(help=words("date_column"))] = None,
    target_column: Annotated[str | None, typer.Option(help=words("target_column"))] = None,
    known_future: Annotated[list[str] | None, typer.Option(help=words("known_future"))] = None,
    country: Annotated[str | None, typer.Option(help=words("country"))] = None,
    project: Annotated[str, typer.Option(help=words("dataset_project"))] = "default",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Registers a table under an id."""
    from tidebook.cli.output import console, print_json
    from tidebook.core.settings import Settings
    from tidebook.data.locate import locate
    from tidebook.data.mapping import ColumnMapping
    from tidebook.data.register import register as run_register
    from tidebook.records.belonging import Belonging
    from tidebook.records.labels import check_project

    stated = {
        "product": product_column,
        "store": store_column,
        "date": date_column,
        "target": target_column,
        "known_future": tuple(known_future or ()),
        "country": country,
    }
    mapping = ColumnMapping.model_validate({key: value for key, value in stated.items() if value})
    settings = Settings()
    located = locate(str(path), mapping, settings)
    record = run_register(
        located.path,
        name=name or path.name,
        mapping=mapping,
        settings=settings,
        uploaded=False,
        whose=Belonging(check_project(project)),
    ).to_json()
    if json:
        print_json(record)
        return
    console.print(words("registered", name=record["name"], id=record["id"]), highlight=False)
    show_findings(record["audit"]["findings"])


@app.command("list", help=words("data_list"))
def list_(json: Annotated[bool, typer.Option("--json", help=words("json"))] = False) -> None:
    """Registered datasets, newest first."""
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.core.settings import Settings
    from tidebook.records import dataset as records

    found = sorted(
        (record.to_json() for record in records.all(Settings())), key=lambda r: r["created_at"], reverse=True
    )
    if json:
        print_json({"items": found})
        return
    if not found:
        console.print(words("no_datasets"))
        return
    print_table(
        ["id", words("name"), words("rows"), words("series"), words("first"), words("last")],
        [[r["id"], r["name"], r["rows"], r["series"], r["first_date"], r["last_date"]] for r in found],
    )


def show_findings(findings: list[dict[str, Any]]) -> None:
    """The findings as sentences, the gravest first."""
    from tidebook.cli.output import console

    marks = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "dim")}
    for severity, (mark, style) in marks.items():
        for finding in findings:
            if finding["severity"] == severity:
                console.print(f"{mark} {finding['sentence'][language()]}", style=style, highlight=False, markup=False)
    if not findings:
        console.print(words("no_findings"))
