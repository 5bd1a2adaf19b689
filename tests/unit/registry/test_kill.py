"""A publishing process is killed with SIGKILL at every step that it takes on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tidebook.registry import ModelManager
from tidebook.store import verify

LINE = "product/P001_all/lstm"
# An audit hook sees every file that is opened, made, linked, renamed or removed. The parent loads torch once, and
# each step is walked by a forked child.
WALK = """
import json, os, signal, sys
from pathlib import Path
import torch
from tidebook import checkpoint
from tidebook.registry import ModelManager
run, homes, action = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
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
    if action == "delete":
        ModelManager(root).publish(run, "product/P001_all/lstm", {"step": step}, publish_id="one")
    child = os.fork()
    if child == 0:
        left[0] = step
        try:
            if action == "publish":
                ModelManager(root).publish(run, "product/P001_all/lstm", {"step": step}, publish_id="one")
            else:
                ModelManager(root).delete("product/P001_all/lstm/v1", "killed")
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
        versions = json.loads((models.store.root / "versions.json").read_text())
        assert versions == {"product_P001_all_lstm": address.version}
        assert list((models.store.root / ".staging").iterdir()) == []
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
        models.delete(f"{LINE}/v1", "again")
        assert list(models.store.trees()) == []
        kept = [path.name for path in (models.store.root / LINE / "v1").iterdir()]
        assert kept == ["deleted.json"]
        assert str(models.publish(run, LINE, {}, publish_id="two")) == f"{LINE}/v2"
