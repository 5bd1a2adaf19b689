"""The environment of jobs and workers: what they need, and no secret of the server or the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidebook.core.settings import Settings

_NAMES = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "CONDA_PREFIX",
        "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "XDG_CACHE_HOME", "MPLCONFIGDIR", "SSL_CERT_FILE",
    }
)  # fmt: skip
_PREFIXES = ("LC_", "PYTHON", "CUDA_", "NVIDIA_", "NCCL_", "HIP_", "ROCR_", "TORCH", "PYTORCH_", "OMP_", "MKL_", "KMP_")
_THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip

# A thread that waits must sleep, not spin: spinning threads of two trainings on two cores made both 20 times slower.
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}


def wait_passively() -> None:
    """Lets threads of numeric libraries sleep while they wait; works as long as none of them is loaded yet."""
    for name, value in _WAITING.items():
        os.environ.setdefault(name, value)


def job_environment(settings: Settings, share: int, around: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of one of `share` processes that compute at once.

    Only names that are known to be harmless pass; TIDEBOOK_STORE only where it is a local folder.
    """
    passed = {name: value for name, value in around.items() if name in _NAMES or name.startswith(_PREFIXES)}
    threads = str(max(1, cpu_count() // share))
    settled = {
        "TIDEBOOK_HOME": str(settings.home.absolute()),
        "TIDEBOOK_TIMEZONE": settings.timezone,
        "TIDEBOOK_LANGUAGE": settings.language,
        "TIDEBOOK_RESOURCES": str(settings.resources).lower(),
        "TIDEBOOK_STORE": settings.store if settings.store and is_local(settings.store) else None,
        "PYTHONUNBUFFERED": "1",
    }
    shared = {name: around.get(name, threads) for name in _THREADS}
    return {**_WAITING, **passed, **shared, **{name: value for name, value in settled.items() if value is not None}}


def cpu_count() -> int:
    """The processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def is_local(store: str) -> bool:
    """Whether a store is a folder, which every process of this machine reaches by itself."""
    return "://" not in store or store.startswith("file://")
