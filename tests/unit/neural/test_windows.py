from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.algorithms.panels import panel, span
from tidebook.algorithms.lstm import LSTMModel
from tidebook.data.panel import Panel
from tidebook.neural.decoding import decode
from tidebook.neural.head import REACH, Head
from tidebook.neural.hyperparameters import NeuralHyperparameters
from tidebook.neural.loss import Objective
from tidebook.neural.sampling import Sampler
from tidebook.neural.schema import Schema
from tidebook.neural.tables import Tables
from tidebook.neural.windows import Layout, Windows, gather

LOOK_BACK, OUTPUT, POSITIONS = 14, 7, 10
LENGTH = LOOK_BACK + POSITIONS - 1


def settings_of(**values: Any) -> NeuralHyperparameters:
    return NeuralHyperparameters(seq_length=LOOK_BACK, output_length=OUTPUT, positions=POSITIONS, **values)


def layout(data: Panel, *, departures: bool = False, **values: Any) -> Layout:
    return Layout(LOOK_BACK, OUTPUT, Schema.fit(data, span(data.end), settings_of(**values)), departures)


def windows(data: Panel, made: Layout, first: int, days: int = LENGTH + OUTPUT) -> Windows:
    tables = Tables.of(data, made.schema, "cpu")
    series = torch.arange(len(data.keys))
    return gather(tables, made, series, torch.full_like(series, first), days)


def model(made: Layout, positions: int = POSITIONS) -> LSTMModel:
    torch.manual_seed(0)
    sizes = {"known_size": len(made.known_names), "static_size": len(made.static_names), "earlier_size": 8}
    return LSTMModel(len(made.past_names), 8, 1, output_length=OUTPUT, positions=positions, **sizes)


