from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tidebook.runs import TrainingManager
from tidebook.runs.start import start_run


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def run(out: Path) -> Iterator[TrainingManager]:
    """A run to write to, which the test may leave open."""
    run = start_run(name="given", output_dir=out, context=False, resources=False)
    yield run
    run.close()
