"""Where to compute."""

from __future__ import annotations

import re

from tidebook.core.errors import InvalidInput


def choose(device: str = "auto") -> str:
    """The device to train on: `auto` takes a GPU where there is one; InvalidInput for one that is not there."""
    import torch

    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    numbered = re.fullmatch(r"cuda:(\d+)", device)
    known = {"cpu": True, "mps": mps, "cuda": cuda > 0}
    if known.get(device) or (numbered and int(numbered[1]) < cuda):
        return device
    there = ["cpu", *(["mps"] if mps else []), *(f"cuda:{i}" for i in range(cuda))]
    raise InvalidInput(
        "The device must be there", got=device, fix=f"Choose auto, or one of {', '.join(there)}.", device=device
    )
