"""A run that nobody finished ends with its program, as that ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tidebook.runs.record import summary


@pytest.mark.parametrize(
    ("end", "status", "reason"),
    [
        ("", "completed", None),
        ("raise KeyError('price')", "failed", "KeyError: 'price'"),
        ("sys.exit(3)", "failed", "the program ended with exit code 3"),
        ("sys.exit('no data')", "failed", "the program ended with exit code no data"),
        ("sys.exit()", "completed", None),
        ("run.close()", "training", None),
        ("raise SystemExit(3)", "completed", None),
        ("raise SystemExit", "completed", None),
        ("def main(): return 0\nraise SystemExit(main())", "completed", None),
        ("def main(): raise SystemExit(3)\nmain()", "failed", "the program ended with SystemExit"),
        ("exit(3)", "failed", "the program ended with exit code 3"),
        ("quit()", "completed", None),
        ("leave(4)", "failed", "the program ended with exit code 4"),
        ("try: sys.exit(2)\nexcept SystemExit: pass", "completed", None),
        ("t = threading.Thread(target=sys.exit, args=(5,)); t.start(); t.join()", "completed", None),
        ("sys.exit(['bad'])", "failed", "the program ended with exit code ['bad']"),
        ("with run: sys.exit(0)", "completed", None),
        ("with run: sys.exit()", "completed", None),
        ("with run: sys.exit(2)", "failed", "the program ended with exit code 2"),
    ],
)
def test_a_run_that_nobody_finished_ends_with_the_program(out: Path, end: str, status: str, reason: str | None) -> None:
    code = (
        "import sys, threading, tidebook\nfrom sys import exit as leave\n"
        f"run = tidebook.start_run(output_dir={str(out)!r}, name='left', resources=False)\nrun.log(loss=1)\n{end}"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True)
    metadata = json.loads((out / "left" / "metadata.json").read_text())
    assert (metadata["status"], metadata.get("reason")) == (status, reason)
    assert bool(metadata.get("finished_at")) == (status != "training")
    assert (out / "left" / "context.json").exists() or status == "training"


def test_a_run_that_a_function_forgot_ends_with_the_program(out: Path) -> None:
    code = (
        "import gc, tidebook\n"
        f"def train(): tidebook.start_run(output_dir={str(out)!r}, name='left', context=False).log(loss=1)\n"
        "train(); gc.collect()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert summary(out / "left")["status"] == "completed"


def test_a_forked_child_ends_none_of_its_parents_runs(out: Path) -> None:
    code = (
        "import os, sys, tidebook\n"
        f"run = tidebook.start_run(output_dir={str(out)!r}, name='left', context=False)\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit(1)\n"
        "os.waitpid(child, 0); run.log(loss=1); print(run.load_run('left', run.folder.parent).status)"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "training"
    assert summary(out / "left")["status"] == "completed"
