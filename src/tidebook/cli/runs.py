"""`tidebook runs list | show`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=words("runs_list"))
def list_(
    limit: Annotated[int, typer.Option(min=1, help=words("limit"))] = 20,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Runs, newest first."""
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.core.settings import Settings
    from tidebook.runs import TrainingManager

    runs = TrainingManager.list_runs(output_dir=Settings().out)[:limit]
    if json:
        print_json({"runs": runs})
        return
    if not runs:
        console.print(words("no_runs"))
        return
    print_table(
        [words("run"), words("state"), "WAPE", words("made")],
        [
            [
                run["run_name"],
                run.get("status"),
                (run.get("eval_metrics") or {}).get("wape"),
                str(run.get("created_at"))[:19].replace("T", " "),
            ]
            for run in runs
        ],
    )


@app.command("show", help=words("runs_show"))
def show(
    run: Annotated[str, typer.Argument(help=words("run_name"))],
    log: Annotated[int, typer.Option(min=0, help=words("log_lines"))] = 10,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """One run: status, metrics and the end of its log."""
    from tidebook.cli.output import console, print_json, print_table
    from tidebook.core.settings import Settings
    from tidebook.runs import TrainingManager

    manager = TrainingManager.load_run(run, output_dir=Settings().out)
    summary = manager.get_summary()
    if json:
        print_json(summary)
        return
    plain = {name: value for name, value in summary.items() if isinstance(value, str | int | float | bool)}
    print_table([words("field"), words("value")], [[name, str(value)] for name, value in plain.items()])
    metrics = summary.get("eval_metrics") or {}
    if metrics:
        print_table([words("metric"), words("value")], sorted((k, v) for k, v in metrics.items() if v is not None))
    path = manager.folder / "logs" / "training.log"
    if log and path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-log:]:
            console.print(line, highlight=False, markup=False, style="dim")
