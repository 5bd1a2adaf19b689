from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from tests.unit.algorithms.panels import fit, panel
from tests.unit.training.test_figures import has_accent
from tidebook.data.panel import Panel
from tidebook.data.splits import Span
from tidebook.intervals import Calibrated, calibrate
from tidebook.training import backtest_chart
from tidebook.training.backtest import backtest
from tidebook.training.evaluation import evaluate

SPAN = Span(0, 78, 92, 120)


def _document(data: Panel, levels: tuple[float, ...], horizon: int = 14) -> dict[str, Any]:
    fitted = fit("lstm", data, SPAN, epochs=1)
    model = Calibrated(fitted, calibrate(fitted, data, SPAN, levels)) if levels else fitted
    return backtest(data, [evaluate(model, data, origin, horizon) for origin in (92, 106)]).document


@pytest.mark.parametrize("levels", [(), (80,), (50, 80, 90, 95)])
def test_a_backtest_is_drawn_with_any_number_of_intervals(tmp_path: Path, levels: tuple[float, ...]) -> None:
    path = tmp_path / "backtest.png"
    backtest_chart.draw(_document(panel(), levels), "销售预测 · $x$", path)
    assert has_accent(path)
    assert imread(path).shape[1] > 1000


def test_forecasts_of_one_day_are_points(tmp_path: Path) -> None:
    backtest_chart.draw(_document(panel(), (80,), horizon=1), "lstm", tmp_path / "backtest.png")
    assert has_accent(tmp_path / "backtest.png")


def test_a_backtest_without_a_defined_error_is_drawn_empty(tmp_path: Path) -> None:
    data = panel()
    nothing = replace(data, target=np.zeros_like(data.target))
    backtest_chart.draw(_document(nothing, (80,)), "lstm", tmp_path / "backtest.png")
    assert (tmp_path / "backtest.png").is_file()
