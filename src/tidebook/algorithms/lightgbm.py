"""LightGBM: gradient boosted trees on what is known at the origin, one model for all series and all days ahead.

Ke and others, LightGBM: a highly efficient gradient boosting decision tree, 2017. Each day ahead is forecast directly
(Ben Taieb and others, A review and comparison of strategies for multi-step ahead time series forecasting, 2012): a
row for a series, an origin and a day to forecast (see algorithms.rows), so that no forecast feeds another.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, Forecast, State, Traits
from tidebook.algorithms.bounds import BoundedHyperparameters, Bounds
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.algorithms.validation import validation
from tidebook.boosting.design import Design
from tidebook.boosting.rows import Rows
from tidebook.boosting.training import Table, Watch, boost, chosen_on, learned_from, require
from tidebook.core.arrays import F32, I64
from tidebook.core.errors import DataFault

if TYPE_CHECKING:
    import torch

    from tidebook.abc import FitContext
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

MIDDLE = 0.5
QUANTILES = (0.025, 0.1, MIDDLE, 0.9, 0.975)  #: of the loss `quantile`
OBJECTIVES = {
    "mae": ("mae", "l1"),
    "huber": ("huber", "huber"),
    "mse": ("mse", "l2"),
    "quantile": ("quantile", "quantile"),
    "poisson": ("poisson", "poisson"),
    "tweedie": ("tweedie", "tweedie"),
}  #: LightGBM's names of a loss, as what is made small and as what is measured
HUBER = 0.1  #: in levels: where Huber's error turns from squared to absolute
COUNTS = ("poisson", "tweedie")  #: losses of what cannot be negative


@dataclass(frozen=True)
class Hyperparameters(BoundedHyperparameters):
    """The trees, the rows, and the loss."""

    n_estimators: int = hyperparameter(600, low=1, high=100_000, help="Trees at most.", help_zh="树的数量上限。")
    learning_rate: float = hyperparameter(
        0.05, low=1e-4, high=1.0, help="Share of each tree that counts.", help_zh="每棵树的学习率。"
    )
    num_leaves: int = hyperparameter(
        31, low=2, high=4096, help="Leaves of a tree at most.", help_zh="每棵树的最大叶数。"
    )
    min_rows: int = hyperparameter(
        50, low=1, high=100_000, help="Rows that a leaf holds at least.", help_zh="每个叶子的最少样本数。"
    )
    feature_share: float = hyperparameter(
        0.5, low=0.05, high=1.0, help="Share of the columns that a tree may use.", help_zh="每棵树使用的特征比例。"
    )
    rows: int = hyperparameter(
        200_000,
        low=100,
        high=100_000_000,
        help="Rows drawn at most to learn from, and to choose on; a row is a series, an origin and a day ahead.",
        help_zh="训练与验证各自抽取的样本数上限；每个样本为一条序列、一个起点和一个预测日。",
    )
    output_length: int = hyperparameter(
        28,
        low=1,
        high=364,
        help="Days ahead that are learned; days beyond are forecast as the last of them.",
        help_zh="学习的预测天数；更远的日子按其中最后一天的方式预测。",
    )
    patience: int = hyperparameter(
        100,
        low=1,
        high=100_000,
        help="Trees without a better validation loss before training ends.",
        help_zh="验证损失无改善时提前停止前的树数。",
    )
    loss: str = hyperparameter(
        "mae",
        choices=tuple(OBJECTIVES),
        help="What is made small, in levels of each series: absolute, Huber or squared error, the pinball loss of five "
        "quantiles, or the deviance of counts (poisson, tweedie).",
        help_zh="训练目标（以各序列水平为单位）：绝对误差、Huber、平方误差、五个分位数的分位损失，或计数偏差。",
    )
    weighting: str = hyperparameter(
        "size",
        choices=("size", "equal"),
        help="Whether large series count by their size, as in WAPE, or all the same.",
        help_zh="大序列按规模计权（与 WAPE 一致），或各序列同权。",
    )


class LightGBM:
    """The algorithm."""

    name = "lightgbm"
    Hyperparameters = Hyperparameters
    traits = Traits(
        title="LightGBM",
        description="Boosted trees over all series; quick, and strong where promotions and holidays drive sales.",
        description_zh="覆盖所有序列的梯度提升树；速度快，在促销与节假日影响销量时表现出色。",
        tag_type="success",
        neural=False,
        known_future=True,
    )

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Learns from rows of the train part; the validation part says how many trees are enough.

        InvalidInput where LightGBM is not installed, DataFault where there is nothing to learn from or to choose on.
        """
        lightgbm = require()
        chosen: Hyperparameters = hyperparameters
        random = np.random.default_rng(context.seed)
        design = Design.fit(panel, span, chosen.output_length)
        rows = Rows(design, panel)
        train = learned_from(rows, panel, span, design.reach, chosen.rows, random)
        held_out = chosen_on(rows, panel, span, design.reach, chosen.rows, random)
        context.log(
            f"{len(train.rows)} rows to learn from, {len(held_out.rows)} to choose on, {len(rows.names)} columns"
        )
        quantiles = QUANTILES if chosen.loss == "quantile" else (MIDDLE,)
        texts, watches = [], {}
        for level in quantiles:
            watches[level] = Watch(lightgbm, chosen.n_estimators, chosen.patience, context, reporting=level == MIDDLE)
            texts.append(
                boost(
                    [c for c, name in enumerate(rows.names) if design.is_category(name)],
                    _trimmed(train, chosen.loss),
                    _trimmed(held_out, chosen.loss),
                    (_weights(train, chosen.weighting), _weights(held_out, chosen.weighting)),
                    _params(chosen, level, context.seed),
                    watches[level],
                )
            )
        config = {
            "model_type": self.name,
            **asdict(chosen),
            "feature_names": ["target"],
            "columns": list(rows.names),
            "quantiles": list(quantiles),
            "design": design.to_json(),
            "bounds": Bounds.fit(panel, span, chosen.non_negative).to_json(),
            "training": _training_args(chosen, train, held_out, watches[MIDDLE]),
        }
        fitted = LightGBMFitted(config, texts)
        config["validation"] = validation(fitted, panel, span)
        return fitted

    def load(self, state: State) -> Fitted:
        """The trees of `state`; DataFault where it holds none."""
        try:
            quantiles = len(state.config["quantiles"])
            texts = [state.weights[f"booster_{i}"].numpy().tobytes().decode() for i in range(quantiles)]
        except (KeyError, UnicodeDecodeError) as error:
            raise DataFault(
                "The state must be one that lightgbm was saved with",
                got=f"{type(error).__name__}: {error}",
                fix="Take config and weights of the same run.",
            ) from error
        return LightGBMFitted(dict(state.config), texts)


