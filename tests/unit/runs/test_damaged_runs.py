"""A run that somebody damaged, or made to do harm, is listed as any other and stops nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.test_summary import FIELDS
from tidebook.core.files import MAX_RECORD_BYTES
from tidebook.records import labels
from tidebook.runs import liveness, record
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.params import flat
from tidebook.runs.record import MOST_METRICS, describe_all, summary
from tidebook.runs.totals import MOST, Totals

DEEP = "[" * 1000 + "]" * 1000  # orjson reads as much, `repr` does not write it
NESTED = "[" * 300 + "]" * 300  # orjson reads it and does not write it
DONE = '{"status": "completed"}'


def damaged(out: Path, **files: str) -> Path:
    """A run of which these files say what they should not."""
    folder = out / "damaged"
    (folder / "logs").mkdir(parents=True)
    for name, content in {"metadata": DONE, "log": "[\n]", **files}.items():
        (folder / ("logs/metrics.json" if name == "log" else f"{name}.json")).write_text(content)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"metadata": '{"status": "completed", "metrics": {"x": {"last": 1, "count": "Infinity"}}}'},
        {"metadata": '{"status": "completed", "metrics": {"x": {"last": 1, "count": 1e300}}}'},
        {"metadata": f'{{"status": "completed", "model_type": {DEEP}, "description": {DEEP}, "created_at": {DEEP}}}'},
        {"metadata": f'{{"status": {DEEP}, "writer": {{"pid": 1, "host": {DEEP}}}, "dataset": {DEEP}}}'},
        {"metadata": '{"status": "training", "writer": {"pid": 1000000000000000000, "host": "x"}}'},
        {"config": f'{{"a": {NESTED}}}'},
        {"config": f'{{"a": {DEEP}, "description": {DEEP}}}'},
        {"config": f'{{"params": {DEEP}, "hyperparameters": {{"b": {DEEP}}}}}'},
        {"labels": f'{{"notes": {DEEP}}}'},
        {"labels": f'{{"project": {DEEP}, "owner": {DEEP}, "tags": {{"a": {DEEP}}}}}'},
        {"log": f'[\n{{"phase": {DEEP}, "x": 1}},\n{{"phase": {DEEP}, "x": 2}}\n]'},
        {"log": f'[\n{{"phase": "val", "x": {DEEP}}}\n]'},
    ],
)
def test_a_run_with_values_that_nobody_expects_is_summed_up_as_json(out: Path, files: dict[str, str]) -> None:
    item = summary(damaged(out, **files))
    assert item.keys() == FIELDS
    assert not any("cannot be read" in problem for problem in item["problems"])
    assert len(json.dumps(item)) < 10_000
    assert [run["run_name"] for run in describe_all([out])] == ["damaged"]


def test_what_is_nested_too_deeply_to_be_written_is_not_shown(out: Path) -> None:
    item = summary(damaged(out, config=f'{{"lr": 0.1, "a": {NESTED}}}'))
    assert (item["params"], item["problems"]) == ({}, ["config.json is nested too deeply"])
    assert flat({"lr": 0.1, "a": json.loads(NESTED)}) == {"lr": 0.1, "a": "…"}


def test_a_fault_of_which_nobody_thought_leaves_a_run_with_its_problem(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise RecursionError("too deep")

    folder = damaged(out)
    labels.change(folder, project="secret", owner="anna")
    monkeypatch.setattr(record, "numbers", fails)
    item = summary(folder)
    assert (set(item), item["status"], item["project"], item["owner"]) == (FIELDS, "unknown", "secret", "anna")
    assert item["problems"] == ["the run cannot be read: RecursionError: too deep"]
    monkeypatch.setattr(labels, "read", fails)
    assert summary(folder)["project"] == labels.NOWHERE


@pytest.mark.parametrize("name", ["metadata", "config", "labels"])
def test_a_file_that_is_too_large_is_not_read_but_told(out: Path, name: str) -> None:
    folder = damaged(out, **{name: "{"})
    with (folder / f"{name}.json").open("r+b") as file:
        file.truncate(MAX_RECORD_BYTES + 1)
    item = summary(folder)
    assert any(problem.startswith(f"{name}.json is too large") for problem in item["problems"])


def test_of_very_many_metrics_the_first_are_listed_and_those_of_the_evaluation_before_them(out: Path) -> None:
    totals = {f"m{number}": {"last": 1, "count": 1} for number in range(MOST + 5)}
    metadata = {"status": "completed", "metrics": {"n" * 600: {"last": 1}, **totals}, "eval_metrics": {"wape": 0.1}}
    item = summary(damaged(out, metadata=json.dumps(metadata)))
    assert len(item["metrics"]) == MOST_METRICS
    assert list(item["metrics"])[:2] == ["wape", "m0"]
    assert item["problems"] == [f"of {MOST + 1} metrics {MOST_METRICS} are listed, those of the evaluation first"]


def test_totals_are_kept_of_so_many_names_only() -> None:
    totals, later = Totals(), Totals()
    totals.add_entries([{f"m{number}": 1.0 for number in range(MOST + 5)}])
    totals.add_entries([{"m1": 2.0, "new": 2.0}])
    later.add_entries([{"other": 1.0, "m2": 3.0}])
    last = later.after(totals).last()
    assert (len(last), last["m1"], last["m2"]) == (MOST, 2.0, 3.0)
    assert last.keys().isdisjoint({"new", "other"})


def test_a_phase_that_is_no_text_is_taken_for_train(out: Path) -> None:
    folder = damaged(out, log='[\n{"phase": ["a"], "x": 1},\n{"phase": 2, "y": 3}\n]')
    assert summary(folder)["metrics"] == {"x": 1, "2/y": 3}
    assert len(read_metrics(folder / "logs" / "metrics.json")[0]) == 2


def test_a_parameter_with_an_endless_name_is_left_out(out: Path) -> None:
    folder = damaged(out, config=json.dumps({"x" * 501: 1, "lr": 0.1, "deep": {"y" * 500: 2}}))
    assert summary(folder)["params"] == {"lr": 0.1}


def test_a_text_is_listed_with_its_beginning_only(out: Path) -> None:
    folder = damaged(out, metadata=json.dumps({"status": "failed", "reason": "x" * 30_000}))
    assert summary(folder)["reason"] == "x" * record.MAX_TEXT


def test_a_lost_writer_on_a_host_without_a_name_is_told_so(out: Path) -> None:
    folder = damaged(out)
    (folder / "heartbeat").touch()
    os.utime(folder / "heartbeat", (0, 0))
    assert liveness.lost(folder, {"writer": {"pid": 7, "host": []}}) == (
        "lost: process 7 on another host ended without a word"
    )
