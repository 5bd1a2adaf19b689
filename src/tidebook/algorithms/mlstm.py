"""mLSTM: the matrix LSTM of xLSTM (Beck et al., 2024, arXiv 2405.04517).

Each head keeps a matrix memory: C_t = f_t C_(t-1) + i_t v_t k_tᵀ, n_t = f_t n_(t-1) + i_t k_t, and reads
h_t = C_t q_t / max(|n_tᵀ q_t|, 1), with an exponential input gate i and a sigmoid forget gate f. Nothing of h goes back
into the gates, so that all days train at once as a product of matrices, and decoding carries C[B, heads, d, d],
n[B, heads, d] and the log-scale m[B, heads] that keeps the exponentials in range. d = H / heads.
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

Memory = tuple[Tensor, Tensor, Tensor]  #: C, n and m


@dataclass(frozen=True)
class Hyperparameters(NeuralHyperparameters):
    """The windows and training of every neural algorithm, and the size of the mLSTM."""

    hidden_size: int = hyperparameter(
        64,
        low=2,
        high=4096,
        help="Width of each layer; a multiple of num_heads.",
        help_zh="每层的宽度；须为 num_heads 的倍数。",
    )
    num_layers: int = hyperparameter(2, low=1, high=16, help="Layers.", help_zh="层数。")
    num_heads: int = hyperparameter(4, low=1, high=64, help="Matrix memories of a layer.", help_zh="每层的矩阵记忆数。")
    dropout: float = hyperparameter(
        0.1,
        low=0.0,
        high=0.9,
        help="Share of units left out at each step of training.",
        help_zh="训练时每步随机丢弃的单元比例。",
    )


class Layer(nn.Module):
    """A matrix memory, then a network for each day alone."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.enter = nn.LayerNorm(hidden)
        self.project = nn.Linear(hidden, 4 * hidden)  # query, key, value, output gate
        self.gates = nn.Linear(hidden, 2 * heads)  # logarithm of the input gate, forget gate before its sigmoid
        self.read = nn.GroupNorm(heads, hidden)
        self.leave = nn.Linear(hidden, hidden)
        self.between = nn.LayerNorm(hidden)
        self.widen = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            self.gates.weight.mul_(0.1)
            self.gates.bias[:heads].fill_(-2.0)
            self.gates.bias[heads:] = torch.linspace(3.0, 6.0, heads)  # memories of a few weeks to a year

    def forward(self, values: Tensor, before: Memory | None, count: int) -> tuple[Tensor, Memory]:
        """[B, count, H] of the last `count` of the days values[B, D, H], and the memory after them.

        Without `before` all days at once, else day by day from what is remembered.
        """
        query, key, value, write, forget, out = self._parts(values)
        if before is None:
            read = _parallel(query[:, :, -count:], key, value, write, forget)
            after = _remembered(key, value, write, forget)
        else:
            read, after = _recurrent(query, key, value, write, forget, before)
            read = read[:, :, -count:]
        return self._leave(values[:, -count:], read, out[:, -count:]), after

    def _parts(self, values: Tensor) -> tuple[Tensor, ...]:
        """Query, key, value [B, heads, D, d], the logarithms of both gates [B, heads, D], the output gate [B, D, H]."""
        batch, days, _ = values.shape
        entered = self.enter(values)
        *parts, out = self.project(entered).chunk(4, dim=-1)
        query, key, value = (part.view(batch, days, self.heads, -1).transpose(1, 2) for part in parts)
        write, forget = self.gates(entered).float().transpose(1, 2).chunk(2, dim=1)
        return query, key * key.shape[-1] ** -0.5, value, write, nn.functional.logsigmoid(forget), torch.sigmoid(out)

    def _leave(self, values: Tensor, read: Tensor, out: Tensor) -> Tensor:
        batch, count, hidden = values.shape
        read = self.read(read.transpose(1, 2).reshape(batch * count, hidden)).view(batch, count, hidden)
        values = values + self.dropout(self.leave(read * out))
        inner = nn.functional.silu(self.widen(self.between(values)))
        result: Tensor = values + self.dropout(self.narrow(inner))
        return result


def _parallel(query: Tensor, key: Tensor, value: Tensor, write: Tensor, forget: Tensor) -> Tensor:
    """[B, heads, count, d]: what the last `count` days read, from query[B, heads, count, d] and all days' keys."""
    count, days = query.shape[2], key.shape[2]
    passed = forget.cumsum(-1)
    log_weight = passed[:, :, -count:, None] + (write - passed)[:, :, None]  # [B, heads, count, D]
    day = torch.arange(days, device=key.device)
    log_weight = torch.where(day[-count:, None] >= day, log_weight, -torch.inf)
    m = log_weight.amax(-1, keepdim=True)
    scores = (query @ key.transpose(2, 3)) * torch.exp(log_weight - m)
    size = torch.maximum(scores.sum(-1, keepdim=True).abs(), torch.exp(-m))
    return (scores @ value) / size


def _remembered(key: Tensor, value: Tensor, write: Tensor, forget: Tensor) -> Memory:
    """The memory after all days."""
    log_weight = write + forget.sum(-1, keepdim=True) - forget.cumsum(-1)
    m = log_weight.amax(-1)
    weighted = key * torch.exp(log_weight - m[..., None])[..., None]
    return value.transpose(2, 3) @ weighted, weighted.sum(2), m


def _recurrent(
    query: Tensor, key: Tensor, value: Tensor, write: Tensor, forget: Tensor, before: Memory
) -> tuple[Tensor, Memory]:
    """The same as `_parallel`, one day after the other from the memory before them."""
    C, n, m = before
    reads = []
    for day in range(query.shape[2]):
        q, k, v = query[:, :, day], key[:, :, day], value[:, :, day]
        kept = forget[:, :, day] + m
        m = torch.maximum(kept, write[:, :, day])
        f, i = torch.exp(kept - m)[..., None], torch.exp(write[:, :, day] - m)[..., None]
        C = f[..., None] * C + (i * v)[..., None] * k[..., None, :]
        n = f * n + i * k
        size = torch.maximum((n * q).sum(-1, keepdim=True).abs(), torch.exp(-m)[..., None])
        reads.append((C @ q[..., None])[..., 0] / size)
    return torch.stack(reads, dim=2), (C, n, m)


class MLSTMModel(Stacked):
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
    name="mlstm",
    Hyperparameters=Hyperparameters,
    module=MLSTMModel,
    traits=Traits(
        title="mLSTM",
        description="The matrix LSTM of xLSTM: remembers like a recurrent network, trains in parallel over the days.",
        description_zh="xLSTM 的矩阵 LSTM：像循环网络一样记忆，各天并行训练。",
        tag_type="success",
        neural=True,
        known_future=True,
        past=True,
    ),
)
