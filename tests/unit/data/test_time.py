"""Splits and scalers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault
from tidebook.data.load import load_panel
from tidebook.data.scalers import Scaler
from tidebook.data.splits import split


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
