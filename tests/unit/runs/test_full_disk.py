"""A disk that is full or read-only stops no training that has begun, and the record says what it cost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tidebook
from tidebook.core import files
from tidebook.core.errors import InvalidInput, StorageFailure
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary
from tidebook.runs.waiting import Waiting


@contextmanager
def refusing(number: int) -> Iterator[None]:
    """Nothing can be written."""

    def refused(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", refused)
        patch.setattr(os, "write", refused)
        patch.setattr(os, "utime", refused)
        patch.setattr(files, "_beside", refused)
        yield


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_training_goes_on_and_what_waited_is_written_when_the_disk_takes_it(
    out: Path, tmp_path: Path, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    run.log(loss=3.0)
    with refusing(number):
        run.update_status("preparing")
        run.log(loss=2.0)
        run.save_training_log("a line")
        run.tag(team="east")
        run.params(lr=0.1)
        run.log_table("t", ["a"], [[1]])
        run.log_file(Path(__file__))
        run.pulse()
        assert summary(run.folder)["status"] == "training"
    assert "could not be written" in caplog.text
    run.pulse()
    assert summary(run.folder)["status"] == "preparing"
    run._log.waiting._retry_at = run._text.waiting._retry_at = 0.0
    run.log(loss=1.0)
    run.save_training_log("another")
    run.finish()
    assert [entry["loss"] for entry in json.loads((run.folder / "logs" / "metrics.json").read_text())] == [
        3.0,
        2.0,
        1.0,
    ]
    assert (run.folder / "logs" / "training.log").read_text().count("line") == 1
    warnings = run.metadata["warnings"]
    for name in ("metadata.json", "labels.json", "config.json", "tables/t", "files/test_full_disk.py"):
        assert any(warning.startswith(f"{name} could not be written: ") for warning in warnings), name
    assert run.status == "completed"


def test_an_end_that_the_disk_does_not_take_is_written_later(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    run.log(loss=3.0)
    with refusing(errno.ENOSPC):
        run.finish()
    assert summary(run.folder)["status"] == "training"
    run.pulse()
    item = summary(run.folder)
    assert (item["status"], item["metrics"]) == ("completed", {"loss": 3.0})


def test_the_end_of_the_process_writes_what_was_held_back(out: Path) -> None:
    code = """
import os, sys
import tidebook
run = tidebook.start_run(name="mine", output_dir=sys.argv[1], context=False, resources=False)
real = os.replace
def full(*_):
    raise OSError(28, "full")
os.replace = full
run.finish()
os.replace = real
"""
    subprocess.run([sys.executable, "-c", code, str(out)], check=True, capture_output=True)
    assert summary(out / "mine")["status"] == "completed"


def test_a_run_is_not_begun_on_a_disk_that_takes_nothing(out: Path) -> None:
    out.mkdir()
    with refusing(errno.ENOSPC), pytest.raises(StorageFailure, match="no space left on the disk"):
        tidebook.start_run(output_dir=out)
    assert list(out.iterdir()) == []


def test_warnings_stay_with_a_run_that_goes_on(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    with refusing(errno.ENOSPC):
        run.tag(a=1)
    run.finish()
    again = TrainingManager.load_run("mine", out)
    again.update_status("training")
    again.finish()
    assert again.metadata["warnings"] == ["labels.json could not be written: no space left on the disk"]


def test_the_totals_count_what_stands_in_the_log_and_not_what_was_dropped(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    run._log.waiting = Waiting(capacity=2)
    run.log(loss=9.0)
    with refusing(errno.ENOSPC):
        for value in (100.0, 7.0, 8.0):
            run.log(loss=value)
    run._log.waiting._retry_at = 0.0
    run.log({"loss": 6.0}, phase="val")
    run.finish()
    logged = [entry["loss"] for entry in json.loads((run.folder / "logs" / "metrics.json").read_text())]
    assert logged == [9.0, 8.0, 6.0]
    metrics = run.metadata["metrics"]
    assert metrics["loss"] == {"last": 8.0, "min": 8.0, "max": 9.0, "count": 2}
    assert metrics["val/loss"]["count"] == 1


def test_what_is_never_written_is_in_no_total(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    run.log(loss=9.0)
    with refusing(errno.ENOSPC):
        run.log(loss=1.0)
        run.finish()
    run.pulse()
    assert run.metadata["metrics"]["loss"] == {"last": 9.0, "min": 9.0, "max": 9.0, "count": 1}


def test_labels_that_the_disk_did_not_take_are_written_when_it_does(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    with refusing(errno.ENOSPC):
        run.tag(team="east", x="1")
        run.tag(x="2")
        run.note("first")
        with pytest.raises(InvalidInput):
            run.tag(y=["no text"])
    run.finish()
    run.pulse()
    item = summary(run.folder)
    assert (item["tags"], item["notes"], item["status"]) == ({"team": "east", "x": "2"}, "first", "completed")
    run.tag(x="3")
    run.pulse()
    assert summary(run.folder)["tags"]["x"] == "3"


def test_the_end_of_the_process_writes_labels_that_wait(out: Path) -> None:
    code = """
