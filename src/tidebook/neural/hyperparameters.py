"""The hyper-parameters that every neural algorithm has."""

from __future__ import annotations

from dataclasses import dataclass

from tidebook.algorithms.hyperparameters import hyperparameter

YEAR = 364  #: days; the same weekday a year before


@dataclass(frozen=True)
class NeuralHyperparameters:
    """Windows and training. An algorithm's own dataclass inherits from this one and adds its architecture."""

    seq_length: int = hyperparameter(
        60, low=2, high=2000, help="Days that the model looks back.", help_zh="模型回看的天数。"
    )
    output_length: int = hyperparameter(
        28,
        low=1,
        high=YEAR,
        help="Days predicted at once; 1 goes day by day. Longer horizons are fed the model's own output.",
        help_zh="一次预测的天数；1 表示逐日预测。更长的预测期以模型自身的输出继续。",
    )
    epochs: int = hyperparameter(
        50, low=1, high=10_000, help="Passes over the training part at most.", help_zh="训练轮数上限。"
    )
    batch_size: int = hyperparameter(32, low=1, high=65_536, help="Windows per step.", help_zh="每步的窗口数。")
    learning_rate: float = hyperparameter(
        0.001, low=1e-6, high=1.0, help="Step size of the optimiser at its highest.", help_zh="优化器的最大学习率。"
    )
    patience: int = hyperparameter(
        10,
        low=1,
        high=10_000,
        help="Epochs without a better validation loss before training ends.",
        help_zh="验证损失无改善时提前停止前的轮数。",
    )
    positions: int = hyperparameter(
        28,
        low=1,
        high=512,
        help="Days of each window that a forecast is learned from; more makes an epoch shorter.",
        help_zh="每个窗口中用于学习预测的天数；越多，每轮越短。",
    )
    loss: str = hyperparameter(
        "mae",
        choices=("mae", "huber", "mse"),
        help="What is made small, in deviations of each window: absolute, Huber or squared error.",
        help_zh="训练目标（以窗口标准差为单位）：绝对误差、Huber 或平方误差。",
    )
    weight_decay: float = hyperparameter(
        0.01, low=0.0, high=1.0, help="Pull of the weights towards zero.", help_zh="权重衰减。"
    )
