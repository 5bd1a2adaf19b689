"""The last entries of a log, whoever laid it out and however wide it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tidebook.core.errors import DataFault
from tidebook.runs import TrainingManager
from tidebook.runs.log_reading import BLOCK, last_entries, read_last, read_metrics
from tidebook.runs.record import summary

LAYOUTS: list[Callable[[Any], str]] = [
    lambda entries: json.dumps(entries, indent=2),
    lambda entries: json.dumps(entries, indent=4) + "\n",
    json.dumps,
    lambda entries: json.dumps(entries, separators=(",", ":")),
    lambda entries: "[" + ",".join("\n" + json.dumps(entry) for entry in entries) + "\n]",
]


def entry(epoch: int) -> dict[str, Any]:
    inner = [{"a": 1}, {"b": "}, {"}]
    return {"epoch": epoch, "phase": "train", "train_loss": 1 / epoch, "inner": inner, "val_loss": 2.0 * epoch}


def a_run(out: Path, log: str) -> TrainingManager:
    folder = out / "mine"
    (folder / "logs").mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"status": "training", "created_at": "2025-01-19T14:30:25"}))
    (folder / "logs" / "metrics.json").write_text(log)
    return TrainingManager.load_run("mine", out)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 300, 3000])
def test_a_log_of_any_layout_and_length_is_listed_summed_up_and_continued(
    out: Path, layout: Callable[[Any], str], count: int
) -> None:
    run = a_run(out, layout([entry(epoch) for epoch in range(1, count + 1)]))
    item = summary(run.folder)
    assert (item["metrics"]["val_loss"], item["problems"]) == (2.0 * count, [])
    assert run.get_summary()["epochs_logged"] == count
    run.log_metrics(count + 1, {"train_loss": 0.25})
    run.close()
    epochs = [each["epoch"] for each in json.loads((run.folder / "logs" / "metrics.json").read_text())]
    assert epochs == list(range(1, count + 2))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_many_of_the_last_entries_as_are_asked_for_are_read(tmp_path: Path, layout: Callable[[Any], str]) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(layout([entry(epoch) for epoch in range(1, 3001)]))
    for count in (1, 1500, 5000):
        found, cursor = read_last(path, count)
        assert min(count, 3000) <= len(found) <= 3000
        assert [each["epoch"] for each in found] == list(range(3001 - len(found), 3001))
        assert read_metrics(path, cursor) == ([], cursor)
    assert path.stat().st_size > 4 * BLOCK
    assert read_last(tmp_path / "none") == ([], 0)


def test_an_entry_wider_than_what_is_read_at_first_is_listed_and_its_step_counted(out: Path) -> None:
    names = [f"grad_norm/layer_{number:04}.attention.weight" for number in range(1900)]
    run = tidebook.start_run(name="wide", output_dir=out, context=False, resources=False)
    for value in range(3):
        run.log(dict.fromkeys(names, float(value)))
    assert len(summary(run.folder)["metrics"]) == 1900
    run.close()
    again = TrainingManager.load_run("wide", out)
    again.log(loss=1.0)
    again.close()
    assert [each["step"] for each in json.loads((run.folder / "logs" / "metrics.json").read_text())] == [0, 1, 2, 3]


def test_a_file_that_is_no_log_is_called_so_however_long_it_is(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    for text in ("epoch,loss\n1,0.5\n", "epoch,loss\n" * 20_000, "x" * 200_000 + "\n" * 3):
        path.write_text(text)
        with pytest.raises(DataFault, match="A metrics log must be a JSON array, but got something else"):
            last_entries(path)
