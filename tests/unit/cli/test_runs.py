from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from tests.unit.integrations.mlflow_stand_in import Store, serving
from tidebook.cli.app import app
from tidebook.cli.output import console
from tidebook.cli.runs.listing import duration
from tidebook.core.errors import Conflict, InvalidInput, NotFound, TidebookError
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.start import start_run

Command = Callable[..., Result]


@pytest.fixture
def runs(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`tidebook runs …` in a home and a working folder of the test's own; errors of ours are raised."""
    monkeypatch.setenv("TIDEBOOK_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, answer: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["runs", *map(str, arguments)], input=answer)
        if isinstance(result.exception, TidebookError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def made(name: str, *, finish: bool = True, **more: Any) -> TrainingManager:
    run = start_run(name=name, context=False, resources=False, **more)
    run.log(loss=len(name) / 2, step=0)
    run.save_training_log(f"first line of {name}\nlast line of {name}")
    if finish:
        run.finish()
    return run


def names(result: Result) -> list[str]:
    return [run["run_name"] for run in json.loads(result.stdout)["runs"]]


def test_a_list_is_filtered_sorted_cut_and_shows_the_columns_asked_for(runs: Command) -> None:
    assert "No run yet" in runs("list").stdout
    made("a", params={"lr": 0.5}, project="east", tags={"team": "x"})
    made("bb", params={"lr": 0.1})
    made("ccc", output_dir="out")
    assert names(runs("list", "--json")) == ["ccc", "bb", "a"]
    assert names(runs("list", "--sort", "metrics.loss", "--limit", "2", "--json")) == ["a", "bb"]
    assert names(runs("list", "--where", 'tags.team = x or params.lr < "0.2"', "--json")) == ["bb", "a"]
    shown = runs("list", "--columns", "project,params.lr,metrics.loss", "--limit", "2", "--sort", "name").stdout
    assert [line.split() for line in shown.splitlines()[1:3]] == [
        ["a", "east", "0.5", "0.5"],
        ["bb", "default", "0.1", "1"],
    ]
    assert "2 of 3 runs" in shown
    assert "No run fits the filter" in runs("list", "--where", "status = failed").stdout
    with pytest.raises(InvalidInput, match="position 1"):
        runs("list", "--where", "statu = failed")
    with pytest.raises(InvalidInput, match="A field must be one that runs have"):
        runs("list", "--columns", "colour")


def test_a_run_is_named_by_its_beginning_or_as_the_latest(runs: Command) -> None:
    made("apple")
    made("apricot")
    made("latest")
    made("plum")
    assert json.loads(runs("show", "app", "--json").stdout)["run_name"] == "apple"
    assert json.loads(runs("show", "latest", "--json").stdout)["run_name"] == "latest"
    labels.change(Settings().out / "latest", archived=True)
    assert json.loads(runs("show", "pl", "--json").stdout)["run_name"] == "plum"
    with pytest.raises(InvalidInput, match=r"fit one run only, but got ap, which 2 begin with: apple, apricot\. Write"):
        runs("show", "ap")
    with pytest.raises(NotFound, match="Did you mean plum"):
        runs("show", "plumm")


def test_latest_is_the_newest_run(runs: Command) -> None:
    made("old")
    time.sleep(0.01)
    made("new")
    assert json.loads(runs("show", "latest", "--json").stdout)["run_name"] == "new"


def test_a_run_is_shown_with_metrics_parameters_and_the_end_of_its_log(runs: Command) -> None:
    run = made("a", params={"lr": 0.5, "flag": True}, tags={"team": "[red]x"}, notes="Why")
    shown = runs("show", "a", "--log", "1").stdout
    for text in ("a", "Done", "Why", "team=[red]x", "loss", "0.5", "lr", "True", "last line of a"):
        assert text in shown
    assert "first line of a" not in shown
    detail = json.loads(runs("show", "a", "--json").stdout)
    assert detail["config"]["params"] == {"lr": 0.5, "flag": True}
    (run.folder / "metadata.json").write_text("{")
    assert "! metadata.json is not readable" in runs("show", "a").stdout


def test_runs_are_compared_by_what_differs_and_the_best_is_marked(runs: Command) -> None:
    made("a", params={"lr": 0.5, "same": 1})
    made("bb", params={"lr": 0.25, "same": 1})
    shown = runs("compare", "a", "bb").stdout
    assert ["lr", "0.5", "0.25"] in [line.split() for line in shown.splitlines()]
    assert ["loss", "0.5", "★", "1"] in [line.split() for line in shown.splitlines()]
    assert "same" not in shown
    assert "1 equal parameter not shown" in shown
    assert "same" in runs("compare", "a", "bb", "--all").stdout
    for name in ("c", "d", "e"):
        made(name)
    below = runs("compare", "--where", "status = completed").stdout.splitlines()
    assert [line.split()[0] for line in below[1:6]] == ["e", "d", "c", "bb", "a"]
    compared = json.loads(runs("compare", "a", "bb", "--json").stdout)
    assert compared["metrics"] == [{"name": "loss", "values": [0.5, 1.0], "best": 0, "lower_is_better": True}]
    with pytest.raises(InvalidInput, match="must be named, or asked for by --where"):
        runs("compare")


def test_a_terminal_is_told_nothing_by_names_and_values_of_others(runs: Command) -> None:
    made("a", params={"note\x1b[2J": "x\x1b]0;title\x07"})
    made("b", params={"note\x1b[2J": "y"})
    for shown in (runs("compare", "a", "b").stdout, runs("show", "a").stdout):
        assert "\x1b" not in shown
        assert "note" in shown


def test_the_end_of_a_log_or_of_the_metrics_is_shown(runs: Command) -> None:
    run = made("a", finish=False)
    run.log({"loss": float("nan"), "f1": 0.25}, step=7, phase="valid")
    run.finish()
    assert runs("tail", "a", "-n", "1").stdout.endswith("] last line of a\n")
    assert "step 7 valid loss=NaN f1=0.25" in runs("tail", "a", "--metrics").stdout
    lines = runs("tail", "a", "--json").stdout.splitlines()
    assert json.loads(lines[0])["line"].endswith("first line of a")


@pytest.mark.parametrize("metrics", [False, True])
def test_a_live_run_is_followed_until_it_ends(runs: Command, metrics: bool) -> None:
    run = made("a", finish=False)

    def go_on() -> None:
        for step in range(1, 4):
            time.sleep(0.3)
            run.log(loss=float(step), step=step)
            run.save_training_log(f"step {step}")
        run.finish()

    writer = threading.Thread(target=go_on)
    writer.start()
    shown = runs("tail", "a", "-f", "--json", *(["--metrics"] if metrics else [])).stdout.splitlines()
    writer.join()
    found = [json.loads(line) for line in shown]
    if metrics:
        assert [entry["step"] for entry in found] == [0, 1, 2, 3]
    else:
        assert [entry["line"].split()[-1] for entry in found] == ["a", "a", "1", "2", "3"]


def test_tags_project_notes_and_pin_are_changed(runs: Command) -> None:
    made("a", tags={"old": "1", "kept": "2"})
    made("b")
    runs("tag", "a", "b", "team=east", "note=a=b", "--remove", "old", "--project", "x", "--notes", "Why", "--pin")
    changed = labels.read(Settings().out / "a")
    assert changed.tags == {"kept": "2", "team": "east", "note": "a=b"}
    assert (changed.project, changed.notes, changed.pinned) == ("x", "Why", True)
    assert labels.read(Settings().out / "b").tags == {"team": "east", "note": "a=b"}
    runs("tag", "--where", "project = x", "all=1")
    assert labels.read(Settings().out / "b").tags["all"] == "1"
    with pytest.raises(InvalidInput, match="something to change"):
        runs("tag", "a")
    with pytest.raises(InvalidInput, match="A project's name"):
        runs("tag", "a", "--project", "No Such")


def test_runs_are_not_moved_to_a_project_that_the_home_does_not_know(runs: Command) -> None:
    made("a")
    CliRunner().invoke(app, ["projects", "add", "east"])
    runs("tag", "a", "--project", "east")
    with pytest.raises(NotFound, match="projects add esat"):
        runs("tag", "a", "--project", "esat")
    assert labels.read(Settings().out / "a").project == "east"


def test_a_narrow_terminal_shows_whole_names_and_dates(runs: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 80)
    run = made("rossmann_S001_lstm_20261121_101500")
    for name in ("loss", "smape", "coverage", "direction_accuracy"):
        run.log({name: 0.123456})
    run.finish()
    (line,) = [line for line in runs("list").stdout.splitlines() if "rossmann" in line]
    assert line.startswith("rossmann_S001_lstm_20261121_101500 ")
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d$", line)


def test_what_is_wrong_with_a_file_is_told_with_the_run(runs: Command) -> None:
    run = made("a")
    (run.folder / "context.json").write_text("{cut")
    (problem,) = json.loads(runs("show", "a", "--json").stdout)["problems"]
    assert problem.startswith("context.json")


def test_archived_runs_are_left_out_of_lists_until_they_are_brought_back(runs: Command) -> None:
    made("a")
    made("b")
    assert json.loads(runs("archive", "a", "--json").stdout) == {"archived": ["a"]}
    assert names(runs("list", "--json")) == ["b"]
    assert names(runs("list", "--where", "archived", "--json")) == ["a"]
    assert "Brought back 1 run" in runs("unarchive", "--where", "name = a").stdout
    assert names(runs("list", "--json")) == ["b", "a"]


def test_deleting_asks_first_and_refuses_what_is_being_written(runs: Command) -> None:
    for name in ("a", "b", "c"):
        made(name)
    live = made("live", finish=False)
    refused = runs("delete", "a", answer="n\n")
    assert refused.exit_code == 1
    assert "Delete 1 run with all their files (a)?" in refused.stderr
    assert "Deleted 1 run" in runs("delete", "a", answer="y\n").stdout
    result = runs("delete", "--where", "status != failed", "--yes", "--reason", "done", "--json")
    told = json.loads(result.stdout)
    assert sorted(told["deleted"]) == ["b", "c"]
    assert [(each["run_name"], each["problem"]["status"]) for each in told["failed"]] == [("live", 409)]
    assert result.exit_code == Conflict.exit_code
    live.finish()
    assert json.loads((Settings().out / "b" / "deleted.json").read_text())["reason"] == "done"


def test_runs_are_exported_as_tables_and_archives_and_come_back(
    runs: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("a", params={"lr": 0.5})
    made("b")
    runs("export", tmp_path / "runs.csv", "a")
    assert pl.read_csv(tmp_path / "runs.csv")["params.lr"].to_list() == [0.5]
    curves = runs("export", tmp_path / "x", "--format", "parquet", "--metrics", "--json")
    assert json.loads(curves.stdout) == {"path": str(tmp_path / "x"), "runs": 2, "rows": 2}
    assert sorted(pl.read_parquet(tmp_path / "x")["run_name"].to_list()) == ["a", "b"]
    runs("export", tmp_path / "runs.zip", "--where", "name = b")
    with pytest.raises(InvalidInput, match=r"must end in \.csv"):
        runs("export", tmp_path / "runs.txt")
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "other"))
    assert "Imported 1 run; 0 were here already" in runs("import", tmp_path / "runs.zip").stdout
    assert names(runs("list", "--json")) == ["b"]


def test_runs_go_to_an_mlflow_server_and_come_back(
    runs: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("a", project="east")
    made("b", finish=False).close()
    with serving(Store()) as address:
        sent = json.loads(runs("export", address, "--json").stdout)
        assert sorted(item["run_name"] for item in sent["items"]) == ["a", "b"]
        assert "Exported 2 runs" in runs("export", address, "--no-files").stdout
        monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "other"))
        told = runs("import", address).stdout
        assert "Imported 1 run" in told
        assert "1 has not ended" in told
    assert json.loads(runs("show", "a", "--json").stdout)["project"] == "east"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom tidebook.cli.app import app\nfrom typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['runs', '--help']).exit_code == 0\n"
        "print([name for name in ('torch', 'polars', 'fastapi', 'sqlalchemy', 'httpx', 'rich') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert ended.stdout.strip() == "[]", ended.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (0.04, "0.0 s"), (9.96, "10.0 s"), (42, "42 s"), (303, "5 min 03 s"), (7500, "2 h 05 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, text: str | None) -> None:
    assert duration(seconds) == text


def test_a_damaged_run_stops_no_command(runs: Command, settings: Settings) -> None:
    made("good")
    folder = made("bad").folder
    deep = "[" * 1000 + "]" * 1000
    (folder / "config.json").write_text(f'{{"a": {deep}}}')
    (folder / "metadata.json").write_text(f'{{"status": "completed", "model_type": {deep}}}')
    (folder / "labels.json").write_text(f'{{"notes": {deep}}}')
    (folder / "logs" / "metrics.json").write_text(f'[\n{{"phase": {deep}, "x": 1}}\n]')
    assert sorted(names(runs("list", "--json"))) == ["bad", "good"]
    assert json.loads(runs("show", "bad", "--json").stdout)["problems"]
    assert "nested too deeply" in runs("show", "bad").stdout
    runs("compare", "bad", "good")
