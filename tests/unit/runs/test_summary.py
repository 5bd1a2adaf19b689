"""A run as lists show it, whatever is missing, cut short or not JSON."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tidebook
from tests.unit.runs.example import train
from tidebook.runs import TrainingManager
from tidebook.runs.params import flat
from tidebook.runs.record import describe_all, summary
from tidebook.runs.totals import Totals

FIELDS = {
    *("run_name", "id", "project", "owner", "model_type", "stock_symbol", "scope", "description", "task_id", "version"),
    *("status", "reason", "lost", "created_at", "updated_at", "finished_at", "duration_seconds", "params", "metrics"),
    *("tags", "notes", "pinned", "archived", "dataset", "problems", "folder"),
}


def whole(out: Path, name: str = "whole") -> Path:
    run = tidebook.start_run(
        name=name, output_dir=out, params={"lr": 0.1}, tags={"a": 1}, context=False, resources=False
    )
    for step in range(20):
        run.log(loss=1 / (step + 1))
        run.log({"loss": 2.0}, phase="val")
    run.save_evaluation_results({"mae": 0.5})
    run.finish()
    return run.folder


def test_a_run_is_summed_up_with_its_last_metrics_and_flat_parameters(out: Path) -> None:
    item = summary(whole(out))
    assert item.keys() == FIELDS
    assert item["metrics"] == {"loss": 0.05, "val/loss": 2.0, "mae": 0.5}
    assert (item["params"], item["problems"]) == ({"lr": 0.1}, [])
    assert item["duration_seconds"] >= 0


def test_a_run_of_the_training_output_standard_is_summed_up_too(out: Path) -> None:
    item = summary(train(out).folder)
    assert (item["stock_symbol"], item["model_type"], item["status"]) == ("000001", "lstm", "completed")
    assert item["params"] == {"seq_length": 60, "epochs": 20}
    assert item["metrics"] == {"train_loss": 0.05, "val_loss": 0.7, "mae": 0.5, "r2": 0.25}


def test_a_live_run_shows_what_it_logged_last(out: Path) -> None:
    run = tidebook.start_run(output_dir=out, context=False, resources=False)
    for value in (3.0, 2.0, math.inf):
        run.log(loss=value, good=1.0)
    assert summary(run.folder)["metrics"] == {"good": 1.0}
    run.log(loss=1.0)
    assert summary(run.folder)["metrics"] == {"good": 1.0, "loss": 1.0}
    assert summary(run.folder)["status"] == "training"


def test_what_was_added_to_an_ended_run_is_seen_too(out: Path) -> None:
    folder = whole(out)
    later = TrainingManager.load_run("whole", out)
    later.log(late=1.0)
    assert summary(folder)["metrics"]["late"] == 1.0
    later.close()
    assert later.metadata["metrics"]["late"]["count"] == 1
    assert later.metadata["metrics"]["loss"]["count"] == 20


@pytest.mark.parametrize("file", ["metadata.json", "config.json", "labels.json", "logs/metrics.json"])
def test_a_run_with_any_file_cut_at_any_byte_is_listed_with_what_is_wrong(out: Path, file: str) -> None:
    folder = whole(out)
    content = (folder / file).read_bytes()
    for cut in range(0, len(content) - 2, 7):
        (folder / file).write_bytes(content[:cut])
        item = summary(folder)
        assert item.keys() == FIELDS
        assert any(Path(file).name in problem for problem in item["problems"]), cut
        json.dumps(item)


@pytest.mark.parametrize("file", ["metadata.json", "config.json", "labels.json", "logs/metrics.json"])
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"null", b"<html>\n<p>\n", b'{"status": [], "params": 7}'])
def test_a_run_with_any_file_of_another_kind_is_listed(out: Path, file: str, content: bytes) -> None:
    folder = whole(out)
    (folder / file).write_bytes(content)
    assert summary(folder).keys() == FIELDS
    assert [run["run_name"] for run in describe_all([out])] == ["whole"]


@pytest.mark.parametrize("file", ["metadata.json", "config.json", "labels.json", "logs/metrics.json", "logs"])
def test_a_run_with_any_file_missing_is_listed(out: Path, file: str) -> None:
    folder = whole(out)
    path = folder / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    item = summary(folder)
    assert item.keys() == FIELDS
    assert (file in {"config.json", "labels.json"}) == (item["problems"] == [])  # Those two need not be there.


@pytest.mark.parametrize("value", ["9999-99-99", "", "0001-01-01T00:00:00", 7, None, [], "2024-01-01T00:00:00+99:99"])
def test_times_that_are_none_are_no_error(out: Path, value: object) -> None:
    folder = whole(out)
    metadata = json.loads((folder / "metadata.json").read_text())
    for name in ("created_at", "finished_at", "updated_at"):
        (folder / "metadata.json").write_text(json.dumps({**metadata, name: value}))
        assert summary(folder).keys() == FIELDS
        assert describe_all([out])


def test_a_deleted_run_is_not_listed(out: Path) -> None:
    folder = whole(out)
    (folder / "deleted.json").write_text("{}")
    assert describe_all([out]) == []


def test_a_summary_costs_the_same_for_a_log_of_a_gigabyte(out: Path) -> None:
    folder = whole(out)
    run = TrainingManager.load_run("whole", out)
    run.update_status("training")
    run.close()
    log = folder / "logs" / "metrics.json"
    with log.open("r+b") as file:  # A sparse file: a hole in the middle, real entries at the end.
        file.seek(1 << 30)
        file.write(b'\n{"step":1,"phase":"train","late":5.0},\n{"step":2,"phase":"train","late":6.0}\n]')
    started = time.perf_counter()
    assert summary(folder)["metrics"]["late"] == 6.0
    assert run.get_summary()["last_metrics"]["late"] == 6.0
    assert time.perf_counter() - started < 0.5


def test_a_summary_is_cheap_enough_for_many_runs(out: Path) -> None:
    folder = whole(out)
    started = time.process_time()
    for _ in range(200):
        summary(folder)
    assert (time.process_time() - started) / 200 < 0.005


def test_parameters_are_flattened_and_those_of_hyperparameters_lifted() -> None:
    config = {
        "format_version": 1,
        "run_name": "x",
        "model_type": "lstm",
        "optimizer": {"name": "adam", "betas": [0.9, 0.99]},
        "hyperparameters": {"lr": 0.1},
        "params": {"deep": {"er": True}},
        "nothing": None,
        "empty": {},
        "long": "x" * 1000,
    }
    assert flat(config) == {
        "optimizer.name": "adam",
        "optimizer.betas": "[0.9,0.99]",
        "empty": "{}",
        "long": "x" * 500,
        "lr": 0.1,
        "deep.er": True,
    }
    assert len(flat({f"p{i}": i for i in range(5000)})) == 1000


ENTRY = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.floats() | st.integers(-5, 5) | st.just("text"), max_size=3
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["train", "val"]), ENTRY), max_size=30), st.integers(0, 30))
def test_totals_are_those_of_the_values_however_they_are_counted(
    logged: list[tuple[str, dict[str, object]]], cut: int
) -> None:
    entries = [{"phase": phase, **entry} for phase, entry in logged]
    at_once, first, then = Totals(), Totals(), Totals()
    at_once.add_entries(entries)
    first.add_entries(entries[:cut])
    then.add_entries(entries[cut:])
    found = at_once.to_json()
    assert then.after(Totals.from_json(json.loads(json.dumps(first.to_json())))).to_json() == found
    for phase in ("train", "val"):
        for name in "abc":
            values = [e[name] for p, e in logged if p == phase and name in e and not isinstance(e[name], str)]
            total = found.get(name if phase == "train" else f"{phase}/{name}")
            assert (total["count"] if total else 0) == len(values)
            finite = [value for value in values if isinstance(value, int | float) and math.isfinite(value)]
            if total:
                assert (total["min"], total["max"]) == (min(finite, default=None), max(finite, default=None))
