"""`tidebook runs delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def delete(
    runs: Annotated[list[str] | None, typer.Argument(help=words("run_names"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    yes: Annotated[bool, typer.Option("--yes", help=words("yes"))] = False,
    reason: Annotated[str, typer.Option(help=words("reason"))] = "",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Deletes runs with all their files; one that is being written is refused, the others go."""
    from tidebook.cli.output import console, print_error, print_json
    from tidebook.cli.runs.finding import chosen
    from tidebook.core.errors import TidebookError
    from tidebook.runs.delete import delete_run

    folders = chosen(runs or [], where)
    if folders and not yes:
        names = ", ".join(folder.name for folder in folders[:3]) + (", …" if len(folders) > 3 else "")
        typer.confirm(words("delete_runs_sure", count=len(folders), names=names), abort=True, err=True)
    deleted: list[str] = []
    failed: dict[str, TidebookError] = {}
    for folder in folders:
        try:
            delete_run(folder, reason)
        except TidebookError as error:
            failed[folder.name] = error
        else:
            deleted.append(folder.name)
    if json:
        problems = [{"run_name": name, "problem": error.problem()} for name, error in failed.items()]
        print_json({"deleted": deleted, "failed": problems})
    else:
        console.print(words("deleted_runs", count=len(deleted)), highlight=False)
        for problem in failed.values():
            print_error(problem, as_json=False)
    if failed:
        raise typer.Exit(next(iter(failed.values())).exit_code)
