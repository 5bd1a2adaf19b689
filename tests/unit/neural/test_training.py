from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.unit.algorithms.panels import Recorder, fit, panel, span
from tidebook import checkpoint
from tidebook.abc import Checkpoint
from tidebook.core.errors import DataFault, TaskFailure
from tidebook.neural.windows import gather


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def resumed(saved: tuple[int, dict[str, Any], bool], folder: Path) -> Checkpoint:
    """The saved checkpoint, through a file."""
    checkpoint.save(folder / "c.bin", saved[1])
    return Checkpoint(saved[0], checkpoint.load(folder / "c.bin"))


def test_training_goes_on_from_any_checkpoint_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    settings = {"epochs": 11, "batch_size": 256, "dropout": 0.3, "learning_rate": 0.01, "patience": 20}
    whole = Recorder()
    undisturbed = fit("lstm", panel(), span(), whole, **settings)
    assert {epoch for epoch, _, best in whole.saved if not best} <= {10}
    for saved in (whole.saved[0], next(s for s in whole.saved if s[0] == 10)):
        again = Recorder(resume=resumed(saved, tmp_path))
        continued = fit("lstm", panel(), span(), again, **settings)
        assert same(undisturbed.state().weights, continued.state().weights)
        assert [epoch for epoch, _ in again.reports] == list(range(saved[0] + 1, 12))
        assert again.reports[-1][1]["train_loss"] == whole.reports[-1][1]["train_loss"]


def test_a_checkpoint_of_the_last_epoch_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = Recorder()
    one = fit("lstm", panel(), span(), first, epochs=1)
    again = Recorder(resume=resumed(first.saved[-1], tmp_path))
    assert same(one.state().weights, fit("lstm", panel(), span(), again, epochs=1).state().weights)
    assert again.reports == []


def test_the_best_weights_are_restored_when_patience_ends() -> None:
    context = Recorder()
    # So large a step that the loss soon rises.
    fitted = fit("lstm", panel(), span(), context, epochs=30, learning_rate=0.3, patience=2)
    training = fitted.state().config["training"]
    losses = [metrics["val_loss"] for _, metrics in context.reports]
    assert training["stopped"] == "patience"
    assert training["total_epochs_trained"] == len(losses) < 30
    assert training["best_epoch"] == 1 + int(np.argmin(losses)) == len(losses) - 2
    assert training["best_val_loss"] == min(losses)
    best = [content for epoch, content, best in context.saved if best and epoch == training["best_epoch"]]
    assert same(fitted.state().weights, best[0]["model_state_dict"])


def test_every_tenth_epoch_is_kept_and_every_better_one() -> None:
    context = Recorder()
    fit("lstm", panel(), span(), context, epochs=10, patience=100)
    bests, low = [], float("inf")
    for epoch, metrics in context.reports:
        if metrics["val_loss"] < low:
            bests.append(epoch)
            low = metrics["val_loss"]
    assert [epoch for epoch, _, best in context.saved if best] == bests
    assert context.saved[-1][0] == 10
    assert context.saved[-1][1]["epoch"] == 10


def test_another_seed_gives_other_weights() -> None:
    one, other = (fit("lstm", panel(), span(), Recorder(seed=s), epochs=1).state().weights for s in (0, 1))
    assert not same(one, other)


def test_a_loss_that_is_no_number_stops_and_says_where() -> None:
    data = panel()
    target = data.target.copy()
    target[1, 60] = np.nan
    context = Recorder()
    with pytest.raises(TaskFailure) as caught:
        fit("lstm", replace(data, target=target), span(), context)
    assert str(caught.value) == (
        f"The loss must stay a finite number, but got nan at step {caught.value.details['step']} of epoch 1. No epoch "
        "had been finished. Lower learning_rate, or look for extreme values in the data."
    )
    assert caught.value.details["epoch"] == 1


def test_what_was_best_before_is_kept_when_the_loss_is_no_number() -> None:
    context = Recorder()

    def poison() -> bool:
        if len(context.reports) == 1:
            with torch.no_grad():
                for module in [o for o in _modules if isinstance(o, torch.nn.Linear)]:
                    module.weight.fill_(torch.nan)
        return False

    _modules: list[torch.nn.Module] = []
    context.stop = poison
    handle = torch.nn.modules.module.register_module_forward_hook(lambda module, *_: _modules.append(module))
    try:
        with pytest.raises(TaskFailure, match="The best epoch so far, 1, was kept"):
            fit("lstm", panel(), span(), context, epochs=3)
    finally:
        handle.remove()
    assert [(epoch, best) for epoch, _, best in context.saved] == [(1, True)]


