"""Many candidates, one winner."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.unit.algorithms.panels import Recorder, fit, panel, small, span, untimed
from tidebook import checkpoint
from tidebook.abc import Checkpoint
from tidebook.algorithms import registry
from tidebook.algorithms.lstm import algorithm as lstm
from tidebook.combining import composite, trial
from tidebook.combining.shortlist import QUICK, fitting, shortlist
from tidebook.core.errors import DataFault, InvalidInput

ORIGIN = np.full(3, 106, dtype=np.int64)
SERIES = np.arange(3, dtype=np.int64)


class Stub:
    """An algorithm that is as wrong as it is told to be, and counts its trainings."""

    def __init__(self, name: str, wrong: float = 1.0, does: Callable[[Any], None] = lambda context: None) -> None:
        self.name = name
        self.Hyperparameters = lstm.Hyperparameters
        self.trained = 0
        self._wrong = wrong
        self._does = does

    def fit(self, data: Any, parts: Any, hyperparameters: Any, context: Any) -> Any:
        self.trained += 1
        self._does(context)
        made = fit("seasonal_naive", data, parts, season=7)
        return Biased(self.name, made, self._wrong)

    def load(self, state: Any) -> Any:
        made = fit("seasonal_naive", panel(), span(), season=7)
        return Biased(self.name, made, float(state.weights["wrong"]))


class Biased:
    """A model whose forecasts are `wrong` times too high."""

    def __init__(self, name: str, model: Any, wrong: float) -> None:
        self._name, self._model, self._wrong = name, model, wrong

    def forecast(self, data: Any, series: Any, origin: Any, horizon: int) -> Any:
        made = self._model.forecast(data, series, origin, horizon)
        return replace(made, values=made.values * np.float32(self._wrong))

    def state(self) -> Any:
        made = self._model.state()
        return replace(
            made, config={**made.config, "model_type": self._name}, weights={"wrong": torch.tensor(self._wrong)}
        )


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stub]:
    """Algorithms of these names are found in place of the installed ones."""
    made: dict[str, Stub] = {}
    real = composite.find

    def find(name: str, plugins: Path | None = None) -> Any:
        return made.get(name) or real(name)

    monkeypatch.setattr(composite, "find", find)
    monkeypatch.setattr(trial, "find", find)
    return made


def rows(fitted: Any) -> dict[str, dict[str, Any]]:
    """The rows of the table by name, seasons told apart."""
    return {
        entry["model_type"]
        + ((entry["note"] or {"en": ""})["en"] if entry["model_type"] == "seasonal_naive" else ""): entry
        for entry in fitted.state().config["table"]
    }


def test_there_is_always_a_result_and_a_table_that_shows_why() -> None:
    fitted = fit("auto", panel(), span(), candidates="seasonal_naive")
    table = fitted.state().config["table"]
    assert {entry["model_type"] for entry in table} <= {"seasonal_naive", "ensemble"}
    assert all(entry.keys() == {"model_type", "validation_wape", "seconds", "weight", "note"} for entry in table)
    wapes = [entry["validation_wape"] for entry in table]
    assert wapes == sorted(wapes)
    assert sum(entry["weight"] or 0 for entry in table) == pytest.approx(1)


def test_the_best_candidate_wins_where_no_mix_is_wanted(stubs: dict[str, Stub]) -> None:
    stubs["lstm"], stubs["gru"] = Stub("lstm", 1.5), Stub("gru", 1.02)
    fitted = fit("auto", panel(), span(), candidates="lstm,gru", ensemble="no")
    table = rows(fitted)
    best = min(table.values(), key=lambda entry: entry["validation_wape"])
    assert [entry["model_type"] for entry in fitted.state().config["members"]] == [best["model_type"]]
    assert best["weight"] == 1
    assert table["lstm"]["validation_wape"] > 0.3
    assert "ensemble" not in table


def test_a_mix_is_kept_where_errors_cancel_out(stubs: dict[str, Stub]) -> None:
    stubs["lstm"], stubs["gru"] = Stub("lstm", 0.8), Stub("gru", 1.3)
    fitted = fit("auto", panel(), span(), candidates="lstm,gru", keep=3)
    table = rows(fitted)
    alone = min(entry["validation_wape"] for name, entry in table.items() if name != "ensemble")
    assert table["ensemble"]["validation_wape"] < alone
    assert table["ensemble"]["note"]["en"].startswith("chosen: a mix of ")
    assert 2 <= len(fitted.state().config["members"]) <= 3


def test_a_candidate_that_fails_is_noted_and_the_others_go_on(stubs: dict[str, Stub]) -> None:
    def fail(context: Any) -> None:
        raise ZeroDivisionError("no luck")

    def lack(context: Any) -> None:
        raise ModuleNotFoundError("No module named 'lightgbm'")

    stubs["lstm"], stubs["tcn"] = Stub("lstm", does=fail), Stub("tcn", does=lack)
    stubs["gru"], stubs["kan"] = Stub("gru", float("nan")), Stub("kan", 1.01)
    context = Recorder()
    table = rows(fit("auto", panel(), span(), context, candidates="lstm,tcn,gru,kan"))
    assert table["lstm"]["note"] == {"en": "failed: no luck", "zh": "失败：no luck"}
    assert table["tcn"]["note"]["en"] == "skipped: No module named 'lightgbm'"
    assert "not finite" in table["gru"]["note"]["en"]
    assert table["kan"]["validation_wape"] < 1
    assert table["lstm"]["validation_wape"] is None
    assert any("ZeroDivisionError" in line for line in context.lines)


def test_the_budget_is_shared_and_what_comes_too_late_is_noted(
    stubs: dict[str, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    shares: list[float] = []

    def take(seconds: float) -> Callable[[Any], None]:
        def use(context: Any) -> None:
            nonlocal now
            shares.append(round(context.deadline - now, 6))
            now += seconds

        return use

    monkeypatch.setattr(time, "monotonic", lambda: now)
    stubs["lstm"], stubs["gru"] = Stub("lstm", does=take(10)), Stub("gru", does=take(100))
    stubs["kan"] = Stub("kan")
    table = rows(fit("auto", panel(), span(), candidates="lstm,gru,kan", budget_minutes=1.0))
    assert shares == [20, 25]
    assert (table["lstm"]["seconds"], table["gru"]["seconds"], table["kan"]["seconds"]) == (10, 100, 0)
    assert table["kan"]["note"]["en"] == "out of time: the budget was used up before its turn"
    assert stubs["kan"].trained == 0


def test_what_fits_every_series_on_its_own_is_timed_on_one_of_them_first(
    stubs: dict[str, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0

    def train(context: Any) -> None:
        nonlocal now
        now += 3

    monkeypatch.setattr(time, "monotonic", lambda: now)
    stubs["theta"] = Stub("theta", does=train)
    table = rows(fit("auto", panel(), span(), candidates="theta", budget_minutes=0.4))
    assert table["theta"]["note"]["en"] == "skipped: it would take about 27 s, more than its share of the time"
    assert stubs["theta"].trained == 2
    assert rows(fit("auto", panel(), span(), candidates="theta", budget_minutes=1.0))["theta"]["weight"] is not None


def test_who_has_no_time_for_all_epochs_begins_again_with_fewer(
    stubs: dict[str, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0

    def train(context: Any) -> None:
        nonlocal now
        for epoch in range(1, 4):
            now += 2
            context.report(epoch, {"train_loss": 0.5})

    monkeypatch.setattr(time, "monotonic", lambda: now)
    stubs["lstm"] = Stub("lstm", does=train)
    table = rows(fit("auto", panel(), span(), candidates="lstm", budget_minutes=0.3))
    assert stubs["lstm"].trained == 2
    assert table["lstm"]["note"]["en"].endswith("; epochs=8")
    enough = rows(fit("auto", panel(), span(), candidates="lstm", budget_minutes=5.0))
    assert stubs["lstm"].trained == 3
    assert "epochs=8" not in enough["lstm"]["note"]["en"]


def test_the_deadline_of_the_training_counts_too(stubs: dict[str, Stub]) -> None:
    stubs["lstm"] = Stub("lstm")
    table = rows(fit("auto", panel(), span(), Recorder(deadline=time.monotonic()), candidates="lstm"))
    assert "out of time" in table["lstm"]["note"]["en"]


def test_candidates_report_as_epochs_and_their_own_epochs_are_lines_of_the_log(stubs: dict[str, Stub]) -> None:
    def train(context: Any) -> None:
        context.progress(epoch=1, epochs=2, step=1, steps=2, train_loss=0.5)
        context.report(1, {"train_loss": 0.5})
        context.save(1, {}, {}, best=True)

    stubs["lstm"] = Stub("lstm", does=train)
    context = Recorder()
    fit("auto", panel(), span(), context, candidates="lstm")
    assert [epoch for epoch, _ in context.reports] == [1, 2, 3]
    assert all(metrics["val_wape"] == metrics["val_loss"] for _, metrics in context.reports)
    assert any(
        line.startswith("lstm seq_length=") and line.endswith("epoch 1: train_loss=0.5") for line in context.lines
    )
    assert {"epoch": 3, "epochs": 3, "step": 250, "steps": 1000, "train_loss": 0.5} in context.steps
    assert all(content["outcomes"] for _, content, _ in context.saved)


def resumed(saved: tuple[int, dict[str, Any], bool], folder: Path) -> Checkpoint:
    checkpoint.save(folder / "checkpoint.bin", saved[1])
    return Checkpoint(saved[0], checkpoint.load(folder / "checkpoint.bin"))


def test_a_killed_training_goes_on_without_training_finished_candidates_again(
    stubs: dict[str, Stub], tmp_path: Path
) -> None:
    class PulledPlug(BaseException):
        pass

    def pull(context: Any) -> None:
        raise PulledPlug

    stubs["lstm"], stubs["gru"] = Stub("lstm", 0.8), Stub("gru", 1.3, pull)
    first = Recorder()
    with pytest.raises(PulledPlug):
        fit("auto", panel(), span(), first, candidates="lstm,gru")
    stubs["gru"] = Stub("gru", 1.3)
    again = Recorder(resume=resumed(first.saved[-1], tmp_path))
    continued = fit("auto", panel(), span(), again, candidates="lstm,gru")
    undisturbed = fit("auto", panel(), span(), candidates="lstm,gru")
    assert stubs["lstm"].trained == 2
    assert stubs["gru"].trained == 2
    assert [epoch for epoch, _ in again.reports] == [4]
    assert untimed(continued.state().config) == untimed(undisturbed.state().config)
    np.testing.assert_array_equal(
        continued.forecast(panel(), SERIES, ORIGIN, 14).values, undisturbed.forecast(panel(), SERIES, ORIGIN, 14).values
    )


def test_a_candidate_in_which_the_process_keeps_dying_is_left_out(stubs: dict[str, Stub], tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die(context: Any) -> None:
        raise Killed

    stubs["lstm"] = Stub("lstm", does=die)
    context = Recorder()
    for _ in range(2):
        with pytest.raises(Killed):
            fit("auto", panel(), span(), context, candidates="lstm")
        context = Recorder(resume=resumed(context.saved[-1], tmp_path))
    table = rows(fit("auto", panel(), span(), context, candidates="lstm"))
    assert table["lstm"]["note"]["en"] == "skipped: the process died 2 times while it was training"


def test_what_was_kept_of_other_data_is_not_gone_on_from(stubs: dict[str, Stub], tmp_path: Path) -> None:
    stubs["lstm"] = Stub("lstm")
    first = Recorder()
    fit("auto", panel(), span(), first, candidates="lstm")
    context = Recorder(resume=resumed(first.saved[-1], tmp_path))
    fit("auto", replace(panel(), fingerprint="other"), span(), context, candidates="lstm")
    assert stubs["lstm"].trained == 2


def test_who_stops_it_waits_for_no_further_candidate(stubs: dict[str, Stub]) -> None:
    stubs["lstm"] = Stub("lstm")
    context = Recorder(stop=lambda: True)
    assert fit("auto", panel(), span(), context, candidates="lstm") is not None
    assert stubs["lstm"].trained == 0


def test_a_seed_and_enough_time_give_the_same_model_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        trial, "build", lambda cls, values: small("lstm") if cls is lstm.Hyperparameters else cls(**values)
    )
    made = [fit("auto", panel(), span(), Recorder(seed=3), candidates="lstm") for _ in range(2)]
    states = [model.state() for model in made]
    assert untimed(states[0].config) == untimed(states[1].config)
    assert states[0].weights.keys() == states[1].weights.keys()
    for name in states[0].weights:
        torch.testing.assert_close(states[0].weights[name], states[1].weights[name], rtol=0, atol=0)


def test_the_shortlist_leaves_out_what_does_not_suit_the_data() -> None:
    candidates, skipped = shortlist(panel(), span(), "default")
    assert [one.key for one in candidates[:2]] == ["seasonal_naive season=7", "seasonal_naive season=14"]
    assert "lstm" in {one.model_type for one in candidates}
    tiny, left_out = shortlist(panel(1, 60), span(60), "default")
    assert not {"lstm", "tcn"} & {one.model_type for one in tiny}
    assert left_out["lstm"]["en"] == "skipped: it needs 200 observed days to learn from, and there are 32"
    assert not skipped.keys() & {one.model_type for one in candidates}


def test_names_that_are_given_are_taken_and_unknown_ones_refused() -> None:
    candidates, _ = shortlist(panel(1, 60), span(60), " lstm, seasonal_naive,lstm ")
    assert [one.model_type for one in candidates] == ["seasonal_naive", "seasonal_naive", "lstm"]
    for wrong in ("lstn", "auto", "ensemble"):
        with pytest.raises(InvalidInput, match=f"candidates must be default, or names.*got {wrong}"):
            shortlist(panel(), span(), wrong)


def test_windows_become_shorter_where_the_defaults_leave_no_room() -> None:
    assert fitting(registry.find("lstm"), 400) == QUICK
    assert fitting(registry.find("lstm"), 60) == {**QUICK, "seq_length": 20, "output_length": 10}
    assert fitting(registry.find("lstm"), 3) == {**QUICK, "seq_length": 2, "output_length": 1}
    assert fitting(registry.find("seasonal_naive"), 3) == {}


def test_a_series_of_zeros_alone_is_forecast_as_zero() -> None:
    data = panel(1)
    zeros = replace(data, target=np.zeros_like(data.target))
    fitted = fit("auto", zeros, span(), candidates="seasonal_naive")
    assert (fitted.forecast(zeros, SERIES[:1], ORIGIN[:1], 14).point == 0).all()
    assert fitted.state().config["validation"]["wape"] is None


def test_data_without_a_validation_part_is_refused() -> None:
    data = panel()
    data.mask[:, span().train_end :] = False
    with pytest.raises(DataFault, match="The validation part must hold days with a target"):
        fit("auto", data, span(), candidates="seasonal_naive")
