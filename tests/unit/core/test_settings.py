from __future__ import annotations

from pathlib import Path

import pytest

from tidebook.core.settings import Settings


def test_everything_lies_in_the_home(settings: Settings) -> None:
    assert {settings.out.parent, settings.saved_models.parent, settings.saved_predictions.parent} == {settings.home}


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEBOOK_DATA_ROOTS", "/data/a:/data/b")
    monkeypatch.setenv("TIDEBOOK_ALLOWED_HOSTS", "forecast.example,tide.example")
    monkeypatch.setenv("TIDEBOOK_SLOTS", "4")
    settings = Settings()
    assert settings.data_roots == [Path("/data/a"), Path("/data/b")]
    assert settings.allowed_hosts == ["forecast.example", "tide.example"]
    assert settings.slots == 4