def test_a_deadline_ends_training_with_what_there_is() -> None:
    context = Recorder(deadline=time.monotonic())
    fitted = fit("lstm", panel(), span(), context, epochs=50)
    assert fitted.state().config["training"]["stopped"] == "deadline"
    assert len(context.reports) == 1


def test_a_wish_to_stop_is_heard_at_the_next_step() -> None:
    asked = iter([False, False, True])
    context = Recorder(stop=lambda: next(asked))
    fit("lstm", panel(), span(), context, epochs=50, batch_size=8)
    assert context.reports == []
    assert next(asked, "nothing more was asked") == "nothing more was asked"


def test_progress_counts_the_steps() -> None:
    context = Recorder()
    fit("lstm", panel(), span(), context)
    last = [step for step in context.steps if step["step"] == step["steps"]]
    assert [step["epoch"] for step in last] == [1, 2]
    assert all(step["train_loss"] > 0 for step in last)


def test_the_validation_wape_is_that_of_the_forecasts() -> None:
    data, parts, context = panel(), span(part=7), Recorder()
    fitted = fit("lstm", data, parts, context)
    forecast = fitted.forecast(data, np.arange(3), np.full(3, parts.train_end), 7).point
    actual = data.target[:, parts.train_end : parts.validation_end]
    wape = np.abs(forecast - actual).sum() / np.abs(actual).sum()
    assert fitted.state().config["validation"]["wape"] == pytest.approx(wape, rel=1e-5)
    best = fitted.state().config["training"]["best_epoch"]
    assert context.reports[best - 1][1]["val_wape"] == pytest.approx(wape, rel=1e-4)


def test_too_little_history_is_refused() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[:, :92] = False
    with pytest.raises(DataFault) as caught:
        fit("lstm", replace(data, mask=mask), span())
    assert str(caught.value).startswith(
        "Training needs a series with 3 open days within 14 days, and an open day after them, in the train part, "
        "but got none. Use more history, a smaller seq_length"
    )


def test_a_validation_part_without_observations_is_refused() -> None:
    data = panel()
    mask = data.mask.copy()
    mask[:, 92:106] = False
    with pytest.raises(
        DataFault, match="The validation part must hold open days with a target, but got none in 14 days"
    ):
        fit("lstm", replace(data, mask=mask), span())


@pytest.mark.parametrize("loss", ["mae", "huber", "mse"])
def test_every_loss_trains(loss: str) -> None:
    assert np.isfinite(fit("lstm", panel(), span(), loss=loss, epochs=1).state().config["validation"]["wape"])


def test_out_of_memory_halves_the_batch_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def small_memory(tables: Any, layout: Any, series: torch.Tensor, *rest: Any, **more: Any) -> Any:
        if len(series) > 20:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
        return gather(tables, layout, series, *rest, **more)

    monkeypatch.setattr("tidebook.neural.loop.gather", small_memory)
    context = Recorder()
    fitted = fit("lstm", panel(), span(), context, batch_size=64, epochs=2)
    assert [line for line in context.lines if "memory" in line] == [
        "Out of memory: going on with 32 windows per step in place of twice as many",
        "Out of memory: going on with 16 windows per step in place of twice as many",
    ]
    assert fitted.state().config["training"]["batch_size"] == 16
    assert [epoch for epoch, _ in context.reports] == [1, 2]
    assert context.saved[-1][1]["batch_size"] == 16


def test_the_weights_that_forecast_are_the_mean_of_those_that_were_trained() -> None:
    context = Recorder()
    fit("lstm", panel(), span(), context, averaging=0.9, epochs=2)
    content = context.saved[-1][1]
    assert not same(content["model_state_dict"], content["trained"])
    alone = Recorder()
    fit("lstm", panel(), span(), alone, averaging=0.0, epochs=2)
    content = alone.saved[-1][1]
    assert all(torch.equal(content["model_state_dict"][name], weight) for name, weight in content["trained"].items())


def test_an_epoch_of_large_data_takes_no_more_windows_than_asked_for() -> None:
    context = Recorder()
    fitted = fit("lstm", panel(), span(), context, epoch_windows=40, batch_size=16, epochs=1)
    assert context.steps[-1]["steps"] == 3
    assert fitted.state().config["training"]["train_samples"] == 40