@given(day=st.integers(0, LENGTH + OUTPUT - 1), first=st.integers(-5, 60), departures=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_trained_position_changes_with_what_comes_after_it(day: int, first: int, departures: bool) -> None:
    data = panel()
    made = layout(data, departures=departures)
    network = model(made).train()
    changed_from = max(0, first + day)
    target, past, mask = data.target.copy(), data.past.copy(), data.mask.copy()
    target[:, changed_from:] += 1e4
    past[:, changed_from:] -= 1e4
    mask[:, changed_from:] = False
    other = replace(data, target=target, past=past, mask=mask)
    objective = Objective("mae", departures)
    with torch.no_grad():
        before, after = (
            objective.forecasts(network(w.past(LENGTH), w.known, w.static), w, LOOK_BACK)
            for w in (windows(d, made, first) for d in (data, other))
        )
    # The position of the n-th row is day LOOK_BACK - 1 + n of the window: it may know what came up to that day.
    untouched = [n for n in range(POSITIONS) if LOOK_BACK - 1 + n < changed_from - first]
    assert before.shape == (3, POSITIONS, OUTPUT, 1)
    torch.testing.assert_close(before[:, untouched], after[:, untouched], rtol=0, atol=0)


def test_the_head_forecasts_from_every_position_what_it_forecasts_from_the_last() -> None:
    data = panel()
    made = layout(data)
    w = windows(data, made, 30)
    many = model(made).train()
    one = model(made, positions=1).eval()
    with torch.no_grad():
        all_positions = many(w.past(LENGTH), w.known, w.static)
        for n in range(POSITIONS):
            length = LOOK_BACK + n
            alone = one(w.past(length), w.known[:, : length + OUTPUT], w.static)[:, 0]
            # The last days see less ahead from the last position, where nothing is known beyond them.
            sure = OUTPUT - REACH if n + 1 < POSITIONS else OUTPUT
            torch.testing.assert_close(all_positions[:, n, :sure], alone[:, :sure])


@pytest.mark.parametrize("quantiles", [1, 3])
def test_a_head_of_the_default_sizes_takes_those_of_a_state(quantiles: int) -> None:
    head = Head(8, known_size=9, static_size=2, earlier_size=4, output_length=5, output_size=quantiles)
    copy = Head(8)
    copy.load_state_dict(head.state_dict())
    inputs = torch.rand(2, 14, 8), torch.rand(2, 19, 9), torch.rand(2, 2)
    torch.testing.assert_close(copy.eval()(*inputs), head.eval()(*inputs))
    assert copy(*inputs).shape == (2, 1, 5, quantiles)


def test_windows_are_scaled_by_the_open_days_before_the_first_position() -> None:
    data = panel()
    made = layout(data)
    w = windows(data, made, 30)
    opened = data.known[0, 30:44, 0] > 0
    values = data.target[0, 30:44][opened]
    assert float(w.mean[0]) == pytest.approx(float(values.mean()), rel=1e-5)
    assert float(w.scale[0]) == pytest.approx(float(values.std()), rel=1e-4)
    torch.testing.assert_close(w.original(w.target)[0, :14][torch.from_numpy(opened)], torch.from_numpy(values))
    assert (w.target[0, :14][torch.from_numpy(~opened)] == 0).all()


def test_a_year_ago_and_the_weeks_before_stand_among_the_known() -> None:
    data = panel(days=500)
    made = layout(data)
    w = windows(data, made, 400, LOOK_BACK + OUTPUT)
    year, seen, weeks, _ = (w.known[0, :, i] for i in range(-4, 0))
    for day in range(LOOK_BACK + OUTPUT):
        if data.known[0, 400 + day - 364, 0] > 0:
            assert seen[day] == 1
            assert float(year[day] * w.scale[0] + w.mean[0]) == pytest.approx(data.target[0, 36 + day], rel=1e-4)
        else:
            assert (float(seen[day]), float(year[day])) == (0, 0)
    assert made.lags == (364, 7)
    assert made.reach == 364
    assert float(weeks[0] * w.scale[0] + w.mean[0]) == pytest.approx(data.target[0, 393], rel=1e-4)


def test_the_mean_of_days_alike_stands_among_the_known() -> None:
    data = panel(days=300)
    made = layout(data)
    w = windows(data, made, 200, LOOK_BACK + OUTPUT)
    column = made.known_names.index("target_alike")
    assert made.schema.yes_or_no == ("promo",)
    for day in range(LOOK_BACK + OUTPUT):
        weeks = [200 + day - 7 * week for week in range(1, 14)]
        opened = [t for t in weeks if data.known[0, t, 0] > 0]
        alike = [data.target[0, t] for t in opened if data.known[0, t, 1] == data.known[0, 200 + day, 1]]
        everyone = [data.target[0, t] for t in opened]
        for offset, values in ((0, alike), (2, everyone)):
            value, seen = w.known[0, day, column + offset], float(w.known[0, day, column + offset + 1])
            assert seen == (1.0 if values else 0.0)
            if values:
                assert float(value * w.scale[0] + w.mean[0]) == pytest.approx(float(np.mean(values)), rel=1e-3)


def test_days_before_the_panel_are_empty() -> None:
    data = panel()
    made = layout(data)
    w = windows(data, made, -5)
    assert not w.seen[:, :5].any()
    assert (w.past(LENGTH)[:, :5] == 0).all()


def test_an_epoch_visits_every_origin_about_once() -> None:
    data = panel(series=4, days=2000)
    made = layout(data)
    tables = Tables.of(data, made.schema, "cpu")
    sampler = Sampler.over(tables, span(2000), made, POSITIONS, settings_of(batch_size=8))
    assert sampler.stride == POSITIONS
    series, origin = sampler.epoch(torch.Generator().manual_seed(0))
    assert abs(len(series) - sampler.windows) <= 4
    visits = np.zeros((4, 2100))
    for s, o in zip(series.tolist(), origin.tolist(), strict=True):
        visits[s, o : o + POSITIONS] += 1
    inside = visits[:, 20:1950]
    assert inside.min() == inside.max() == 1


def test_an_epoch_of_a_small_panel_overlaps_so_that_it_has_steps() -> None:
    data = panel()
    made = layout(data)
    tables = Tables.of(data, made.schema, "cpu")
    sampler = Sampler.over(tables, span(), made, POSITIONS, settings_of(batch_size=32))
    assert sampler.stride == 1
    assert sampler.windows == int(sampler.usable.sum())


def test_longer_forecasts_are_fed_their_own_output() -> None:
    """What a naive decoder does by writing its forecasts into the data and asking again, statistics frozen."""
    data = panel(days=450)
    made = layout(data)
    network = model(made, positions=1).eval()
    tables = Tables.of(data, made.schema, "cpu")
    series, origin = torch.arange(3), torch.full((3,), 420)
    values = decode(network, tables, made, Objective("mae"), series, origin, 21)[:, :, 0]
    grown = tables
    columns = made.known_names.index("target_alike")
    means = slice(columns, columns + 4)  # means of earlier days stay those of the origin, as the statistics do
    frozen = gather(tables, made, series, origin - LOOK_BACK, LOOK_BACK + 21, visible=origin).known[..., means]
    for block in range(3):
        days = LOOK_BACK + block * OUTPUT
        w = gather(grown, made, series, origin - LOOK_BACK, days + OUTPUT, visible=origin + block * OUTPUT)
        covariates = w.covariates.clone()
        covariates[:, LOOK_BACK:] = 0  # past covariates of the future are not known
        known = w.known.clone()
        known[..., means] = frozen[:, : known.shape[1]]
        w = replace(w, covariates=covariates, known=known)
        with torch.no_grad():
            ahead = w.original(network(w.past(days), w.known, w.static)[:, 0, :, 0]) * w.open[:, days:]
        first = 420 + block * OUTPUT
        expected = values[:, block * OUTPUT : (block + 1) * OUTPUT]
        torch.testing.assert_close(ahead.clamp(min=0), expected, rtol=1e-4, atol=1e-3)
        target = grown.target.view(3, -1).clone()
        target[:, first : first + OUTPUT] = ahead
        grown = replace(grown, target=target.view(-1))


def test_a_network_that_says_nothing_forecasts_what_is_usual() -> None:
    data = panel()
    made = layout(data, departures=True)
    w = windows(data, made, 60)
    usual = Objective("mae", departures=True).forecasts(torch.zeros(3, 1, OUTPUT, 1), w, LOOK_BACK)[:, 0, :, 0]
    for day in range(OUTPUT):
        before = (w.target[:, day + 7], w.target[:, day])  # two weeks of look-back, latest first
        seen = (w.seen[:, day + 7], w.seen[:, day])
        both = seen[0] & seen[1]
        between = (usual[:, day] - before[0]) * (usual[:, day] - before[1]) <= 1e-6
        assert bool(between[both].all())
        torch.testing.assert_close(usual[:, day][seen[0] & ~seen[1]], before[0][seen[0] & ~seen[1]])
