"""What tells two models apart: the digest of their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from blake3 import blake3


def digest(weights: Mapping[str, Any]) -> str:
    """The digest of tensors and plain values, whatever order their names come in; equal where every bit is."""
    total = blake3()
    _feed(total, weights)
    return f"blake3:{total.hexdigest()}"


def _feed(total: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu().contiguous()
        total.update(f"tensor {plain.dtype} {tuple(plain.shape)};".encode())
        total.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    elif isinstance(value, np.ndarray):
        total.update(f"array {value.dtype} {value.shape};".encode())
        total.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        total.update(f"mapping {len(value)};".encode())
        for name in sorted(value, key=str):
            total.update(f"{name!r}:".encode())
            _feed(total, value[name])
    elif isinstance(value, list | tuple):
        total.update(f"list {len(value)};".encode())
        for each in value:
            _feed(total, each)
    elif isinstance(value, bytes):
        total.update(f"bytes {len(value)};".encode())
        total.update(value)
    else:
        total.update(f"{value!r};".encode())
