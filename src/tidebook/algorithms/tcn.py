"""TCN: causal convolutions whose reach doubles from layer to layer (Bai, Kolter and Koltun, 2018, arXiv 1803.01271).

past[B, L, P] runs through residual blocks of two dilated convolutions each. With kernel k and dilations 1, 2, 4 … a
position sees 1 + 2(k - 1)·(sum of dilations) days; as many blocks are made as cover the look-back. Decoding carries the
last (k - 1)·dilation inputs of each convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tidebook.abc import Traits
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.neural.algorithm import NeuralAlgorithm
from tidebook.neural.head import Head
from tidebook.neural.hyperparameters import NeuralHyperparameters
from tidebook.neural.stacked import Stacked

State = tuple[Tensor, Tensor]  #: the last inputs of a block's two convolutions, [B, reach, H] each


@dataclass(frozen=True)
class Hyperparameters(NeuralHyperparameters):
    """The windows and training of every neural algorithm, and the size of the convolutions."""

    hidden_size: int = hyperparameter(
        64, low=1, high=4096, help="Channels of each convolution.", help_zh="每个卷积的通道数。"
    )
    kernel_size: int = hyperparameter(3, low=2, high=16, help="Days that a convolution joins.", help_zh="卷积核长度。")
    dropout: float = hyperparameter(
        0.1,
        low=0.0,
        high=0.9,
        help="Share of units left out at each step of training.",
        help_zh="训练时每步随机丢弃的单元比例。",
    )


class CausalConvolution(nn.Module):
    """[B, D, C] -> [B, count, H]: day t sees t, t - dilation, … as one matrix product."""

    def __init__(self, channels: int, hidden: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.reach = (kernel - 1) * dilation  #: days before a day that it sees
        self.product = nn.Linear(kernel * channels, hidden)

    def forward(self, values: Tensor, before: Tensor | None, count: int) -> tuple[Tensor, Tensor]:
        """The last `count` days, and the inputs that the days after need; `before` is what came before, else zeros."""
        if before is None:
            before = values.new_zeros(values.shape[0], self.reach, values.shape[2])
        whole = torch.cat((before, values), dim=1)[:, -(count + self.reach) :]
        taps = [whole[:, k * self.dilation : k * self.dilation + count] for k in range(self.kernel)]
        return self.product(torch.cat(taps, dim=2)), whole[:, -self.reach :]


class Block(nn.Module):
    """Two convolutions of the same dilation, and a way past them. Dropout takes whole channels of a window."""

    def __init__(self, hidden: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.first = CausalConvolution(hidden, hidden, kernel, dilation)
        self.second = CausalConvolution(hidden, hidden, kernel, dilation)
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, values: Tensor, before: State | None, count: int) -> tuple[Tensor, State]:
        """[B, count, H] of the last `count` of the days values[B, D, H], and the state after them."""
        days = values.shape[1]
        inner, one = self.first(self.norm(values), before and before[0], min(days, count + self.second.reach))
        inner = self._left_out(nn.functional.silu(inner))
        inner, two = self.second(inner, before and before[1], count)
        return values[:, -count:] + self._left_out(nn.functional.silu(inner)), (one, two)

    def _left_out(self, values: Tensor) -> Tensor:
        result: Tensor = self.dropout(values.transpose(1, 2)).transpose(1, 2)
        return result


class TCNModel(Stacked):
    """forward(past[B, L, P], known[B, L + O, K], static[B, S]) -> [B, N, O, Q]."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        seq_length: int,
        kernel_size: int = 3,
        dropout: float = 0.0,
        known_size: int = 1,
        static_size: int = 1,
        earlier_size: int = 0,
        output_length: int = 1,
        output_size: int = 1,
        positions: int = 1,
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(input_size, hidden_size)
        reaches: list[int] = []  # days before a day that each block sees
        while 1 + sum(reaches) < seq_length:
            reaches.append(2 * (kernel_size - 1) * 2 ** len(reaches))
        self.layers = nn.ModuleList(
            Block(hidden_size, kernel_size, 2**number, dropout) for number in range(len(reaches))
        )
        self.further = [sum(reaches[number + 1 :]) for number in range(len(reaches))]  # that the blocks after it see
        self.norm = nn.LayerNorm(hidden_size)
        self.head = Head(
            hidden_size, known_size, static_size, earlier_size, output_length, output_size, dropout, positions
        )

    def needed(self, number: int, count: int) -> int:
        """The days alone that the last `count` positions see through the blocks after it."""
        return count + self.further[number]


algorithm = NeuralAlgorithm(
    name="tcn",
    Hyperparameters=Hyperparameters,
    module=TCNModel,
    traits=Traits(
        title="TCN",
        description="Causal convolutions; trains in parallel over the days, fast where histories are long.",
        description_zh="因果卷积网络；各天并行训练，历史较长时速度快。",
        tag_type="success",
        neural=True,
        known_future=True,
        past=True,
    ),
)
