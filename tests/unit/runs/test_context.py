"""Where a run came from: code, command, packages, machine; and what it used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tidebook.runs import context, git, gpus, pulse
from tidebook.runs.record import summary

TRAINING = """
import tidebook
run = tidebook.start_run(name="mine", output_dir="out", params={"seed": 7}, resources=False)
run.finish()
"""


def read(folder: Path) -> Any:
    return json.loads((folder / "context.json").read_text())


def ask_git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=trunk"]
    return subprocess.run(
        [str(shutil.which("git")), *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a change that is not committed."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text(TRAINING)
    ask_git(folder, "init")
    ask_git(folder, "add", "train.py")
    ask_git(folder, "commit", "-m", "first")
    ask_git(folder, "remote", "add", "origin", "https://me:secret@git.shop/code.git")
    (folder / "train.py").write_text(f"{TRAINING}# 改\n")
    return folder


def test_a_run_records_the_code_and_the_command_that_made_it(repository: Path) -> None:
    command = [sys.executable, "train.py", "--token", "hunter2", "--lr=0.1"]
    subprocess.run(command, cwd=repository, check=True, env={**os.environ, "MY_SECRET": "in the environment"})
    folder = repository / "out" / "mine"
    found = read(folder)
    assert found["git"] == {
        "commit": ask_git(repository, "rev-parse", "HEAD"),
        "branch": "trunk",
        "dirty": True,
        "remote": "https://***@git.shop/code.git",
        "diff": "context/diff.patch",
    }
    assert "+# 改" in (folder / "context" / "diff.patch").read_text()
    assert found["command"].endswith("train.py --token '***' --lr=0.1")
    assert found["cwd"] == str(repository)
    assert found["packages"]["orjson"]
    assert found["seed"] == 7
    assert found.keys() >= {"python", "host", "platform", "cpus", "gpus", "threads", "format_version"}
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"hunter2" not in everything
    assert b"in the environment" not in everything
    ask_git(repository, "apply", "--reverse", str(folder / "context" / "diff.patch"))  # It is a patch that applies.


def test_a_clean_tree_has_no_diff_and_a_long_one_is_cut(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_git(repository, "checkout", "train.py")
    clean = git.look(repository)
    assert clean is not None
    assert (clean.facts["dirty"], clean.diff) == (False, b"")
    monkeypatch.setattr(git, "MAX_DIFF_BYTES", 1000)
    (repository / "train.py").write_text("x = 1\n" * 5000)
    cut = git.look(repository)
    assert cut is not None
    assert (len(cut.diff), cut.facts["diff_cut"]) == (1000, True)


@pytest.mark.parametrize("case", ["no repository", "no commit", "no git", "slow git"])
def test_without_git_there_is_a_context_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if case == "no commit":
        ask_git(folder, "init")
    if case == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    if case == "slow git":
        (tmp_path / "git").write_text(f"#!{shutil.which('sh')}\nexec sleep 30\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(git, "TIMEOUT_SECONDS", 0.1)
    run = tidebook.start_run(output_dir=tmp_path / "out", resources=False)
    run.finish()
    found = read(run.folder)
    assert found["git"] is None
    assert found["packages"]
    assert run.metadata.get("warnings") is None


def test_facts_can_be_added_while_it_is_collected_and_later(out: Path) -> None:
    run = tidebook.start_run(output_dir=out, resources=False)
    run.record_context(data={"dataset": "DSET1", "rows": 3})
    run.finish()
    run.record_context(batch_size=16)
    found = read(run.folder)
    assert (found["data"]["rows"], found["batch_size"]) == (3, 16)
    assert summary(run.folder)["dataset"] == "DSET1"


def test_without_context_nothing_is_collected(out: Path) -> None:
    run = tidebook.start_run(output_dir=out, context=False, resources=False)
    run.finish()
    assert not (run.folder / "context.json").exists()
    assert context.read(run.folder) == {}


def test_what_the_process_uses_is_recorded_over_time(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.05)
    monkeypatch.setattr(gpus, "usage", lambda: {"gpu": 50.0, "gpu_memory": 2**30})
    run = tidebook.start_run(output_dir=out, context=False)
    child = subprocess.Popen([sys.executable, "-c", "x = bytearray(200 << 20)\nwhile True: pass"])
    try:
        log = run.folder / "logs" / "resources.json"
        deadline = time.monotonic() + 20
        entries: list[dict[str, Any]] = []
        while time.monotonic() < deadline and not any(e["cpu"] > 20 and e["memory"] > 200 << 20 for e in entries):
            time.sleep(0.05)
            entries = json.loads(log.read_text()) if log.exists() else []
    finally:
        child.kill()
        child.wait()
    run.finish()
    assert any(entry["cpu"] > 20 and entry["memory"] > 200 << 20 for entry in entries)
    assert entries[-1].keys() == {"timestamp", "seconds", "cpu", "memory", "gpu", "gpu_memory"}
    assert [e["seconds"] for e in entries] == sorted(e["seconds"] for e in entries)
    count = len(json.loads(log.read_text()))
    time.sleep(0.2)
    assert len(json.loads(log.read_text())) == count


def test_where_there_is_no_gpu_none_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_nvml", lambda: None)
    monkeypatch.setattr(gpus, "_torch_on_gpu", lambda: None)
    assert (gpus.names(), gpus.usage()) == ([], {})
