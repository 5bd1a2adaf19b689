"""Calendar, splits and scalers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, InvalidInput
from tidebook.data.calendar import features
from tidebook.data.load import load_panel
from tidebook.data.scalers import Scaler
from tidebook.data.splits import split


def _days(first: str, count: int) -> np.ndarray:
    return np.datetime64(first, "D") + np.arange(count)


def test_weekdays_and_month_ends_are_marked() -> None:
    values, names = features(_days("2024-02-26", 7), None)  # a Monday
    assert (values[:, :7] == np.eye(7)).all()
    assert values[:, names.index("month_end")].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert "holiday" not in names


def test_chinese_holidays_move_and_weekends_are_made_up_for() -> None:
    values, names = features(_days("2024-02-03", 20), "CN")
    holiday, workday = values[:, names.index("holiday")], values[:, names.index("workday")]
    assert holiday[7:15].all()  # 10 to 17 February 2024
    assert not holiday[5]
    assert workday[1]  # Sunday 4 February, made up for
    assert workday[15]  # Sunday 18 February, made up for
    assert not workday[0]


def test_years_that_no_decree_covers_follow_the_general_rules() -> None:
    values, names = features(_days("2049-10-01", 1), "CN")
    assert values[0, names.index("holiday")] == 1


def test_other_countries_have_their_holidays() -> None:
    values, names = features(_days("2024-10-03", 2), "DE")
    assert values[:, names.index("holiday")].tolist() == [1, 0]
    with pytest.raises(InvalidInput, match="must be an ISO code whose holidays are known, but got QQ"):
        features(_days("2024-10-03", 2), "QQ")


@given(st.integers(0, 20_000), st.integers(1, 60))
def test_a_feature_depends_on_its_day_alone(first: int, count: int) -> None:
    days = np.datetime64(0, "D") + first + np.arange(count)
    values, _ = features(days, None)
    assert np.array_equal(values[-1:], features(days[-1:], None)[0])


def test_the_end_is_held_out() -> None:
    span = split(load_panel(table(days=120)), validation_days=20, test_days=10, look_back=28, output_length=7)
    assert (span.start, span.train_end, span.validation_end, span.test_end) == (0, 90, 110, 120)


def test_data_that_is_too_short_is_refused_with_the_sum() -> None:
    with pytest.raises(
        DataFault, match=r"at least 65 days \(look-back 28 \+ output 7 \+ validation 20 \+ test 10\), but got 60"
    ):
        split(load_panel(table(days=60)), validation_days=20, test_days=10, look_back=28, output_length=7)


def test_series_that_all_begin_too_late_are_refused() -> None:
    panel = load_panel(table(days=120))
    panel.mask[:, :80] = False
    with pytest.raises(DataFault, match="At least one series must begin 35 days"):
        split(panel, validation_days=20, test_days=10, look_back=28, output_length=7)


def test_a_scaler_is_undone_and_survives_json() -> None:
    values = np.random.default_rng(0).normal(50, 9, (4, 30, 2)).astype(np.float32)
    scaler = Scaler.fit(values)
    scaled = scaler.transform(values)
    assert np.allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-4)
    assert np.allclose(Scaler.from_json(scaler.to_json()).inverse(scaled), values, atol=1e-3)


def test_a_constant_is_not_blown_up_and_what_is_masked_does_not_count() -> None:
    values = np.full((1, 5, 1), 7, dtype=np.float32)
    values[0, 4] = 1000
    mask = np.array([[True, True, True, True, False]])
    scaler = Scaler.fit(values, mask)
    assert (scaler.mean[0], scaler.scale[0]) == (7, 1)
    assert Scaler.fit(values, np.zeros_like(mask)).scale[0] == 1
