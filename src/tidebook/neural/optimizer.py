"""How weights move: AdamW, and how fast at each point of a training."""

from __future__ import annotations

import math

import torch
from torch import nn


def optimizer(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter, 2019): matrices decay towards zero, biases do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def pace(done: float, epochs: int) -> float:
    """The share of the learning rate after `done` of `epochs` epochs: a short rise, then half a cosine to 2 %."""
    rise = min(1.0, 0.05 * epochs)
    falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done / epochs)))
    return min(1.0, 0.05 + done / rise) * falling