import os, sys
import tidebook
run = tidebook.start_run(name="mine", output_dir=sys.argv[1], context=False, resources=False)
real = os.replace
def full(*_):
    raise OSError(28, "full")
os.replace = full
run.tag(team="east")
os.replace = real
run.finish()
"""
    subprocess.run([sys.executable, "-c", code, str(out)], check=True, capture_output=True)
    assert summary(out / "mine")["tags"] == {"team": "east"}


def test_lines_and_parameters_that_the_disk_did_not_take_are_written_when_it_does(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    with refusing(errno.ENOSPC):
        for number in range(300):
            run.save_training_log(f"line {number}")
        run.params(lr=0.5)
        run.params(epochs=3)
        run.log(loss=1.0)
    run.pulse()
    assert run.load_config()["params"] == {"lr": 0.5, "epochs": 3}
    assert (run.folder / "logs" / "training.log").read_text().count("line") == 300
    assert len(json.loads((run.folder / "logs" / "metrics.json").read_text())) == 1
    with refusing(errno.ENOSPC):
        run.save_training_log("the last line")
        run.finish()
        run.save_training_log("one more line")
    run.pulse()
    assert (run.folder / "logs" / "training.log").read_text().count("line") == 302
    assert summary(run.folder)["status"] == "completed"


def test_the_end_of_a_run_writes_the_lines_that_wait(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    with refusing(errno.ENOSPC):
        run.save_training_log("a line")
    run.finish()
    assert (run.folder / "logs" / "training.log").read_text().count("line") == 1


def test_results_that_the_disk_does_not_take_stop_a_started_run_no_more_than_its_log(out: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)
    with refusing(errno.ENOSPC):
        run.save_config({"data_source": "CSV", "lr": 1})
        run.save_evaluation_results({"mae": 0.5})
        run.save_predictions([{"prediction": 1.0}])
        run.record_version("model/v1")
    run.finish()
    described = run.metadata
    assert (described["eval_metrics"], described["version"]) == ({"mae": 0.5}, "model/v1")
    run.pulse()
    assert run.load_config()["lr"] == 1
    for name in ("config.json", "results/eval_results.json", "results/predictions.json"):
        assert f"{name} could not be written: no space left on the disk" in described["warnings"]


def test_results_that_the_disk_does_not_take_are_an_error_of_a_manager_used_by_itself(out: Path) -> None:
    run = TrainingManager(run_name="mine", output_dir=out)
    run.save_config({"lr": 1})
    with refusing(errno.ENOSPC):
        with pytest.raises(StorageFailure):
            run.save_config({"lr": 2})
        with pytest.raises(StorageFailure):
            run.save_evaluation_results({"mae": 0.5})
        with pytest.raises(StorageFailure):
            run.save_predictions([])
    run.pulse()
    assert run.load_config()["lr"] == 1
