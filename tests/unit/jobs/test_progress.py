from __future__ import annotations

from pathlib import Path

import pytest

from tidebook.core.errors import StorageFailure
from tidebook.core.files import read_json
from tidebook.jobs import progress
from tidebook.jobs.progress import Progress, ProgressFile


def test_the_share_that_is_done_counts_steps_within_the_epoch() -> None:
    assert Progress("run", "training", epoch=2, epochs=4, step=5, steps=10).fraction == pytest.approx(0.625)
    assert Progress("run", "preparing").fraction == 0


def test_the_share_that_is_done_counts_the_models_of_all_folds() -> None:
    assert Progress("run", "training", epoch=1, epochs=4, fit=1, fits=2).fraction == pytest.approx(0.625)
    assert Progress("run", "training", epoch=9, epochs=4, fit=1, fits=2).fraction == 1
    assert Progress("run", "training", fit=1, fits=2).fraction == 0.5


def test_the_file_follows_every_change_of_status_and_epoch(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    watch = ProgressFile(path)
    watch(Progress("run", "preparing"))
    assert read_json(path)["status"] == "preparing"
    watch(Progress("run", "training", epoch=1, epochs=3))
    assert read_json(path)["epoch"] == 1


def test_steps_are_thinned_out(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    watch = ProgressFile(path)
    for step in range(1000):
        watch(Progress("run", "training", epochs=1, step=step, steps=1000))
    assert read_json(path)["step"] == 0


def test_a_full_disk_ends_no_training_and_the_next_step_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, value: object) -> None:
        raise StorageFailure("It must be written", got="no space left on the disk", fix="Free some space.")

    path = tmp_path / "progress.json"
    watch = ProgressFile(path)
    with monkeypatch.context() as patched:
        patched.setattr(progress, "write_json", full)
        watch(Progress("run", "training", epoch=1, epochs=3))
    watch(Progress("run", "training", epoch=1, epochs=3))
    assert read_json(path)["epoch"] == 1
