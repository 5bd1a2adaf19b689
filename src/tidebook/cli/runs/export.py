"""`tidebook runs export`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tidebook.cli.words import words


class Form(StrEnum):
    """What runs can be exported as."""

    CSV = "csv"
    PARQUET = "parquet"
    FOLDER = "folder"
    MLFLOW = "mlflow"


def export(
    target: Annotated[str, typer.Argument(help=words("export_target"))],
    runs: Annotated[list[str] | None, typer.Argument(help=words("run_names"))] = None,
    form: Annotated[Form | None, typer.Option("--format", help=words("export_format"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    metrics: Annotated[bool, typer.Option("--metrics", help=words("export_metrics"))] = False,
    files: Annotated[bool, typer.Option("--files/--no-files", help=words("export_files"))] = True,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Writes runs to a table, an archive or an MLflow server; without names and filter all but archived ones."""
    from tidebook.cli.output import console, print_json
    from tidebook.cli.runs.finding import chosen
    from tidebook.runs.record import summary

    chosen_form = form or _form(target)
    folders = chosen(runs or [], where if where is not None or runs else "")
    if chosen_form is Form.MLFLOW:
        result = _to_mlflow(folders, target, files=files, quiet=json)
    elif chosen_form is Form.FOLDER:
        from tidebook.runs.archive import pack

        result = {"path": target, "runs": len(folders), "files": pack(folders, Path(target))}
    else:
        from tidebook.runs.export import write_curves, write_runs

        write = write_curves if metrics else write_runs
        as_csv = chosen_form is Form.CSV
        rows = write([summary(folder) for folder in folders], Path(target), "csv" if as_csv else "parquet")
        result = {"path": target, "runs": len(folders), "rows": rows}
    if json:
        print_json(result)
    else:
        console.print(words("exported", count=result["runs"], target=target), highlight=False, markup=False)


def _form(target: str) -> Form:
    from tidebook.core.errors import InvalidInput

    if target.startswith(("http://", "https://")):
        return Form.MLFLOW
    known = {".csv": Form.CSV, ".parquet": Form.PARQUET, ".zip": Form.FOLDER}
    suffix = Path(target).suffix.lower()
    if suffix not in known:
        raise InvalidInput(
            "The target must end in .csv, .parquet or .zip, or be the address of an MLflow server",
            got=target,
            fix="Name it so, or state --format.",
        )
    return known[suffix]


def _to_mlflow(folders: Sequence[Path], target: str, *, files: bool, quiet: bool) -> dict[str, Any]:
    from tidebook.cli.output import errors
    from tidebook.integrations.mlflow import MLflowServer, export_run

    sent = []
    with MLflowServer(target) as server:
        for folder in folders:
            sent.append(export_run(folder, server, files=files))
            if not quiet:
                errors.print(f"{folder.name} → {sent[-1].run_id}", style="dim", highlight=False, markup=False)
    return {
        "server": target,
        "runs": len(sent),
        "items": [{"run_name": each.run_name, "mlflow_run_id": each.run_id, "new": each.new} for each in sent],
    }
