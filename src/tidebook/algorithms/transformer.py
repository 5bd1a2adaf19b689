"""Transformer: causal attention over the days of the window (Vaswani et al., 2017, arXiv 1706.03762).

How far back a day lies lowers its score linearly, by another slope in each head (ALiBi; Press, Smith and Lewis, 2022,
arXiv 2108.12409), so that windows may be longer than those trained on. Layers are normalised at their entry. Decoding
carries the keys and values of the days before, [B, heads, days, H / heads] each.
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
from tidebook.neural.width import check_width

ROOM = 64  #: days that a cache has room for beyond those it must hold


@dataclass
class Cache:
    """The keys and values of the days before, with room for more: a step writes its own behind them."""

    key: Tensor  #: [B, heads, room, H / heads]
    value: Tensor  #: the same
    days: int  #: how many of them are filled

    def extended(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values with these [B, heads, D, H / heads] behind, which the cache then holds, too."""
        before, self.days = self.days, self.days + key.shape[2]
        if self.days > self.key.shape[2]:
            self.key, self.value = (
                nn.functional.pad(old[:, :, :before], (0, 0, 0, key.shape[2] + ROOM)) for old in (self.key, self.value)
            )
        self.key[:, :, before : self.days] = key
        self.value[:, :, before : self.days] = value
        return self.key[:, :, : self.days], self.value[:, :, : self.days]


@dataclass(frozen=True)
class Hyperparameters(NeuralHyperparameters):
    """The windows and training of every neural algorithm, and the size of the transformer."""

    hidden_size: int = hyperparameter(
        64,
        low=2,
        high=4096,
        help="Width of each layer; a multiple of num_heads.",
        help_zh="每层的宽度；须为 num_heads 的倍数。",
    )
    num_layers: int = hyperparameter(2, low=1, high=16, help="Layers.", help_zh="层数。")
    num_heads: int = hyperparameter(4, low=1, high=64, help="Heads of the attention.", help_zh="注意力头数。")
    dropout: float = hyperparameter(
        0.1,
        low=0.0,
        high=0.9,
        help="Share of units left out at each step of training.",
        help_zh="训练时每步随机丢弃的单元比例。",
    )


class Layer(nn.Module):
    """Attention to the days before, then a network for each day alone."""

    slopes: Tensor

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.enter = nn.LayerNorm(hidden)
        self.project = nn.Linear(hidden, 3 * hidden)
        self.leave = nn.Linear(hidden, hidden)
        self.between = nn.LayerNorm(hidden)
        self.widen = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("slopes", 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads), persistent=False)

    def forward(self, values: Tensor, before: Cache | None, count: int) -> tuple[Tensor, Cache]:
        """[B, count, H] of the last `count` of the days values[B, D, H], and the cache after them."""
        batch, days, hidden = values.shape
        query, key, value = (
            part.view(batch, days, self.heads, -1).transpose(1, 2)
            for part in self.project(self.enter(values)).chunk(3, dim=-1)
        )
        after = Cache(key, value, days) if before is None else before
        if before is not None:
            key, value = before.extended(key, value)
        query, values = query[:, :, -count:] * key.shape[-1] ** -0.5, values[:, -count:]
        scores = query @ key.transpose(2, 3) + self._bias(count, key.shape[2])
        attended = (torch.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(batch, count, hidden)
        values = values + self.dropout(self.leave(attended))
        inner = nn.functional.silu(self.widen(self.between(values)))
        return values + self.dropout(self.narrow(inner)), after

    def _bias(self, count: int, days: int) -> Tensor:
        """[heads, count, days]: minus slope times distance; minus infinity for days to come."""
        day = torch.arange(days, device=self.slopes.device)
        distance = day[-count:, None] - day
        bias = -self.slopes.view(-1, 1, 1) * distance
        return torch.where(distance >= 0, bias, -torch.inf)


class TransformerModel(Stacked):
    """forward(past[B, L, P], known[B, L + O, K], static[B, S]) -> [B, N, O, Q]."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int = 4,
        dropout: float = 0.0,
        known_size: int = 1,
        static_size: int = 1,
        earlier_size: int = 0,
        output_length: int = 1,
        output_size: int = 1,
        positions: int = 1,
    ) -> None:
        super().__init__()
        check_width(hidden_size, num_heads)
        self.embed = nn.Linear(input_size, hidden_size)
        self.layers = nn.ModuleList(Layer(hidden_size, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(hidden_size)
        self.head = Head(
            hidden_size, known_size, static_size, earlier_size, output_length, output_size, dropout, positions
        )


algorithm = NeuralAlgorithm(
    name="transformer",
    Hyperparameters=Hyperparameters,
    module=TransformerModel,
    traits=Traits(
        title="Transformer",
        description="Attention over the days of the window; for many series with long patterns.",
        description_zh="对窗口内各天使用注意力机制；适合序列多、规律长的数据。",
        tag_type="warning",
        neural=True,
        known_future=True,
        past=True,
    ),
)
