"""A transferring process is killed with SIGKILL at every step that it takes on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tidebook.store import LocalStore, verify
from tidebook.store.copying import digest
from tidebook.store.model_file import ModelFile
from tidebook.store.pipe import FilePipe

# An audit hook sees every file that is opened, made, linked, renamed or removed; os.write is counted too, so that a
# file is cut in its middle. Each step is walked by a forked child.
WALK = """
import json, os, shutil, signal, sys
from pathlib import Path
from tidebook.store import LocalStore, archiving, verify
from tidebook.store.model_file import ModelFile
homes, action = Path(sys.argv[1]), sys.argv[2]
EVENTS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.utime", "os.truncate"}
left = [0]
def step():
    if left[0]:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
def watch(event, arguments):
    if event in EVENTS and str(homes) in str(arguments):
        step()
sys.addaudithook(watch)
real = os.write
def write(handle, data):
    step()
    return real(handle, data)
os.write = write
number = 0
while True:
    number += 1
    root = homes / str(number)
    shutil.copytree(homes.parent / "prototype", root)
    child = os.fork()
    if child == 0:
        left[0] = number
        try:
            pipe = ModelFile("demand", "v2", root / "store").filepipe()
            if action == "push":
                pipe.import_dir(root / "source")
            elif action == "move":
                pipe.import_dir(root / "source", move=True)
            elif action == "publish":
                store = LocalStore(root / "store")
                prefix = f"product/P001_all/lstm/v{store.claim('product/P001_all/lstm', 'two')}"
                files = ["small.txt", "other.txt", "sub/large.bin"]
                store.commit(prefix, store.fill(prefix, {name: root / "source" / name for name in files}))
            elif action == "pull":
                pipe.pull_dir(root / "out")
            else:
                pipe.delete_files_local(delete_all=True, confirm=False)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        break
print(json.dumps(number))
"""
LINE = "product/P001_all/lstm"


def walk(homes: Path, action: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many steps the action takes; the folder of each has been left as the kill at that step left it."""
    monkeypatch.setenv("TIDEBOOK_HOME", str(homes.parent / "home"))
    prototype = homes.parent / "prototype"
    content(prototype / "source")
    pipe(prototype, "v1").import_dir(prototype / "source")
    if action == "publish":
        publish(prototype, "one")
    (prototype / "source" / "small.txt").write_text("new")
    if action in {"pull", "delete"}:
        pipe(prototype, "v2").import_dir(prototype / "source")
    command = [sys.executable, "-W", "ignore", "-c", WALK, str(homes), action]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout))


def publish(root: Path, owner: str) -> str:
    """What the walk does, as a second call."""
    store = LocalStore(root / "store")
    prefix = f"{LINE}/v{store.claim(LINE, owner)}"
    if prefix not in store.trees():
        files = {path: root / "source" / path for path in ("small.txt", "other.txt", "sub/large.bin")}
        store.commit(prefix, store.fill(prefix, files))
    return prefix


def content(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    (folder / "small.txt").write_text("old")
    (folder / "other.txt").write_text("other")
    (folder / "sub" / "large.bin").write_bytes(bytes(range(256)) * 4200)


def pipe(root: Path, version: str) -> FilePipe:
    return ModelFile("demand", version, root / "store").filepipe()


def digests(folder: Path) -> dict[str, str]:
    """Every file that is not hidden, and what it holds."""
    return {
        path.relative_to(folder).as_posix(): digest(path)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name != "manifest.json"
    }


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    (tmp_path / "homes").mkdir()
    return tmp_path / "homes"


@pytest.mark.parametrize("action", ["push", "move"])
def test_a_push_killed_at_any_step_shows_nothing_half_and_is_finished_by_a_second_one(
    action: str, homes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walk(homes, action, monkeypatch)
    wanted = digests(homes.parent / "prototype" / "source")
    assert steps > 20
    for step in range(1, steps + 1):
        root = homes / str(step)
        found, originals = digests(root / "store" / "files" / "demand" / "v2"), digests(root / "source")
        assert found.items() <= wanted.items()
        assert {**originals, **found} == wanted
        if pipe(root, "v2").entries():
            assert pipe(root, "v2").verify() == []
        if (root / "source").exists():
            assert pipe(root, "v2").import_dir(root / "source", move=action == "move").failed == []
        store = LocalStore(root / "store")
        assert digests(root / "store" / "files" / "demand" / "v2") == wanted
        assert pipe(root, "v1").verify() == pipe(root, "v2").verify() == []
        assert [path.name for path in store.root.rglob(".*")] == []
        if action == "move":
            assert digests(root / "source") == {}


def test_a_version_that_shares_content_killed_at_any_step_is_finished_by_a_second_call(
    homes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walk(homes, "publish", monkeypatch)
    assert steps > 15
    for step in range(1, steps + 1):
        root = homes / str(step)
        store = LocalStore(root / "store")
        assert {*store.trees()} <= {f"{LINE}/v1", f"{LINE}/v2"}
        assert [verify(store, prefix) for prefix in store.trees()] == [[]] * len(list(store.trees()))
        made = publish(root, "two")
        assert made in {f"{LINE}/v2", f"{LINE}/v3"}  # A claim that was not signed yet is a gap.
        assert list(store.trees()) == [f"{LINE}/v1", made]
        assert verify(store, f"{LINE}/v1") == verify(store, made) == []
        assert [path.name for path in store.root.rglob(".*.part")] == []


def test_a_pull_killed_at_any_step_shows_nothing_half_and_is_finished_by_a_second_one(
    homes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walk(homes, "pull", monkeypatch)
    wanted = digests(homes.parent / "prototype" / "source")
    assert steps > 10
    for step in range(1, steps + 1):
        root = homes / str(step)
        assert digests(root / "out").items() <= wanted.items()
        assert pipe(root, "v2").pull_dir(root / "out").failed == []
        assert digests(root / "out") == wanted
        assert [path.name for path in (root / "out").rglob(".*")] == []
        assert pipe(root, "v2").verify() == []


def test_a_deletion_killed_at_any_step_is_finished_by_a_second_one(
    homes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walk(homes, "delete", monkeypatch)
    for step in range(1, steps + 1):
        root = homes / str(step)
        left = digests(root / "store" / "files" / "demand" / "v2")
        assert left.items() <= digests(homes.parent / "prototype" / "source").items()
        pipe(root, "v2").delete_files_local(delete_all=True, confirm=False)
        assert pipe(root, "v2").scan_local() == []
        assert json.loads((root / "store/files/demand/v2/manifest.json").read_bytes())["files"] == []
        assert pipe(root, "v1").verify() == []
