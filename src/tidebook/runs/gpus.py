"""The GPUs that a process may use, asked without making it use them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any


def names() -> list[str]:
    """The names of the visible GPUs; [] where there are none or nothing here can tell."""
    nvml = _nvml()
    if nvml is not None:
        with suppress(nvml.NVMLError):
            return [_text(nvml.nvmlDeviceGetName(handle)) for handle in _handles()]
    torch = _torch_on_gpu()
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch else []


def usage() -> dict[str, float | int]:
    """{gpu: mean use in percent, gpu_memory: bytes taken} of the visible GPUs; {} where there are none."""
    nvml = _nvml()
    if nvml is not None:
        with suppress(nvml.NVMLError):
            handles = _handles()
            if handles:
                used = [nvml.nvmlDeviceGetUtilizationRates(handle).gpu for handle in handles]
                taken = sum(int(nvml.nvmlDeviceGetMemoryInfo(handle).used) for handle in handles)
                return {"gpu": round(sum(used) / len(used), 1), "gpu_memory": taken}
    torch = _torch_on_gpu()
    if torch is None:
        return {}
    return {"gpu_memory": sum(torch.cuda.memory_reserved(i) for i in range(torch.cuda.device_count()))}


@cache
def _nvml() -> Any:
    """NVIDIA's management library, which unlike CUDA costs the process nothing; None where it is not installed."""
    if not os.path.exists("/proc/driver/nvidia"):  # noqa: PTH110
        return None
    try:
        nvml = import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - whatever is wrong with drivers, a run goes on without these figures
        return None
    return nvml


@cache
def _handles() -> list[Any]:
    nvml = _nvml()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    chosen = []
    for part in filter(None, (part.strip() for part in visible.split(","))):
        if part.isdigit():
            chosen.append(nvml.nvmlDeviceGetHandleByIndex(int(part)))
        elif part.startswith(("GPU-", "MIG-")):
            chosen.append(nvml.nvmlDeviceGetHandleByUUID(part))
        else:
            break  # As CUDA does: what stands behind an invalid one, such as -1, is not seen.
    return chosen


def _torch_on_gpu() -> Any:
    """torch, where this process has begun to use a GPU with it."""
    torch = sys.modules.get("torch")
    with suppress(Exception):
        if torch is not None and torch.cuda.is_initialized():
            return torch
    return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
