from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tidebook import checkpoint
from tidebook.abc import State
from tidebook.core.errors import DataFault, StorageFailure


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def test_tensors_and_plain_values_come_back(tmp_path: Path) -> None:
    content = {
        "epoch": 10,
        "model_state_dict": {"w": torch.arange(3.0, requires_grad=True)},
        "metrics": {"loss": np.float32(0.5), "count": np.int64(3)},
        "names": ("a", "b"),
        "nothing": None,
    }
    checkpoint.save(tmp_path / "new" / "c.bin", content)
    loaded = checkpoint.load(tmp_path / "new" / "c.bin")
    torch.testing.assert_close(loaded["model_state_dict"]["w"], torch.arange(3.0))
    assert not loaded["model_state_dict"]["w"].requires_grad
    assert loaded["metrics"] == {"loss": 0.5, "count": 3}
    assert loaded["names"] == ["a", "b"]
    assert loaded["nothing"] is None


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(
        TypeError, match=r"content\['args'\]\[0\] must be a tensor or a plain value, but is a PosixPath"
    ):
        checkpoint.save(tmp_path / "c.bin", {"args": [tmp_path]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ("pickle", "a bare pickle, a truncated file or one of another kind"),
        ("torch", "a pickle that asks for posix.mkdir"),
    ],
)
def test_a_hostile_pickle_is_refused_and_does_nothing(tmp_path: Path, how: str, got: str) -> None:
    victim, file = tmp_path / "victim", tmp_path / "model.pth"
    if how == "pickle":
        file.write_bytes(pickle.dumps(Evil(victim)))
    else:
        torch.save({"model_state_dict": Evil(victim)}, file)
    with pytest.raises(DataFault) as caught:
        checkpoint.load(file)
    assert str(caught.value).startswith("model.pth must be a file of tensors and plain values, but got a ")
    assert caught.value.got == got
    assert not victim.exists()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    file = tmp_path / "model.pth"
    checkpoint.save(file, {"w": torch.rand(100)})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataFault, match="truncated file or one of another kind"):
        checkpoint.load(file)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.pth"
    file.write_text("not a model")
    with pytest.raises(DataFault, match=r"model\.pth must be a file of tensors and plain values"):
        checkpoint.load(file)
    torch.save([1, 2], file)
    with pytest.raises(DataFault, match="but got a file that holds a list"):
        checkpoint.load(file)


def test_no_file_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "absent.pth")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.pth"
    checkpoint.save(file, {"epoch": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailure, match="no space left on the disk"):
        checkpoint.save(file, {"epoch": 2})
    assert checkpoint.load(file) == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["model.pth"]


def test_a_state_has_its_model_type_and_format_version(tmp_path: Path) -> None:
    file = tmp_path / "model.pth"
    checkpoint.save_state(file, "lstm", State({"hidden_size": 3}, {"w": torch.ones(2)}))
    assert set(checkpoint.load(file)) == {"format_version", "model_type", "config", "model_state_dict"}
    name, state = checkpoint.load_state(file)
    assert (name, state.config) == ("lstm", {"hidden_size": 3})
    torch.testing.assert_close(state.weights["w"], torch.ones(2))


def test_a_state_alone_is_no_model(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "pytorch_model.bin", {"w": torch.ones(2)})
    with pytest.raises(DataFault, match="but got a file without format_version, model_type, config, model_state_dict"):
        checkpoint.load_state(tmp_path / "pytorch_model.bin")


def test_a_model_of_a_newer_tidebook_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.pth"
    checkpoint.save(file, {"format_version": 2, "model_type": "lstm", "config": {}, "model_state_dict": {}})
    with pytest.raises(
        DataFault, match=r"model\.pth must have format_version 1 or lower, but got 2\. Install the Tidebook"
    ):
        checkpoint.load_state(file)
