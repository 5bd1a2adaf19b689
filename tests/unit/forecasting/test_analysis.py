from __future__ import annotations

import numpy as np
import pytest

from tidebook.forecasting.analysis import analyse

DATES = np.arange("2022-01-03", "2024-01-01", dtype="datetime64[D]")  # begins on a Monday
WEEK = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.5, 0.5])


def _weekly(level: float, days: int, first: int = 0) -> np.ndarray:
    return level * WEEK[(np.arange(days) + first) % 7]


def test_an_unchanged_pattern_is_flat_and_equal_to_the_past() -> None:
    result = analyse(_weekly(100.0, len(DATES)), _weekly(100.0, 28, len(DATES)), DATES)
    assert result["level"]["change_percent"] == pytest.approx(0, abs=1e-6)
    assert result["trend"]["direction"] == "flat"
    assert result["change_vs_last_period"] == {"absolute": 0.0, "percent": 0.0}
    assert result["change_vs_last_year"] == {"absolute": 0.0, "percent": 0.0}


def test_the_weekly_pattern_is_found_on_the_right_days() -> None:
    result = analyse(_weekly(100.0, len(DATES)), _weekly(100.0, 28, len(DATES)), DATES)
    factors = {entry["weekday"]: entry["factor"] for entry in result["weekly"]}
    assert factors[5] == pytest.approx(1.5)
    assert factors[6] == pytest.approx(0.5)
    assert "Strongest on Saturdays (50 % above the mean), weakest on Sundays (50 % below)." in result["sentences"]["en"]
    assert any("周六最高" in text for text in result["sentences"]["zh"])


def test_a_rise_is_told_with_its_slope_in_spite_of_the_week() -> None:
    rising = _weekly(100.0, 28, len(DATES)) + np.arange(28) * 10 / 7
    trend = analyse(_weekly(100.0, len(DATES)), rising, DATES)["trend"]
    assert trend["direction"] == "rising"
    assert trend["slope_per_week"] == pytest.approx(10, rel=1e-3)


def test_twice_as_much_is_a_hundred_percent_more() -> None:
    result = analyse(_weekly(100.0, len(DATES)), _weekly(200.0, 28, len(DATES)), DATES)
    assert result["change_vs_last_period"]["percent"] == pytest.approx(100)
    assert result["change_vs_last_year"]["percent"] == pytest.approx(100)
    assert "100.0 % more than in the same weeks a year before." in result["sentences"]["en"]


def test_a_short_history_compares_with_what_there_is() -> None:
    result = analyse(np.array([10.0, np.nan, 12.0]), np.array([11.0, 11.0]), DATES[:3])
    assert result["change_vs_last_year"] is None
    assert result["trend"]["direction"] is None
    assert result["level"]["recent_mean"] == pytest.approx(11)


def test_a_history_without_any_observation_has_no_level() -> None:
    result = analyse(np.full(60, np.nan), np.full(14, 5.0), DATES[:60])
    assert result["level"]["recent_mean"] is None
    assert result["sentences"]["en"][0] == "On average 5.00 a day over 14 days."


@pytest.mark.parametrize(
    ("level", "said"), [(483_211.4, "483,211"), (1234.5, "1,234"), (12.345, "12.3"), (0.5, "0.50"), (0.0, "0.00")]
)
def test_numbers_are_spoken_without_exponents(level: float, said: str) -> None:
    result = analyse(np.full(60, np.nan), np.full(14, level), DATES[:60])
    assert result["sentences"]["en"][0] == f"On average {said} a day over 14 days."
