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
from tidebook.core.errors import DataFault, TaskFailure
from tidebook.neural.loss import elementwise
from tidebook.neural.sampling import Sampler
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

    Every random choice of an epoch comes from (seed, epoch) alone, and the learning rate from the epoch and step,
    so training goes on from a checkpoint exactly as if it had never stopped. TaskFailure where the loss is no
    longer a number; the best weights so far were kept through the context.
    """
    device = torch.device(context.device)
    look_back, output = layout.look_back, layout.output
    sampler = Sampler.over(
        tables, span, look_back=look_back, output=output, positions=positions, batch_size=settings.batch_size
    )
    if sampler.windows == 0:
        raise DataFault(
            f"Training needs a series with {min(14, max(1, look_back // 4))} open days within {look_back} days, "
            "and an open day after them, in the train part",
            got="none",
            fix="Use more history, a smaller seq_length, or shorter validation and test parts.",
        )
    held_out = validation_pairs(tables, span, output)
    measure = elementwise(settings.loss)
    optimizer = torch.optim.AdamW(_groups(model, settings.weight_decay), lr=settings.learning_rate, fused=True)
    best: dict[str, Any] = {"epoch": 0, "val_loss": math.inf, "model_state_dict": None}
    stale = 0
    epoch = 0

    if context.resume is not None:
        content = context.resume.content
        model.load_state_dict(content["model_state_dict"])
        optimizer.load_state_dict(content["optimizer_state_dict"])
        epoch, stale, best = int(content["epoch"]), int(content["stale"]), dict(content["best"])
        if best["model_state_dict"] is None:
            best["model_state_dict"] = copy.deepcopy(model.state_dict())

    stopped = "epochs"
    while epoch < settings.epochs and stopped == "epochs":
        if stale >= settings.patience:
            stopped = "patience"
            break
        epoch += 1
        started = time.monotonic()
        generator = torch.Generator().manual_seed(context.seed * 1_000_003 + epoch)
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))  # for dropout
        series, origin = sampler.epoch(generator)
        steps = -(-len(series) // settings.batch_size)
        losses = torch.zeros(steps, device=device)
        counts = torch.zeros(steps, device=device)
        looked = 0.0
        model.train()

        for step in range(steps):
            chosen = slice(step * settings.batch_size, (step + 1) * settings.batch_size)
            first = origin[chosen] - look_back
            length = look_back + positions - 1
            windows = gather(tables, layout, series[chosen], first, length + output)
            forecasts = model(windows.past(length), windows.known, windows.static)  # [B, N, O, Q]
            start = length - forecasts.shape[1] + 1
            day = first[:, None] + torch.arange(start, length + output, device=device)
            counted = (windows.seen[:, start:] & (day < span.train_end)).unfold(1, output, 1)
            errors = measure(forecasts, windows.target[:, start:].unfold(1, output, 1))
            total = torch.where(counted, errors, 0.0).sum()
            count = counted.sum()
            loss = total / count.clamp(min=1)

            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _pace(epoch - 1 + step / steps, settings.epochs)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            losses[step], counts[step] = total.detach(), count

            now = time.monotonic()
            if now - looked > LOOK_SECONDS or step + 1 == steps:
                looked = now
                _check_finite(losses, counts, epoch, best)
                so_far = float(losses.sum() / counts.sum().clamp(min=1))
                context.progress(epoch=epoch, epochs=settings.epochs, step=step + 1, steps=steps, train_loss=so_far)
            if context.should_stop():
                stopped = "stop"
                break
            if context.deadline is not None and now > context.deadline:
                stopped = "deadline"
                break

        if stopped == "stop":
            epoch -= 1
            break
        train_loss = float(losses.sum() / counts.sum().clamp(min=1))
        val_loss, val_wape = validate(model, tables, layout, held_out, settings)
        metrics = {
            "train_loss": train_loss,
            "val_loss": val_loss,
            "val_wape": val_wape,
            "learning_rate": float(optimizer.param_groups[0]["lr"]),
            "seconds": round(time.monotonic() - started, 3),
        }
        context.report(epoch, metrics)
        improved = val_loss < best["val_loss"]
        stale = 0 if improved else stale + 1
        if improved:
            best = {"epoch": epoch, "val_loss": val_loss, "model_state_dict": copy.deepcopy(model.state_dict())}
        if improved or epoch % CHECKPOINT_EPOCHS == 0:
            content = {
                "epoch": epoch,
                "model_state_dict": model.state_dict(),
                "optimizer_state_dict": optimizer.state_dict(),
                "metrics": metrics,
                "timestamp": timestamp(),
                "stale": stale,
                # The best weights are not stored twice in the checkpoint that they are of.
                "best": {**best, "model_state_dict": None} if improved else best,
            }
            context.save(epoch, content, metrics, best=improved)

    if best["model_state_dict"] is not None:
        model.load_state_dict(best["model_state_dict"])
    return Trained(
        epochs=epoch,
        best_epoch=best["epoch"],
        best_val_loss=best["val_loss"],
        train_windows=sampler.windows,
        val_windows=len(held_out[0]),
        stopped=stopped,
    )


def validation_pairs(tables: Tables, span: Span, output: int) -> tuple[Tensor, Tensor]:
    """Series [M] and origin [M] that cover the validation part end to end, `output` days each.

    DataFault where no day of the validation part was seen.
    """
    seen = tables.seen.view(-1, tables.days)
    origins = torch.arange(span.train_end, span.validation_end, output, device=seen.device)
    held = torch.stack([seen[:, o : min(o + output, span.validation_end)].any(1) for o in origins.tolist()], dim=1)
    series, rank = torch.nonzero(held, as_tuple=True)
    if len(series) == 0:
        raise DataFault(
            "The validation part must hold open days with a target",
            got=f"none in {span.validation_end - span.train_end} days",
            fix="Choose more validation days, or end the data where the observations end.",
        )
    return series, origins[rank]


@torch.no_grad()
def validate(
    model: nn.Module,
    tables: Tables,
    layout: Layout,
    pairs: tuple[Tensor, Tensor],
    settings: NeuralHyperparameters,
) -> tuple[float, float]:
    """Loss over the pairs in the windows' units, and WAPE in original units (a fraction)."""
    measure = elementwise(settings.loss)
    look_back, output = layout.look_back, layout.output
    sums = []
    model.eval()
    for series, origin in zip(pairs[0].split(512), pairs[1].split(512), strict=True):
        windows = gather(tables, layout, series, origin - look_back, look_back + output)
        forecasts = model(windows.past(look_back), windows.known, windows.static)[:, -1:]
        actual, counted = windows.target[:, look_back:], windows.seen[:, look_back:]
        errors = measure(forecasts, actual[:, None])[:, 0]
        predicted = windows.original(forecasts[:, 0, :, forecasts.shape[-1] // 2])
        if layout.schema.floor is not None:
            predicted = predicted.clamp(min=layout.schema.floor)
        true = windows.original(actual)
        parts = (errors, torch.ones_like(errors), (predicted - true).abs(), true.abs())
        sums.append(torch.stack([torch.where(counted, values, 0.0).sum() for values in parts]))
    loss, count, error, size = torch.stack(sums).cpu().double().sum(0).tolist()
    return loss / count, error / size if size > 0 else math.nan


def _pace(done: float, epochs: int) -> float:
    """The share of the learning rate after `done` of `epochs` epochs: a short rise, then half a cosine to 2 %."""
    rise = min(1.0, 0.05 * epochs)
    falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done / epochs)))
    return min(1.0, 0.05 + done / rise) * falling


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay towards zero, biases do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


def _check_finite(losses: Tensor, counts: Tensor, epoch: int, best: dict[str, Any]) -> None:
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
