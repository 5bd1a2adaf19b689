"""A publishing process is killed with SIGKILL at every step that it takes on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.registry.foreign import write_version
from tests.unit.registry.published import root_of
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all
from tidebook.registry.bundle import pack
from tidebook.store import verify

LINE = "product/P001_all/lstm"
# An audit hook sees every file that is opened, made, linked, renamed or removed. The parent loads torch once, and
# each step is walked by a forked child.
WALK = """
import json, os, shutil, signal, sys
from pathlib import Path
import torch
from tidebook import checkpoint
from tidebook.registry import ModelManager, adopt
from tidebook.registry.adopt import adopt_all
adopt.REST = 0.0
run, homes, action = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if action in {"publish", "delete", "alias", "label"}:
    checkpoint.load(run / "model" / "pytorch_model.bin")
EVENTS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.utime", "shutil.rmtree"}
left = [0]
def watch(event, arguments):
    if event in EVENTS and left[0] and str(homes) in str(arguments):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
step = 0
while True:
    step += 1
    root = homes / str(step)
    models, line = ModelManager(root), "product/P001_all/lstm"
    if action in {"delete", "alias", "label"}:
        models.publish(run, line, {"step": step}, publish_id="one")
        models.set_alias(f"{line}/v1", "production", by="before")
    if action == "alias":
        models.publish(run, line, {"step": step}, publish_id="two")
    if action == "adopt":
        root.mkdir()
        shutil.copytree(run, root / line / "v1")
    child = os.fork()
    if child == 0:
        left[0] = step
        try:
            if action == "publish":
                models.publish(run, line, {"step": step}, publish_id="one")
            elif action == "delete":
                models.delete(f"{line}/v1", "killed", force=True)
            elif action == "alias":
                models.set_alias(f"{line}/v2", "production", by="killed")
            elif action == "label":
                models.label(f"{line}/v1", tags={"a": "b"})
            elif action == "adopt":
                adopt_all(models.store)
            else:
                models.import_file(run)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        break
print(json.dumps(step))
"""


def walk(run: Path, homes: Path, action: str) -> int:
    command = [sys.executable, "-W", "ignore", "-c", WALK, str(run), str(homes), action]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout))


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    (tmp_path / "homes").mkdir()
    return tmp_path / "homes"


def test_a_publication_killed_at_any_step_shows_nothing_half_and_is_finished_by_a_second_one(
    run: Path, homes: Path
) -> None:
    steps = walk(run, homes, "publish")
    assert steps > 15
    finished = 0
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        visible = list(models.store.trees())
        assert len(visible) <= 1
        finished += len(visible)
        assert all(verify(models.store, prefix) == [] for prefix in visible)
        assert [item["address"] for item in models.list_models()["models"]] == visible
        address = models.publish(run, LINE, {"step": step}, publish_id="one")
        assert list(models.store.trees()) == [str(address)]
        assert not visible or visible == [str(address)]
        assert verify(models.store, str(address)) == []
        assert models.get(address)["metadata"]["step"] == step
        versions = json.loads((root_of(models) / "versions.json").read_text())
        assert versions == {"product_P001_all_lstm": address.version}
        assert list((root_of(models) / ".staging").iterdir()) == []
    assert 1 < finished < steps


def test_a_deletion_killed_at_any_step_is_all_or_nothing_and_is_finished_by_a_second_one(
    run: Path, homes: Path
) -> None:
    steps = walk(run, homes, "delete")
    assert steps > 5
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        visible = list(models.store.trees())
        assert all(verify(models.store, prefix) == [] for prefix in visible)
        models.delete(f"{LINE}/v1", "again", force=True)
        assert list(models.store.trees()) == []
        kept = [path.name for path in (root_of(models) / LINE / "v1").iterdir()]
        assert kept == ["deleted.json"]
        assert models.aliases(LINE)["aliases"] == {}
        assert [event["version"] for event in models.aliases(LINE)["history"]] == ["v1", None]
        assert str(models.publish(run, LINE, {}, publish_id="two")) == f"{LINE}/v2"


def test_a_change_of_an_alias_killed_at_any_step_is_all_or_nothing(run: Path, homes: Path) -> None:
    steps = walk(run, homes, "alias")
    assert steps > 5
    moved = 0
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        content = models.aliases(LINE)
        version = content["aliases"]["production"]["version"]
        moved += version == "v2"
        assert [event["version"] for event in content["history"]] == (["v1", "v2"] if version == "v2" else ["v1"])
        assert str(models.resolve(f"{LINE}@production")) == f"{LINE}/{version}"
        models.set_alias(f"{LINE}/v2", "production", by="again")
        assert [event["version"] for event in models.aliases(LINE)["history"]] == ["v1", "v2"]
    assert 1 <= moved < steps


def test_a_change_of_labels_killed_at_any_step_is_all_or_nothing(run: Path, homes: Path) -> None:
    steps = walk(run, homes, "label")
    assert steps > 3
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        assert models.item(f"{LINE}/v1")["tags"] in ({}, {"a": "b"})
        assert models.label(f"{LINE}/v1", tags={"a": "b"})["tags"] == {"a": "b"}
        assert verify(models.store, f"{LINE}/v1") == []


def test_an_adoption_killed_at_any_step_shows_nothing_half_and_is_finished_by_a_second_one(
    tmp_path: Path, homes: Path
) -> None:
    source = write_version(tmp_path / "foreign", b"weights", metrics={"wape": 0.5})
    steps = walk(source, homes, "adopt")
    assert steps > 8
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        assert all(verify(models.store, prefix) == [] for prefix in models.store.trees())
        adopt_all(models.store)
        assert list(models.store.trees()) == [f"{LINE}/v1"]
        assert verify(models.store, f"{LINE}/v1") == []
        assert len(models.get(f"{LINE}/v1")["files"]) == 3
        assert "damaged" in models.item(f"{LINE}/v1")["problem"]


def test_an_import_killed_at_any_step_shows_nothing_half_and_is_finished_by_a_second_one(
    run: Path, tmp_path: Path, homes: Path
) -> None:
    made = ModelManager(tmp_path / "made")
    made.publish(run, LINE, {"description": "carried"}, publish_id="one")
    pack(made, made.version(f"{LINE}/v1"), tmp_path / "v1.zip")
    steps = walk(tmp_path / "v1.zip", homes, "import")
    assert steps > 15
    for step in range(1, steps + 1):
        models = ModelManager(homes / str(step))
        visible = list(models.store.trees())
        assert all(verify(models.store, prefix) == [] for prefix in visible)
        address, _ = models.import_file(tmp_path / "v1.zip")
        assert list(models.store.trees()) == [str(address)]
        assert not visible or visible == [str(address)]
        assert models.item(address)["problem"] is None
        assert list((root_of(models) / ".staging").iterdir()) == []
