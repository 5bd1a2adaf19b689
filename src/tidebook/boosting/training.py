"""The training of gradient boosted trees: which rows they learn from, and when they have learned enough."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32, I64
from tidebook.core.errors import DataFault, InvalidInput

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.boosting.rows import Rows
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

HISTORY = 14  #: counted days that a series needs before an origin to be learned from
SHORT_PLANS = 0.25  #: share of the training rows whose covariates are planned for fewer days than a whole block
STRIDE = 7  #: days between the origins that the validation part is forecast from
REPORT = 10  #: trees between two points of the curves


@dataclass(frozen=True)
class Table:
    """N rows with what came of them."""

    rows: F32  #: [N, F]
    scaled: F32  #: [N], the target in units of the level
    level: F32  #: [N], original units


def learned_from(rows: Rows, panel: Panel, span: Span, reach: int, count: int, random: np.random.Generator) -> Table:
    """At most `count` rows drawn from all series, origins and days of the train part, every one as likely.

    DataFault where no series has the history.
    """
    before = np.cumsum(rows.counted[:, : span.train_end], axis=1, dtype=np.int32)
    series, day = np.nonzero(rows.counted[:, span.start : span.train_end])
    day = day + span.start
    if len(series) * reach > count:
        chosen = random.integers(len(series), size=2 * count)
        series, day = series[chosen], day[chosen]
        origin = day - random.integers(reach, size=len(day))
    else:
        origin = (day[:, None] - np.arange(reach)).ravel()
        series, day = np.repeat(series, reach), np.repeat(day, reach)
    enough = (origin > span.start) & (before[series, np.maximum(origin, 1) - 1] >= HISTORY)
    series, day, origin = series[enough][:count], day[enough][:count], origin[enough][:count]
    if len(series) == 0:
        raise DataFault(
            f"Training needs a series with {HISTORY} open days, and one more after them, in the train part",
            got="none",
            fix="Use more history, or shorter validation and test parts.",
        )
    end = np.where(random.random(len(day)) < SHORT_PLANS, random.integers(day + 1, origin + reach + 1), origin + reach)
    return _table(rows, panel, series, origin, day, np.minimum(end, span.train_end))


def chosen_on(rows: Rows, panel: Panel, span: Span, reach: int, count: int, random: np.random.Generator) -> Table:
    """The days of the validation part, forecast from origins up to a block before and within it; `count` at most.

    DataFault where none was observed on an open day.
    """
    offsets = np.arange(STRIDE * ((reach - 1) // STRIDE), span.train_end - span.validation_end, -STRIDE)
    parts = []
    for start in (span.train_end - offsets).tolist():
        first, last = max(start, span.train_end), min(start + reach, span.validation_end)
        if start > span.start and first < last:
            series, day = np.nonzero(rows.counted[:, first:last])
            parts.append((series, np.full(len(series), start), day + first))
    if not sum(len(part[0]) for part in parts):
        raise DataFault(
            "The validation part must hold open days with a target",
            got=f"none in {span.validation_end - span.train_end} days",
            fix="Choose more validation days, or end the data where the observations end.",
        )
    own, origin, days = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(own) > count:
        few = np.sort(random.choice(len(own), count, replace=False))
        own, origin, days = own[few], origin[few], days[few]
    return _table(rows, panel, own, origin, days, np.minimum(origin + reach, span.validation_end))


def _table(rows: Rows, panel: Panel, series: I64, origin: I64, day: I64, end: I64) -> Table:
    values, level = rows.make(series, origin, day, end)
    return Table(values, panel.target[series, day] / level, level)


@dataclass(eq=False)  # LightGBM keeps callbacks in a set
class Watch:
    """A callback of LightGBM that ends the training, and draws its curves where `reporting`."""

    lightgbm: ModuleType
    trees: int  #: at most
    patience: int  #: trees without a better validation loss
    context: FitContext
    reporting: bool
    best_tree: int = 0
    best_loss: float = math.inf
    last: int = 0  #: trees made
    stopped: str = "trees"  #: why it ended: trees, patience, deadline, stop
    order: int = field(default=30, init=False)  #: after LightGBM's own callbacks

    def __call__(self, env: Any) -> None:
        """After each tree."""
        losses = {name: float(value) for name, _, value, *_ in env.evaluation_result_list}
        self.last = env.iteration + 1
        if losses["val_loss"] < self.best_loss:
            self.best_loss, self.best_tree = losses["val_loss"], self.last
        deadline = self.context.deadline
        if self.context.should_stop():
            self.stopped = "stop"
        elif deadline is not None and time.monotonic() > deadline:
            self.stopped = "deadline"
        elif self.last - self.best_tree >= self.patience:
            self.stopped = "patience"
        ending = self.stopped != "trees" or self.last == self.trees
        if self.reporting:
            self.context.progress(epoch=self.last, epochs=self.trees, step=1, steps=1, train_loss=losses["train_loss"])
            if ending or self.last % REPORT == 0:
                self.context.report(self.last, losses)
        if self.stopped != "trees":
            raise self.lightgbm.callback.EarlyStopException(self.best_tree - 1, env.evaluation_result_list)


def boost(
    categories: list[int],
    train: Table,
    held_out: Table,
    weights: tuple[F32, F32],
    params: dict[str, Any],
    watch: Watch,
) -> str:
    """The trees up to the best one, as LightGBM's text. `categories` are the columns whose values are codes."""
    lightgbm = watch.lightgbm
    shared: dict[str, Any] = {
        "categorical_feature": categories,
        "params": params,
        "free_raw_data": True,
    }
    learned = lightgbm.Dataset(train.rows, train.scaled, weight=weights[0], **shared)
    chosen = lightgbm.Dataset(held_out.rows, held_out.scaled, weight=weights[1], reference=learned, **shared)
    booster = lightgbm.train(
        params,
        learned,
        watch.trees,
        valid_sets=[learned, chosen],
        valid_names=["train_loss", "val_loss"],
        callbacks=[watch],
    )
    return str(booster.model_to_string(num_iteration=max(1, watch.best_tree)))


def require() -> ModuleType:
    """LightGBM; InvalidInput where it cannot be imported."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise InvalidInput(
            "Boosting needs LightGBM",
            got=f"{type(error).__name__}: {error}",
            fix="Install the extra, pip install 'tidebook[boosting]', and OpenMP: libgomp1 on Debian, libomp on macOS.",
        ) from error
    module: ModuleType = lightgbm
    return module
