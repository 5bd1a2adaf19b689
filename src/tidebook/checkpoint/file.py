"""One file of tensors and plain values."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tidebook.core.errors import DataFault
from tidebook.core.files import replacing


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces `path` with `content`, atomically.

    Holds tensors, numbers, text, None, and lists and mappings of them; numpy scalars become numbers. TypeError, and
    nothing written, where there is anything else: it could not be read again. StorageFailure where the disk is full.
    """
    # Through memory, because torch's own writer reports a full disk as a RuntimeError without a cause.
    buffer = io.BytesIO()
    torch.save(_plain(content, "content"), buffer)
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        file.write(buffer.getbuffer())


def load(path: Path) -> dict[str, Any]:
    """The content of the file at `path`, its tensors on the CPU. No code in the file is run.

    FileNotFoundError where there is none; DataFault where it is not such a file: truncated, something else, or a
    pickle that asks for anything but tensors and plain values.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise _fault(path, "a bare pickle, a truncated file or one of another kind")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _fault(path, _reason(error)) from error
    if not isinstance(content, dict):
        raise _fault(path, f"a file that holds a {type(content).__name__}")
    return content


def _fault(path: Path, got: str) -> DataFault:
    return DataFault(
        f"{path.name} must be a file of tensors and plain values",
        got=got,
        fix="Take a file that Tidebook wrote; a pickle of anything else is never loaded, because loading it runs code.",
    )


def _reason(error: Exception) -> str:
    text = str(error)
    if asked := re.search(r"GLOBAL (\S+)", text):
        return f"a pickle that asks for {asked[1]}"
    first = text.splitlines()[0][:160] if text else type(error).__name__
    return f"a truncated file or one of another kind ({first})"


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, torch.Tensor | bool | int | float | str | bytes):
        # A Parameter would be stored with its gradient machinery; the tensor alone is what counts.
        return value.detach() if isinstance(value, torch.Tensor) else value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {_plain(key, f"a key of {where}"): _plain(entry, f"{where}[{key!r}]") for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    raise TypeError(f"{where} must be a tensor or a plain value, but is a {type(value).__qualname__}")
