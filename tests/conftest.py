"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tidebook.core.environment import wait_passively
from tidebook.core.settings import Settings

wait_passively()
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data in ../shared/data is absent")
    return SHARED_DATA


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a home of the test's own, in the environment too."""
    for name in [name for name in os.environ if name.startswith("TIDEBOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))
    return Settings()
