from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.algorithms.panels import panel
from tidebook.core.errors import DataFault
from tidebook.data.splits import Fold, Span, plan, split

PARTS: dict[str, Any] = {"validation_days": 20, "test_days": 10, "look_back": 28, "output_length": 7}


def test_one_fold_is_the_test_part_at_the_end() -> None:
    assert plan(panel(), **PARTS) == (Fold(110, 10, Span(0, 90, 110, 120)),)


def test_without_refit_the_model_sees_none_of_the_folds_days() -> None:
    folds = plan(panel(), **PARTS, folds=3)
    assert [fold.origin for fold in folds] == [90, 100, 110]
    assert {fold.span for fold in folds} == {Span(0, 70, 90, 120)}


def test_with_refit_each_model_is_fitted_on_the_days_before_its_fold() -> None:
    folds = plan(panel(), **PARTS, folds=3, refit=True)
    assert [fold.span for fold in folds] == [Span(0, 70, 90, 100), Span(0, 80, 100, 110), Span(0, 90, 110, 120)]
    assert [fold.origin for fold in folds] == [90, 100, 110]


@pytest.mark.parametrize("refit", [False, True])
def test_folds_may_overlap_or_leave_days_out(refit: bool) -> None:
    for stride in (1, 7, 15):
        folds = plan(panel(), **PARTS, folds=3, stride=stride, refit=refit)
        assert [fold.origin for fold in folds] == [110 - 2 * stride, 110 - stride, 110]
        assert all(fold.span.validation_end <= fold.origin for fold in folds)
        assert folds[-1].origin + folds[-1].horizon == 120


@pytest.mark.parametrize("refit", [False, True])
def test_a_history_that_is_too_short_for_the_folds_is_refused_with_all_parts(refit: bool) -> None:
    plan(panel(), **PARTS, folds=6, refit=refit)
    with pytest.raises(DataFault) as caught:
        plan(panel(), **PARTS, folds=7, refit=refit)
    assert str(caught.value) == (
        "The data must hold at least 125 days (look-back 28 + output 7 + validation 20 + test 10 + earlier folds "
        "6 × 10), but got 120 days. Use fewer folds, a shorter look-back (seq_length), fewer validation or test days, "
        "or more data."
    )


def test_a_series_must_be_long_enough_for_the_first_fold() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[:, :50] = False
    late = replace(data, mask=mask)
    assert len(plan(late, **PARTS, folds=1)) == 1
    with pytest.raises(DataFault, match="At least one series must begin 35 days"):
        plan(late, **PARTS, folds=3)


def test_a_train_part_shorter_than_the_forecast_is_refused() -> None:
    with pytest.raises(DataFault) as caught:
        split(panel(days=100), validation_days=20, test_days=60, look_back=1, output_length=1)
    assert str(caught.value) == (
        "The train part must be at least as long as what is forecast from it, but got 20 days to train on, 60 to "
        "forecast. Use a shorter look-back (seq_length), fewer validation or test days, or more data."
    )
