from __future__ import annotations

import json
from pathlib import Path

import pytest

from tidebook.core.errors import Conflict, NotFound
from tidebook.runs import TrainingManager
from tidebook.runs.delete import delete_run
from tidebook.runs.start import start_run


def run(out: Path, **more: object) -> TrainingManager:
    started = start_run(output_dir=out, context=False, resources=False, name="one")
    started.log(loss=0.5)
    return started


def test_a_deleted_run_leaves_a_note_of_its_deletion_only(out: Path) -> None:
    made = run(out)
    made.finish()
    run_id = made.metadata["id"]
    delete_run(made.folder, "a try")
    assert [path.name for path in made.folder.iterdir()] == ["deleted.json"]
    note = json.loads((made.folder / "deleted.json").read_text())
    assert (note["reason"], note["id"], note["format_version"]) == ("a try", run_id, 1)
    assert TrainingManager.list_runs(out) == []


def test_a_deletion_that_was_killed_is_finished_by_the_next(out: Path) -> None:
    made = run(out)
    made.finish()
    (made.folder / "deleted.json").write_text("{}")
    delete_run(made.folder)
    assert [path.name for path in made.folder.iterdir()] == ["deleted.json"]


def test_a_run_that_is_being_written_is_not_deleted(out: Path) -> None:
    made = run(out)
    with pytest.raises(Conflict, match="must have ended to be deleted"):
        delete_run(made.folder)
    made.finish()
    delete_run(made.folder)


def test_a_link_in_a_run_is_removed_and_not_followed(out: Path, tmp_path: Path) -> None:
    made = run(out)
    made.finish()
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("dear")
    (made.folder / "link").symlink_to(kept)
    delete_run(made.folder)
    assert (kept / "file").read_text() == "dear"


def test_what_is_no_run_or_is_broken(out: Path) -> None:
    (out / "folder").mkdir(parents=True)
    with pytest.raises(NotFound, match="A run must exist to be deleted"):
        delete_run(out / "folder")
    made = run(out)
    made.close()
    (made.folder / "metadata.json").write_text("{")
    delete_run(made.folder)
    assert TrainingManager.list_runs(out) == []