class LightGBMFitted:
    """Boosted trees, a set for each quantile, and what it takes to forecast with them."""

    def __init__(self, config: dict[str, Any], texts: list[str]) -> None:
        lightgbm = require()
        self._config = config
        self._texts = texts
        self._boosters = [lightgbm.Booster(model_str=text) for text in texts]

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted."""
        needed, position = np.unique(series, return_inverse=True)
        part = panel.select(needed.tolist()) if len(needed) < len(panel.keys) else panel
        rows = Rows(Design.from_json(self._config["design"]), part)
        day = origin[:, None] + np.arange(horizon)
        own, start = np.repeat(position, horizon), np.repeat(origin, horizon)
        values, level = rows.make(own.astype(np.int64), start, day.ravel(), start + horizon)
        columns = [np.asarray(booster.predict(values)) * level for booster in self._boosters]
        shaped = np.stack(columns, axis=-1).reshape(len(series), horizon, -1).astype(np.float32)
        bounds = Bounds.from_json(self._config["bounds"])
        return Forecast(bounds.apply(np.sort(shaped, axis=-1), panel, series, origin), tuple(self._config["quantiles"]))

    def state(self) -> State:
        """The trees as bytes of text, and the config."""
        return State(
            config=dict(self._config), weights={f"booster_{i}": _tensor(text) for i, text in enumerate(self._texts)}
        )


def _tensor(text: str) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.frombuffer(text.encode(), dtype=np.uint8).copy())


def _trimmed(table: Table, loss: str) -> Table:
    """Returns count as nothing sold where the loss knows no negative values."""
    return Table(table.rows, np.maximum(table.scaled, 0), table.level) if loss in COUNTS else table


def _weights(table: Table, weighting: str) -> F32:
    if weighting == "equal":
        return np.ones_like(table.level)
    return np.asarray(table.level / table.level.mean(), dtype=np.float32)


def _params(chosen: Hyperparameters, quantile: float, seed: int) -> dict[str, Any]:
    objective, metric = OBJECTIVES[chosen.loss]
    return {
        "objective": objective,
        "metric": metric,
        "alpha": HUBER if chosen.loss == "huber" else quantile,
        "learning_rate": chosen.learning_rate,
        "num_leaves": chosen.num_leaves,
        "min_data_in_leaf": chosen.min_rows,
        "feature_fraction": chosen.feature_share,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _training_args(chosen: Hyperparameters, train: Table, held_out: Table, watch: Watch) -> dict[str, Any]:
    """The content of model/training_args.json."""
    return {
        "epochs": chosen.n_estimators,
        "learning_rate": chosen.learning_rate,
        "loss_function": chosen.loss,
        "train_samples": len(train.rows),
        "val_samples": len(held_out.rows),
        "best_val_loss": watch.best_loss,
        "best_epoch": watch.best_tree,
        "total_epochs_trained": watch.last,
        "stopped": watch.stopped,
    }


algorithm = LightGBM()
