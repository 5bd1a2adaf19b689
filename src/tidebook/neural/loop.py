"""The training loop."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tidebook.core.clock import timestamp
from tidebook.core.errors import TaskFailure
from tidebook.neural.average import Average
from tidebook.neural.loss import Objective
from tidebook.neural.optimizer import optimizer, pace
from tidebook.neural.sampling import Sampler
from tidebook.neural.validation import validate, validation_pairs
from tidebook.neural.windows import gather

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.data.splits import Span
    from tidebook.neural.hyperparameters import NeuralHyperparameters
    from tidebook.neural.tables import Tables
    from tidebook.neural.windows import Layout

CHECKPOINT_EPOCHS = 10
CLIP = 1.0  #: largest norm of a step's gradient
LOOK_SECONDS = 0.2  #: the loss leaves the device no more often than this


@dataclass(frozen=True)
class Trained:
    """What came of a training besides the weights, which the model then holds."""

    epochs: int  #: epochs trained
    best_epoch: int  #: the epoch that the weights are from
    best_val_loss: float
    train_windows: int  #: windows of an epoch, about
    val_windows: int
    batch_size: int  #: smaller than asked for where memory did not suffice
    stopped: str  #: why it ended: epochs, patience, deadline, stop


def train(
    model: nn.Module,
    tables: Tables,
    layout: Layout,
    span: Span,
    settings: NeuralHyperparameters,
    positions: int,
    context: FitContext,
) -> Trained:
    """Trains `model` in place and leaves the weights of its best epoch in it.

    Every random choice of an epoch comes from (seed, epoch) alone, and the learning rate from the place in it,
    so training goes on from a checkpoint exactly as if it had never stopped. TaskFailure where the loss is no
    longer a number; the best weights so far were kept through the context.
    """
    training = _Training(model, tables, layout, span, settings, positions, context)
    stopped = training.run()
    if training.best["model_state_dict"] is not None:
        model.load_state_dict(training.best["model_state_dict"])
    return Trained(
        epochs=training.epoch,
        best_epoch=training.best["epoch"],
        best_val_loss=training.best["val_loss"],
        train_windows=training.sampler.windows,
        val_windows=len(training.held_out[0]),
        batch_size=training.batch_size,
        stopped=stopped,
    )


class _Training:
    """A training and where it stands."""

    def __init__(
        self,
        model: nn.Module,
        tables: Tables,
        layout: Layout,
        span: Span,
        settings: NeuralHyperparameters,
        positions: int,
        context: FitContext,
    ) -> None:
        self.model, self.tables, self.layout, self.span = model, tables, layout, span
        self.settings, self.positions, self.context = settings, positions, context
        self.sampler = Sampler.over(tables, span, layout, positions, settings)
        self.held_out = validation_pairs(tables, span, layout.output)
        self.objective = Objective(settings.loss, layout.departures)
        self.optimizer = optimizer(model, settings.learning_rate, settings.weight_decay)
        self.average = Average(model, settings.averaging)
        self.mixed = settings.precision == "bfloat16" or (
            settings.precision == "auto" and _has_bfloat16(context.device)
        )
        self.batch_size = settings.batch_size
        self.best: dict[str, Any] = {"epoch": 0, "val_loss": math.inf, "model_state_dict": None}
        self.stale = 0  #: epochs since the best one
        self.epoch = 0  #: epochs trained
        self.looked = 0.0  #: when the loss was last looked at
        if context.resume is not None:
            self._resume(context.resume.content)

    def run(self) -> str:
        """Trains until there is a reason to stop, and says which."""
        while self.epoch < self.settings.epochs:
            if self.stale >= self.settings.patience:
                return "patience"
            started = time.monotonic()
            train_loss, stopped = self._run_epoch()
            if stopped == "stop":
                return stopped
            self.epoch += 1
            with self.average.applied():
                self._finish_epoch(train_loss, started)
            if stopped is not None:
                return stopped
        return "epochs"

    def _run_epoch(self) -> tuple[float, str | None]:
        """The mean loss of the epoch's steps, and why it ended before its end, if it did."""
        epoch = self.epoch + 1
        generator = torch.Generator().manual_seed(self.context.seed * 1_000_003 + epoch)
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))  # for dropout
        series, origin = self.sampler.epoch(generator)
        sums: list[Tensor] = []
        done, windows = 0, len(series)
        self.model.train()
        while done < windows:
            chosen = slice(done, done + self.batch_size)
            for group in self.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * pace(self.epoch + done / windows, self.settings.epochs)
            try:
                sums.append(self._step(series[chosen], origin[chosen]))
            except RuntimeError as error:
                if not _out_of_memory(error) or self.batch_size == 1:
                    raise
                self._use_less_memory()
                continue
            done += self.batch_size
            self._look(sums, epoch, steps=len(sums) + max(0, math.ceil((windows - done) / self.batch_size)))
            if self.context.should_stop():
                return 0.0, "stop"
            if self.context.deadline is not None and time.monotonic() > self.context.deadline:
                return _mean(sums), "deadline"
        return _mean(sums), None

    def _step(self, series: Tensor, origin: Tensor) -> Tensor:
        """[2]: the sum of the errors of a step and their number, left on the device."""
        layout, output = self.layout, self.layout.output
        first = origin - layout.look_back
        length = layout.look_back + self.positions - 1
        windows = gather(self.tables, layout, series, first, length + output)
        with torch.autocast(first.device.type, torch.bfloat16, enabled=self.mixed):
            raw = self.model(windows.past(length), windows.known, windows.static)  # [B, N, O, Q]
        raw = raw.float()
        start = length - raw.shape[1] + 1
        day = first[:, None] + torch.arange(start, length + output, device=first.device)
        counted = (windows.seen[:, start:] & (day < self.span.train_end)).unfold(1, output, 1)
        target = windows.target[:, start:].unfold(1, output, 1)
        errors = self.objective.errors(self.objective.forecasts(raw, windows, start), target, windows)
        total, count = torch.where(counted, errors, 0.0).sum(), counted.sum()

        self.optimizer.zero_grad(set_to_none=True)
        (total / count.clamp(min=1)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.average.update()
        return torch.stack((total.detach(), count.to(total.dtype)))

    def _look(self, sums: list[Tensor], epoch: int, steps: int) -> None:
        """Now and then, and at the end of an epoch: is the loss a number, and how far is the training."""
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS and len(sums) < steps:
            return
        self.looked = now
        _check_finite(sums, epoch, self.best)
        self.context.progress(
            epoch=epoch, epochs=self.settings.epochs, step=len(sums), steps=steps, train_loss=_mean(sums)
        )

    def _finish_epoch(self, train_loss: float, started: float) -> None:
        """Validates, reports and keeps the epoch; the model has the weights that forecast."""
        val_loss, val_wape = validate(self.model, self.tables, self.layout, self.held_out, self.objective)
        metrics = {
            "train_loss": train_loss,
            "val_loss": val_loss,
            "val_wape": val_wape,
            "learning_rate": float(self.optimizer.param_groups[0]["lr"]),
            "seconds": round(time.monotonic() - started, 3),
        }
        self.context.report(self.epoch, metrics)
        improved = val_loss < self.best["val_loss"]
        self.stale = 0 if improved else self.stale + 1
        if improved:
            weights = copy.deepcopy(self.model.state_dict())
            self.best = {"epoch": self.epoch, "val_loss": val_loss, "model_state_dict": weights}
        if improved or self.epoch % CHECKPOINT_EPOCHS == 0:
            self.context.save(self.epoch, self._content(metrics), metrics, best=improved)

    def _content(self, metrics: dict[str, float]) -> dict[str, Any]:
        """A checkpoint: `model_state_dict` forecasts, `trained` goes on."""
        improved = self.best["epoch"] == self.epoch
        return {
            "epoch": self.epoch,
            "model_state_dict": self.model.state_dict(),
            "trained": self.average.own(),
            "average_steps": self.average.steps,
            "optimizer_state_dict": self.optimizer.state_dict(),
            "metrics": metrics,
            "timestamp": timestamp(),
            "batch_size": self.batch_size,
            "stale": self.stale,
            # The best weights are not stored twice in the checkpoint that they are of.
            "best": {**self.best, "model_state_dict": None} if improved else self.best,
        }

    def _resume(self, content: Any) -> None:
        self.model.load_state_dict(content["model_state_dict"])
        self.average.restore(content["trained"], content["average_steps"])
        self.optimizer.load_state_dict(content["optimizer_state_dict"])
        self.batch_size = int(content["batch_size"])
        self.epoch, self.stale, self.best = int(content["epoch"]), int(content["stale"]), dict(content["best"])
        if self.best["model_state_dict"] is None:
            self.best["model_state_dict"] = copy.deepcopy(content["model_state_dict"])

    def _use_less_memory(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        if self.context.device.startswith("cuda"):
            torch.cuda.empty_cache()
        self.batch_size //= 2
        self.context.log(f"Out of memory: going on with {self.batch_size} windows per step in place of twice as many")


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _has_bfloat16(device: str) -> bool:
    """Whether `device` is a GPU whose matrix products are faster with it: Ampere and later."""
    return device.startswith("cuda") and torch.cuda.get_device_capability(device) >= (8, 0)


def _mean(sums: list[Tensor]) -> float:
    total, count = torch.stack(sums).sum(0)
    return float(total / count.clamp(min=1))


def _check_finite(sums: list[Tensor], epoch: int, best: dict[str, Any]) -> None:
    losses = torch.stack(sums)[:, 0]
    wrong = torch.nonzero(~torch.isfinite(losses))
    if len(wrong):
        step = int(wrong[0]) + 1
        kept = f"The best epoch so far, {best['epoch']}, was kept" if best["epoch"] else "No epoch had been finished"
        raise TaskFailure(
            "The loss must stay a finite number",
            got=f"{float(losses[step - 1])} at step {step} of epoch {epoch}",
            fix=f"{kept}. Lower learning_rate, or look for extreme values in the data.",
            epoch=epoch,
            step=step,
        )
