from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.data.panel import SeriesKey
from tidebook.intervals import Calibrated, calibrate
from tidebook.training import figures
from tidebook.training.canvas import number, printable
from tidebook.training.evaluation import evaluate

HISTORY = [{"epoch": e, "phase": "train", "train_loss": 1 / e, "val_loss": 1 / e + 0.01 * e} for e in range(1, 30)]
ACCENT = np.array([0x0B, 0x5E, 0xA8]) / 255


def has_accent(path: Path) -> bool:
    pixels = imread(path)[..., :3]
    return bool((np.abs(pixels - ACCENT).max(axis=-1) < 0.02).any())


def test_a_loss_curve_is_a_png(tmp_path: Path) -> None:
    figures.loss_curve(HISTORY, "lstm · product · product P001 in all stores", tmp_path / "loss_curve.png")
    assert has_accent(tmp_path / "loss_curve.png")
    assert [path.name for path in tmp_path.iterdir()] == ["loss_curve.png"]


@pytest.mark.parametrize(
    "history",
    [
        HISTORY[:1],
        [{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": 0.5}],
        [{"epoch": 1, "train_loss": 1.0, "val_loss": None}, {"epoch": 2, "train_loss": "NaN", "val_loss": 2.0}],
    ],
)
def test_a_loss_curve_copes_with_what_is_missing(tmp_path: Path, history: list[dict[str, object]]) -> None:
    figures.loss_curve(history, "lstm", tmp_path / "loss.png")
    assert imread(tmp_path / "loss.png").shape[2] == 4


@pytest.mark.parametrize("series", [1, 2, 5])
def test_forecasts_are_drawn_for_one_series_and_for_many(tmp_path: Path, series: int) -> None:
    data = panel(series)
    evaluation = evaluate(fit("seasonal_naive", data, span()), data, 106, 14)
    figures.forecast(data, evaluation, "seasonal_naive · product", tmp_path / "forecast.png")
    assert has_accent(tmp_path / "forecast.png")


@pytest.mark.parametrize("series", [1, 3])
def test_intervals_are_drawn_as_bands(tmp_path: Path, series: int) -> None:
    data = panel(series)
    fitted = fit("seasonal_naive", data, span())
    sizes = []
    for model in (fitted, Calibrated(fitted, calibrate(fitted, data, span(), (80, 95)))):
        figures.forecast(data, evaluate(model, data, 106, 14), "seasonal_naive", tmp_path / "forecast.png")
        pixels = imread(tmp_path / "forecast.png")[..., :3]
        band = 1 - 0.16 * (1 - ACCENT)
        sizes.append(int((np.abs(pixels - band).max(axis=-1) < 0.02).sum()))
    assert sizes[1] > sizes[0] + 500
    assert figures.legend((80, 95)) == "bands of 80 and 95 %"


def test_names_in_any_script_and_with_signs_of_formulas_are_drawn(tmp_path: Path) -> None:
    data = panel(2)
    named = replace(data, keys=(SeriesKey("阿莫西林 $x^2$", "门店一"), SeriesKey("𓀀\n\t", "S$2")))
    evaluation = evaluate(fit("seasonal_naive", named, span()), named, 106, 14)
    figures.forecast(named, evaluation, "销售预测 · $\\frac{1}{0}$ · 𓀀", tmp_path / "forecast.png")
    assert (tmp_path / "forecast.png").stat().st_size > 10_000


def test_days_that_nobody_observed_and_days_without_history_leave_gaps(tmp_path: Path) -> None:
    data = panel(2)
    mask = data.mask.copy()
    mask[:, 95:108] = False
    late = replace(data, mask=mask)
    evaluation = evaluate(fit("seasonal_naive", data, span()), late, 106, 14)
    figures.forecast(late, evaluation, "seasonal_naive", tmp_path / "forecast.png")


def test_what_no_font_can_draw_becomes_a_question_mark() -> None:
    assert printable("a\n b\t𓀀") == "a b ?"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.25, "0.25"), (12_000, "12,000"), (1_500_000, "1.5 M")])
def test_numbers_on_axes_are_short(value: float, text: str) -> None:
    assert number(value) == text
