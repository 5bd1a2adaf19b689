"""GRU: a recurrent network with two gates and no separate memory cell (Cho et al., 2014, arXiv 1406.1078).

past[B, L, P] runs through the layers to an encoding [B, L, H] of every day; the head forecasts from it. Decoding
carries the hidden state, [layers, B, H].
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tidebook.abc import Traits
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.neural.algorithm import NeuralAlgorithm
from tidebook.neural.head import Head
from tidebook.neural.hyperparameters import NeuralHyperparameters
from tidebook.neural.recurrent import Recurrent


@dataclass(frozen=True)
class Hyperparameters(NeuralHyperparameters):
    """The windows and training of every neural algorithm, and the size of the GRU."""

    hidden_size: int = hyperparameter(128, low=1, high=4096, help="Units of each layer.", help_zh="每层的单元数。")
    num_layers: int = hyperparameter(1, low=1, high=16, help="Layers.", help_zh="层数。")
    dropout: float = hyperparameter(
        0.2,
        low=0.0,
        high=0.9,
        help="Share of units left out at each step of training.",
        help_zh="训练时每步随机丢弃的单元比例。",
    )


class GRUModel(Recurrent):
    """forward(past[B, L, P], known[B, L + O, K], static[B, S]) -> [B, N, O, Q]."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float = 0.0,
        known_size: int = 1,
        static_size: int = 1,
        earlier_size: int = 0,
        output_length: int = 1,
        output_size: int = 1,
        positions: int = 1,
    ) -> None:
        super().__init__()
        between = dropout if num_layers > 1 else 0.0
        self.rnn = nn.GRU(input_size, hidden_size, num_layers, batch_first=True, dropout=between)
        self.head = Head(
            hidden_size, known_size, static_size, earlier_size, output_length, output_size, dropout, positions
        )


algorithm = NeuralAlgorithm(
    name="gru",
    Hyperparameters=Hyperparameters,
    module=GRUModel,
    traits=Traits(
        title="GRU",
        description="A recurrent network with fewer weights than the LSTM; a second opinion at the same cost.",
        description_zh="参数比 LSTM 少的循环神经网络；成本相近，可作第二意见。",
        tag_type="primary",
        neural=True,
        known_future=True,
        past=True,
    ),
)
