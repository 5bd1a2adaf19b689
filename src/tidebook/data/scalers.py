"""Standardisation whose statistics come from the training part alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidebook.core.arrays import F32, Flags

SMALLEST = 1e-6  #: a smaller deviation counts as a constant and is not scaled


@dataclass(frozen=True)
class Scaler:
    """x → (x − mean) / scale, by the last axis of what it was fitted on."""

    mean: F32  #: [C]
    scale: F32  #: [C], above 0

    @classmethod
    def fit(cls, values: F32, mask: Flags | None = None) -> Scaler:
        """The mean and deviation of values[..., C] over all other axes, where mask[...] is True."""
        flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1]).astype(np.float64)  # C may be 0
        if mask is not None:
            flat = flat[mask.reshape(-1)]
        if len(flat) == 0:
            flat = np.zeros((1, values.shape[-1]))
        mean, scale = flat.mean(axis=0), flat.std(axis=0)
        scale = np.where(scale < SMALLEST, 1.0, scale)
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    def transform(self, values: F32) -> F32:
        """Scaled values[..., C]."""
        return ((values - self.mean) / self.scale).astype(np.float32)

    def inverse(self, values: F32) -> F32:
        """Values[..., C] in original units."""
        return (values * self.scale + self.mean).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Scaler:
        """The scaler that `to_json` wrote."""
        return cls(np.array(value["mean"], dtype=np.float32), np.array(value["scale"], dtype=np.float32))
