"""KAN: a network whose edges are learned curves (Liu et al., 2024, arXiv 2404.19756).

Each edge is w_b·silu(x) + a B-spline of order 3 on a grid of 5 intervals over [-1, 1]. The curves of a layer are a
product of matrices: of the splines' bases [B, inputs · 8] with their coefficients. A position's inputs are the last
`seq_length` days, each summed up in a few numbers by one matrix, brought into the grid by tanh. There is no state to
carry but those numbers' bases: a further day drops the oldest.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tidebook.abc import Traits
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.neural.algorithm import NeuralAlgorithm
from tidebook.neural.forecaster import Forecaster
from tidebook.neural.head import Head
from tidebook.neural.hyperparameters import NeuralHyperparameters

GRID, ORDER = 5, 3
EDGE = 1 + GRID + ORDER  #: weights of a curve
SUMMARY = 2  #: numbers that a day's inputs become


@dataclass(frozen=True)
class Hyperparameters(NeuralHyperparameters):
    """The windows and training of every neural algorithm, and the size of the KAN."""

    hidden_size: int = hyperparameter(64, low=1, high=4096, help="Units of each layer.", help_zh="每层的单元数。")
    num_layers: int = hyperparameter(2, low=1, high=16, help="Layers of learned curves.", help_zh="样条层数。")
    dropout: float = hyperparameter(
        0.1,
        low=0.0,
        high=0.9,
        help="Share of units left out at each step of training.",
        help_zh="训练时每步随机丢弃的单元比例。",
    )


class Curves(nn.Module):
    """[..., inputs] -> [..., inputs · EDGE]: what every curve that leaves an input is a weighted sum of.

    silu(x), and the cubic B-splines at tanh(x). Knots are uniform, so one closed form serves all splines: with u the
    distance from a spline's middle in steps, 2/3 - u² + |u|³/2 for |u| < 1 and (2 - |u|)³/6 for |u| < 2.
    """

    middles: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("middles", (torch.arange(GRID + ORDER) - (ORDER - 1) / 2) * 2 / GRID - 1, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """The values are brought into the grid."""
        u = ((torch.tanh(values)[..., None] - self.middles) * (GRID / 2)).abs()
        near, far = (1 - u).clamp(min=0), (2 - u).clamp(min=0)
        splines = (far * far * far - 4 * near * near * near) / 6
        return torch.cat((nn.functional.silu(values)[..., None], splines), dim=-1).flatten(-2)


class KANModel(Forecaster):
    """forward(past[B, L, P], known[B, L + O, K], static[B, S]) -> [B, N, O, Q]."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        seq_length: int,
        dropout: float = 0.0,
        known_size: int = 1,
        static_size: int = 1,
        earlier_size: int = 0,
        output_length: int = 1,
        output_size: int = 1,
        positions: int = 1,
    ) -> None:
        super().__init__()
        self.days = seq_length
        self.summary = nn.Linear(input_size, SUMMARY)
        self.curves = Curves()
        self.window = nn.Conv1d((1 + SUMMARY) * EDGE, hidden_size, seq_length)
        self.layers = nn.ModuleList(nn.Linear(hidden_size * EDGE, hidden_size) for _ in range(num_layers - 1))
        self.dropout = nn.Dropout(dropout)
        self.head = Head(
            hidden_size, known_size, static_size, earlier_size, output_length, output_size, dropout, positions
        )

    def encode(self, past: Tensor, count: int) -> Tensor:
        """See Forecaster."""
        return self._run(self._edges(past[:, -(self.days + count - 1) :]))

    def begin(self, past: Tensor) -> tuple[Tensor, Tensor]:
        """See Carrying."""
        edges = self._edges(past[:, -self.days :])
        return self._run(edges), edges

    def step(self, past: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """See Carrying."""
        edges = torch.cat((state, self._edges(past)), dim=1)[:, -self.days :]
        return self._run(edges), edges

    def _edges(self, past: Tensor) -> Tensor:
        """[B, D, (1 + SUMMARY) · EDGE]: each day's target and summary, made once for all windows that hold the day."""
        edges: Tensor = self.curves(torch.cat((past[..., :1], self.summary(past)), dim=-1))
        return edges

    def _run(self, edges: Tensor) -> Tensor:
        """[B, D - days + 1, H]: the encoding of each window of `days` days."""
        values: Tensor = self.window(edges.transpose(1, 2)).transpose(1, 2)
        for layer in self.layers:
            values = layer(self.curves(self.dropout(values)))
        return values


algorithm = NeuralAlgorithm(
    name="kan",
    Hyperparameters=Hyperparameters,
    module=KANModel,
    traits=Traits(
        title="KAN",
        description="A network of learned curves over the window; small, quick to train, smooth.",
        description_zh="以可学习曲线为边的网络；小巧、训练快、结果平滑。",
        tag_type="info",
        neural=True,
        known_future=True,
        past=True,
    ),
)
