"""The GPUs of a run, seen through the driver's management library."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tidebook.runs import gpus


class Driver:
    """Two GPUs, as the library tells of them."""

    class NVMLError(Exception):
        """What it raises."""

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - its names
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index > 1:
            raise self.NVMLError
        return index

    def nvmlDeviceGetHandleByUUID(self, name: str) -> int:  # noqa: N802
        return {"GPU-b": 1}[name]

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return (b"first", b"second")[handle]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(gpu=(10, 35)[handle])

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(used=(100, 7)[handle])


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    there = Driver()
    monkeypatch.setattr(gpus, "_nvml", lambda: there)
    monkeypatch.setattr(gpus, "_torch_on_gpu", lambda: None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpus._handles.cache_clear()
    yield
    gpus._handles.cache_clear()


@pytest.mark.parametrize(
    ("visible", "names", "usage"),
    [
        (None, ["first", "second"], {"gpu": 22.5, "gpu_memory": 107}),
        ("1", ["second"], {"gpu": 35, "gpu_memory": 7}),
        ("GPU-b, 0", ["second", "first"], {"gpu": 22.5, "gpu_memory": 107}),
        ("0,-1,1", ["first"], {"gpu": 10, "gpu_memory": 100}),
        ("", [], {}),
        ("7", [], {}),
    ],
)
def test_only_the_gpus_that_the_process_may_use_count(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, names: list[str], usage: dict[str, float]
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert (gpus.names(), gpus.usage()) == (names, usage)
