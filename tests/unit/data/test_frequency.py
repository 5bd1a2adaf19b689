from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.core.errors import InvalidInput
from tidebook.data.calendar import features
from tidebook.data.frequency import DAILY, HOURLY
from tidebook.data.panel import Panel


def hours() -> Panel:
    """The panel with hours in place of days."""
    data = panel(days=500)
    return replace(data, dates=np.datetime64("2024-03-01T00", "h") + np.arange(500), country=None)


def test_the_unit_of_the_dates_tells_the_seasons() -> None:
    assert panel().frequency == DAILY
    assert hours().frequency == HOURLY


def test_hours_have_the_features_of_their_day_and_their_own() -> None:
    data = hours()
    values, names = features(data.dates[:30], None)
    assert names[-24:] == tuple(f"hour_{i}" for i in range(24))
    assert values[25, names.index("hour_1")] == 1
    assert values[:, -24:].sum(axis=1).tolist() == [1] * 30
    assert values[:24, names.index("month_start")].tolist() == [1] * 24
    with pytest.raises(InvalidInput, match="hour_1"):
        features(panel().dates, None, ("hour_1",))


def test_a_network_learns_from_hours_as_from_days() -> None:
    data = hours()
    fitted = fit("kan", data, span(500), epochs=1, output_length=30)
    config = fitted.state().config
    assert config["covariates"]["frequency"] == {"season": 24, "cycle": 168}
    assert "target_168_before" in config["known_feature_names"]
    assert "target_48_before" in config["known_feature_names"]
    assert np.isfinite(fitted.forecast(data, np.arange(3), np.full(3, 460), 40).values).all()
