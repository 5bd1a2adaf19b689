"""Runs are listed and loaded, also where folders were copied, cut or removed by hand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.runs.example import train
from tidebook.core.errors import NotFound
from tidebook.core.settings import Settings
from tidebook.runs import TrainingManager


def test_an_unknown_run_is_not_found_and_the_nearest_names_are_offered(out: Path) -> None:
    TrainingManager(run_name="sales_lstm", output_dir=out)
    with pytest.raises(NotFound, match=r"got sales_lsm\. Did you mean sales_lstm\?"):
        TrainingManager.load_run("sales_lsm", out)


def test_without_a_folder_the_home_and_the_working_folder_are_searched(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    TrainingManager(run_name="at_home")
    TrainingManager(run_name="here", output_dir="out")
    assert (settings.out / "at_home").is_dir()
    assert {run["run_name"] for run in TrainingManager.list_runs()} == {"at_home", "here"}
    assert TrainingManager.load_run("here").folder.resolve() == (tmp_path / "out" / "here").resolve()


def test_runs_are_listed_newest_first_and_can_be_sorted_as_the_standard_shows(out: Path) -> None:
    for name, mae in (("a", 0.3), ("b", 0.1), ("c", None)):
        manager = TrainingManager(run_name=name, output_dir=out)
        if mae is not None:
            manager.save_evaluation_results({"mae": mae})
        time.sleep(0.002)
    runs = TrainingManager.list_runs(out)
    assert [run["run_name"] for run in runs] == ["c", "b", "a"]
    ranked = sorted(runs, key=lambda run: run.get("eval_metrics", {}).get("mae", float("inf")))
    assert ranked[0]["run_name"] == "b"


def test_broken_folders_are_listed_with_what_is_wrong_and_foreign_ones_are_passed_over(out: Path) -> None:
    for name in ("cut", "gone", "list", "weights"):
        train(out, run_name=name)
    (out / "cut" / "metadata.json").write_bytes((out / "cut" / "metadata.json").read_bytes()[:50])
    (out / "gone" / "metadata.json").unlink()
    (out / "list" / "metadata.json").write_text("[]")
    shutil.rmtree(out / "weights" / "model")
    (out / "empty").mkdir()
    (out / "notes.txt").write_text("mine")
    runs = {run["run_name"]: run for run in TrainingManager.list_runs(out)}
    assert set(runs) == {"cut", "gone", "list", "weights"}
    assert runs["cut"]["problems"][0].startswith("metadata.json is not readable: a fault")
    assert runs["gone"]["problems"] == ["metadata.json is missing"]
    assert runs["gone"]["stock_symbol"] == "000001"
    assert runs["list"]["problems"] == ["metadata.json is not a JSON object"]
    assert runs["weights"]["problems"] == ["model/pytorch_model.bin is missing"]
    assert (runs["weights"]["model_saved"], runs["gone"]["status"]) == (False, "unknown")
    assert all(run["eval_metrics"] is not None for run in runs.values())
    for name in runs:
        assert TrainingManager.load_run(name, out).get_summary()["run_name"] == name


def test_a_copied_folder_describes_itself_and_a_removed_one_is_no_error(out: Path) -> None:
    original = train(out)
    shutil.copytree(original.folder, out / "copy")
    shutil.rmtree(original.folder)
    (run,) = TrainingManager.list_runs(out)
    assert (run["run_name"], run["problems"]) == ("copy", [])
    assert run["model_path"] == str(out / "copy" / "model" / "pytorch_model.bin")


def test_runs_need_no_torch_to_be_listed(out: Path) -> None:
    code = "import sys; from tidebook.runs import *; TrainingManager.list_runs(sys.argv[1]); print(sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "polars", "pydantic", "fastapi"} & set(re.findall(r"'([a-z]+)'", shown))
