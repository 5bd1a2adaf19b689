"""The hyper-parameters that every neural algorithm has."""

from __future__ import annotations

from dataclasses import dataclass

from tidebook.algorithms.bounds import BoundedHyperparameters
from tidebook.algorithms.hyperparameters import hyperparameter


@dataclass(frozen=True)
class NeuralHyperparameters(BoundedHyperparameters):
    """Windows and training. An algorithm's own dataclass inherits from this one and adds its architecture."""

    seq_length: int = hyperparameter(
        60, low=2, high=2000, help="Days that the model looks back.", help_zh="模型回看的天数。"
    )
    output_length: int = hyperparameter(
        28,
        low=1,
        high=364,
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
    epoch_windows: int = hyperparameter(
        100_000,
        low=1,
        high=10**9,
        help="Windows of an epoch at most; of large data each epoch takes others.",
        help_zh="每轮最多使用的窗口数；数据量大时每轮随机抽取。",
    )
    loss: str = hyperparameter(
        "mae",
        choices=("mae", "scaled", "huber", "mse", "quantile", "poisson", "tweedie"),
        help="What is made small: absolute error, the same in shares of level and usual error (scaled: every series "
        "counts alike), Huber or squared error, the pinball loss of five quantiles, or the "
        "deviance of counts (poisson) or of amounts with many zeros (tweedie).",
        help_zh="训练目标：绝对误差、按水平与通常误差缩放的绝对误差（scaled：各序列同等重要）、"
        "Huber、平方误差、五个分位数的 pinball 损失，"
        "或计数（poisson）、多零金额（tweedie）的偏差。",
    )
    target: str = hyperparameter(
        "value",
        choices=("value", "departure"),
        help="What the network forecasts: the value, or its departure from seasonal smoothing in usual errors of "
        "that; for a strong and steady season, as hourly series have.",
        help_zh="网络预测的内容：数值本身，或其相对季节平滑值的偏离（以平滑的通常误差为单位）；"
        "后者适合季节性强而稳定的序列，如小时数据。",
    )
    scaling: str = hyperparameter(
        "window",
        choices=("window", "series", "global"),
        help="Whose mean and deviation the values are divided by: of each window, of each series, or of all.",
        help_zh="按谁的均值与标准差缩放：每个窗口、每个序列或全部数据。",
    )
    precision: str = hyperparameter(
        "auto",
        choices=("auto", "float32", "bfloat16"),
        help="Numbers of the matrix products in training; auto: bfloat16 on a GPU that has it, else float32.",
        help_zh="训练中矩阵乘法的数值精度；auto：GPU 支持时用 bfloat16，否则用 float32。",
    )
    weight_decay: float = hyperparameter(
        0.01, low=0.0, high=1.0, help="Pull of the weights towards zero.", help_zh="权重衰减。"
    )
    averaging: float = hyperparameter(
        0.98,
        low=0.0,
        high=0.9999,
        help="How slowly the mean of the weights that forecasts follows their training; 0 uses the last ones.",
        help_zh="用于预测的权重均值跟随训练的缓慢程度；0 表示直接使用最新权重。",
    )
