"""What docs/tracking.md tells people to write does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import environment
from tidebook.integrations.mlflow.names import key

PAGE = Path(__file__).parents[2] / "docs" / "tracking.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_run_in_the_order_of_the_page(tmp_path: Path, home: Path) -> None:
    variables = environment(home)
    for program in blocks("python"):
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=variables, capture_output=True, text=True
        )
        assert ended.returncode == 0, f"{program}\n{ended.stderr}"
    assert (home / "out" / "first" / "files" / "plan.csv").is_file()
    commands = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("tidebook runs")]
    local = [line for line in commands if "http" not in line and "RUN" not in line]
    assert len(local) >= 11
    script = "\n".join(["set -e", 'tidebook() { "$PYTHON" -m tidebook "$@"; }', *local])
    ended = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env={**variables, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "runs.zip").is_file()
    assert "Does a larger learning rate help?" in ended.stdout


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`(tidebook\.integrations\.\w+)`", PAGE.read_text("utf-8")))))
def test_every_module_that_the_page_names_exists(module: str) -> None:
    folder = Path(__file__).parents[2] / "src" / "tidebook" / "integrations"
    assert (folder / f"{module.rsplit('.', 1)[1]}.py").is_file()


def test_the_name_that_mlflow_does_not_take_becomes_what_the_page_says() -> None:
    assert re.fullmatch(r"a_b_[0-9a-f]{8}", key("a<b"))
