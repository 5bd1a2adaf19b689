"""tidebook.start_run: a run in three lines, in anybody's code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tidebook
from tidebook.core.errors import InvalidInput, NotFound, StorageFailure
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary


def start(out: Path, **more: Any) -> TrainingManager:
    return tidebook.start_run(**{"output_dir": out, "context": False, "resources": False, **more})


def entries(run: TrainingManager) -> list[dict[str, Any]]:
    return list(json.loads((run.folder / "logs" / "metrics.json").read_text()))


def test_three_lines_make_a_run(out: Path) -> None:
    run = start(out, project="east", params={"lr": 0.1, "layers": [1, 2]}, tags={"team": "a"}, notes="first")
    run.log(loss=0.5, accuracy=0.75)
    run.finish()
    item = summary(run.folder)
    assert item["status"] == "completed"
    assert (item["project"], item["tags"], item["notes"]) == ("east", {"team": "a"}, "first")
    assert (item["params"], item["metrics"]) == ({"lr": 0.1, "layers": "[1,2]"}, {"loss": 0.5, "accuracy": 0.75})
    assert len(item["id"]) == 32
    assert item["finished_at"] >= item["created_at"]


def test_the_run_lies_in_the_home_and_nothing_heavy_is_imported(settings: Settings) -> None:
    code = (
        "import sys, tidebook; run = tidebook.start_run(); run.log(loss=1); run.finish(); print(run.folder)\n"
        "print(*(name for name in ('torch', 'polars', 'fastapi', 'pandas', 'matplotlib') if name in sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    folder, heavy = shown.splitlines()
    assert Path(folder).parent.resolve() == settings.out.resolve()
    assert heavy == ""


def test_steps_count_by_themselves_and_go_on_from_the_one_given(out: Path) -> None:
    run = start(out)
    run.log(loss=1)
    run.log({"loss": 2.0})
    run.log({"loss": 3.0}, step=np.int64(10), phase="val")
    run.log(loss=4.0)
    run.log(loss=5.0, epoch=1)
    run.log({"loss": 6.0, "epoch": 0.25})
    assert [(e.get("step"), e.get("epoch"), e["phase"], e["loss"]) for e in entries(run)] == [
        (0, None, "train", 1),
        (1, None, "train", 2.0),
        (10, None, "val", 3.0),
        (11, None, "train", 4.0),
        (None, 1, "train", 5.0),
        (None, 0.25, "train", 6.0),
    ]


def test_steps_and_totals_go_on_where_the_run_is_taken_up_again(out: Path) -> None:
    run = start(out, name="mine")
    for value in (3.0, 1.0, float("nan")):
        run.log(loss=value)
    run.finish()
    again = TrainingManager.load_run("mine", out)
    again.log(loss=2.0)
    again.log(other=1)
    again.finish()
    assert [entry.get("step") for entry in entries(again)] == [0, 1, 2, 3, 4]
    assert again.metadata["metrics"] == {
        "loss": {"last": 2.0, "min": 1.0, "max": 3.0, "count": 4},
        "other": {"last": 1, "min": 1, "max": 1, "count": 1},
    }


def test_two_objects_of_one_process_may_write_one_run(out: Path) -> None:
    first = start(out, name="mine")
    first.log(loss=1.0)
    second = TrainingManager.load_run("mine", out)
    second.log(loss=5.0)
    first.log(loss=3.0)
    first.finish()
    assert first.metadata["metrics"]["loss"] == {"last": 3.0, "min": 1.0, "max": 5.0, "count": 3}


def test_threads_may_log_into_one_run(out: Path) -> None:
    run = start(out)

    def work(number: int) -> None:
        for value in range(500):
            run.log({f"of {number}": float(value)}, phase="val" if value % 2 else "train")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()
    assert sorted(entry["step"] for entry in entries(run)) == list(range(2000))
    assert {name: total["count"] for name, total in run.metadata["metrics"].items()} == {
        f"{phase}of {number}": 250 for phase in ("", "val/") for number in range(4)
    }


def test_numbers_of_any_library_are_taken_and_values_that_are_none_are_refused(out: Path) -> None:
    run = start(out)
    run.log(a=np.float32(0.5), b=torch.tensor(2), c=True, d=np.array([1.5]), e=-np.inf, f=10**15)
    (entry,) = entries(run)
    assert {name: entry[name] for name in "abcdef"} == {
        "a": 0.5, "b": 2, "c": 1, "d": 1.5, "e": "-Infinity", "f": 10**15
    }  # fmt: skip
    for wrong in ("0.5", None, [1, 2], torch.ones(3), {"x": 1}, object(), 10**30, 1j):
        with pytest.raises(InvalidInput, match=r"A metric must have a name of text and a value that is a number"):
            run.log(good=1.0, wrong=wrong)
    with pytest.raises(InvalidInput, match="Metrics must be given by name"):
        run.log([1.0])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="A step must be a whole number"):
        run.log(loss=1.0, step=1.5)  # type: ignore[arg-type]
    assert len(entries(run)) == 1


@pytest.mark.parametrize("name", ["../x", "<b>bold</b>", "a/b", "验证", "x" * 250, " ", "loss'\"\\"])
def test_a_name_of_any_text_is_a_name_like_any_other(out: Path, name: str) -> None:
    run = start(out)
    run.log({name: 1.0})
    run.finish()
    assert entries(run)[0][name] == 1.0
    assert summary(run.folder)["metrics"] == {name: 1.0}
    assert sorted(path.name for path in run.folder.rglob("*")) == ["logs", "metadata.json", "metrics.json"]


@pytest.mark.parametrize("name", ["", "x" * 10_000, "a\nb", "nul\x00", "\x7f", 7])
def test_a_name_that_is_too_long_or_holds_control_characters_is_refused(out: Path, name: Any) -> None:
    run = start(out)
    with pytest.raises(InvalidInput, match="A metric must have a name of 1 to 250 characters"):
        run.log({name: 1.0})
    assert entries(run) == []


def test_a_name_that_is_taken_gets_a_number_also_where_many_are(out: Path) -> None:
    names = [start(out, name="mine").run_name for _ in range(12)]
    assert names == ["mine", *(f"mine_{number}" for number in range(2, 13))]
    assert start(out).run_name.startswith("default_")
    assert start(out, model_type="lstm", stock_symbol="000001").run_name.startswith("000001_lstm_")


def test_what_cannot_be_started_leaves_nothing_behind(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[dict[str, Any]] = [{"project": "No Such"}, {"tags": {"a": []}}, {"params": {"a": object()}}]
    for wrong in (*faults, {"name": "../x"}):
        with pytest.raises(InvalidInput):
            start(out, **wrong)

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(StorageFailure, match=r"a read-only file system\. Choose a folder that can be written"):
        start(out)
    monkeypatch.undo()
    assert not out.exists() or list(out.iterdir()) == []


def test_an_exception_ends_the_run_with_its_reason(out: Path) -> None:
    with pytest.raises(ZeroDivisionError), start(out) as run:
        _ = 1 / 0
    assert (run.status, run.metadata["reason"]) == ("failed", "ZeroDivisionError: division by zero")
    with start(out) as run:
        run.finish("failed", "diverged")
    assert (run.status, run.metadata["reason"]) == ("failed", "diverged")


def test_params_tags_and_notes_can_be_added_later(out: Path) -> None:
    run = start(out, params={"a": 1})
    run.params(b=2, a=3)
    run.tag(team="east", fold=1)
    run.tag(fold=None)
    run.note("first")
    run.note("second")
    item = summary(run.folder)
    assert (item["params"], item["tags"], item["notes"]) == ({"a": 3, "b": 2}, {"team": "east"}, "first\nsecond")
    assert labels.read(run.folder) == run.labels


def test_files_figures_and_tables_are_kept_in_the_run(out: Path, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    run = start(out)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "x.bin").write_bytes(b"\x00\x01")
    figure = Figure(figsize=(1, 1))
    run.log_file(tmp_path / "notes.txt")
    run.log_file(tmp_path / "notes.txt", name="sub/other.txt")
    run.log_file(tmp_path / "more")
    run.log_figure("confusion/验证", figure, step=3)
    run.log_figure("image", np.zeros((4, 4, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    run.log_figure("bytes", buffer.getvalue())
    run.log_table("worst", ["sku", "wape"], [("P1", 0.5), {"sku": "P2", "wape": np.float32(0.25)}])
    kept = sorted(str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file())
    assert kept == [
        "figures/bytes.png",
        "figures/confusion/验证-3.png",
        "figures/image.png",
        "files/more/deep/x.bin",
        "files/notes.txt",
        "files/sub/other.txt",
        "logs/metrics.json",
        "metadata.json",
        "tables/worst.json",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (run.folder / "figures").rglob("*.png"))
    table = json.loads((run.folder / "tables" / "worst.json").read_text())
    assert (table["columns"], table["rows"]) == (["sku", "wape"], [["P1", 0.5], ["P2", 0.25]])


def test_nothing_that_is_kept_can_leave_the_run(out: Path, tmp_path: Path) -> None:
    run = start(out)
    (tmp_path / "x").write_text("x")
    with pytest.raises(InvalidInput):
        run.log_file(tmp_path / "x", name="../../x")
    with pytest.raises(InvalidInput):
        run.log_figure("../x", b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InvalidInput):
        run.log_table("/etc/x", ["a"], [])
    with pytest.raises(NotFound, match="A file must exist to be kept"):
        run.log_file(tmp_path / "gone")
    with pytest.raises(InvalidInput, match=r"Every row of a table must have a value for each column, but got 1 values"):
        run.log_table("t", ["a", "b"], [[1]])
    with pytest.raises(InvalidInput, match="A figure must be one of matplotlib or PIL"):
        run.log_figure("f", "text")


def test_a_clock_that_jumps_back_makes_no_duration_negative_and_keeps_the_order(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(out)
    run.log(loss=1.0)
    monkeypatch.setattr("tidebook.runs.metrics_writer.time.time_ns", lambda: 980_000_000 * 10**9)
    monkeypatch.setattr("tidebook.runs.writer.timestamp", lambda: "2001-01-01T00:00:00.000+00:00")
    run.log(loss=2.0)
    run.finish()
    assert [entry["loss"] for entry in entries(run)] == [1.0, 2.0]
    assert entries(run)[1]["timestamp"].startswith("2001")
    assert summary(run.folder)["duration_seconds"] == 0.0


def test_a_run_is_sent_to_the_server_that_is_named(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    class Recorded:
        def __init__(self, folder: Path, server: str, token: str) -> None:
            calls.append((folder, server, token))

        def start(self) -> None:
            calls.append(("start",))

        def wake(self) -> None:
            if calls[-1] != ("wake",):
                calls.append(("wake",))

        def close(self, timeout: float) -> None:
            calls.append(("close", timeout))

    monkeypatch.setattr("tidebook.sdk.reporter.Reporter", Recorded)
    monkeypatch.setenv("TIDEBOOK_TOKEN", "secret")
    run = start(out, server="https://shop")
    run.log(loss=1.0)
    run.tag(a=1)
    run.finish()
    run.finish()
    assert calls == [(run.folder, "https://shop", "secret"), ("start",), ("wake",), ("close", 10.0)]


def test_a_step_that_is_refused_does_not_stop_the_counting(out: Path) -> None:
    run = start(out)
    run.log(loss=1.0)
    for step in (2**70, -(2**70), 2**53, "x"):
        with pytest.raises(InvalidInput, match=r"A step must be a whole number below 2\^53"):
            run.log({"loss": 2.0}, step=step)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="A phase must have a name"):
        run.log(loss=2.0, phase=["a"])  # type: ignore[arg-type]
    run.log(loss=3.0)
    run.log({"loss": 4.0}, step=2**53 - 1)
    run.log(loss=5.0)
    assert [(entry["step"], entry["loss"]) for entry in entries(run)][1:] == [(1, 3.0), (2**53 - 1, 4.0), (2**53, 5.0)]
    run.finish()


@pytest.mark.parametrize("name", [".x", "a\u202eb", "..."])
def test_a_name_that_no_list_would_show_is_refused(out: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"must not begin with '\.' or hold what cannot be shown"):
        start(out, name=name)
    assert not out.exists() or not list(out.iterdir())


def test_a_name_made_of_a_symbol_is_one_that_lists_show(out: Path) -> None:
    run = start(out, stock_symbol=".a\u202eb", model_type="lstm")
    assert run.run_name.startswith("-a-b_lstm_")
    assert run.metadata["stock_symbol"] == ".a\u202eb"
    run.finish()


def test_a_twin_of_a_name_as_long_as_the_disk_takes_is_refused_in_words(out: Path) -> None:
    start(out, name="x" * 255).finish()
    with pytest.raises(InvalidInput, match="must not be longer than the disk allows"):
        start(out, name="x" * 255)
    assert [path.name for path in out.iterdir()] == ["x" * 255]


def test_values_that_json_does_not_know_are_kept_as_text(out: Path) -> None:
    run = start(out, params={"seed": 2**70, "path": os.fsdecode(b"caf\xe9.csv"), "clip": float("inf")})
    run.params(entropy=-(2**100), x=float("nan"), huge=10**10_000)
    run.log_table("t", ["a"], [[2**80], [float("-inf")], [float("nan")], ["\udce9"]])
    run.save_evaluation_results({"n": 2**80, "mae": 0.5})
    params = run.load_config()["params"]
    assert params.pop("huge").startswith("0x")
    assert params == {
        "seed": str(2**70), "path": "caf\\udce9.csv", "clip": "Infinity", "entropy": str(-(2**100)), "x": "NaN"
    }  # fmt: skip
    table = json.loads((run.folder / "tables" / "t.json").read_text())
    assert table["rows"] == [[str(2**80)], ["-Infinity"], ["NaN"], ["\\udce9"]]
    assert run.metadata["eval_metrics"]["mae"] == 0.5
    endless: dict[str, Any] = {}
    endless["self"] = endless
    with pytest.raises(InvalidInput, match=r"What goes into config\.json must have a JSON form"):
        run.params(endless=endless)


def test_the_phase_in_a_dictionary_of_metrics_is_the_phase_of_the_entry(out: Path) -> None:
    run = start(out)
    run.log({"phase": "val", "loss": 2.0})
    run.finish()
    assert entries(run)[0]["phase"] == "val"
    assert summary(run.folder)["metrics"] == {"val/loss": 2.0}


def test_an_entry_that_is_refused_uses_up_no_step(out: Path) -> None:
    run = start(out)
    refused: list[dict[str, Any]] = [
        {"a\udc80": 1.0},
        {"loss": 1.0, "timestamp": {"a": [1]}},
        {"loss": 1.0, "timestamp": "\udc80"},
        {"loss": 1.0, "step": True},
        {"loss": "x"},
    ]
    for values in refused:
        with pytest.raises(InvalidInput):
            run.log(values)
    with pytest.raises(InvalidInput, match="A step must be a whole number"):
        run.log(loss=1.0, step=True)
    run.log(loss=1.0)
    assert [entry["step"] for entry in entries(run)] == [0]
