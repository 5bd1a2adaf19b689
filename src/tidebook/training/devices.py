"""Where to compute."""

from __future__ import annotations

from tidebook.core.errors import InvalidInput


def choose(device: str) -> str:
    """The device to use: `auto` takes the first GPU, Apple's GPU, or the CPU. InvalidInput where it is not there."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    kind, _, number = device.partition(":")
    if not there.get(kind, False) or (number and int(number) >= torch.cuda.device_count()):
        present = ", ".join(name for name, is_there in there.items() if is_there)
        raise InvalidInput(
            "The device must be present on this machine", got=device, fix=f"Present: {present}. Or use auto."
        )
    return device
