"""A saved_models/ tree as another program leaves it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any


class Trap:
    """What runs code when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.witness,))


def write_version(folder: Path, weights: bytes = b"", **metadata: Any) -> Path:
    """The folder of a version: metadata.json, model.pth and a figure, neither claim nor manifest."""
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(
        json.dumps({"timestamp": "2025-07-16T16:51:38", **metadata}), encoding="utf-8"
    )
    (folder / "model.pth").write_bytes(weights)
    (folder / "loss_curve.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def trapped(witness: Path) -> bytes:
    """A pickle that makes the file `witness` when it is loaded."""
    return pickle.dumps(Trap(witness))
