from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.registry.published import LINE, metadata, root_of
from tests.writes import full, watch
from tidebook import checkpoint
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.core.scope import Address
from tidebook.registry import ModelManager
from tidebook.registry.publish import publish
from tidebook.runs import TrainingManager
from tidebook.store import verify


def test_publishing_makes_a_version_of_all_its_files(models: ModelManager, run: Path, tmp_path: Path) -> None:
    figure = tmp_path / "drawn.png"
    figure.write_bytes(b"\x89PNG")
    address = models.publish(run, Address.parse(LINE), metadata(), {"loss_curve.png": figure}, publish_id="run_1")
    assert str(address) == "product/P001_all/lstm/v1"
    folder = models.path(address)
    assert folder == root_of(models) / "product/P001_all/lstm/v1"
    names = ["config.json", "eval_results.json", "loss_curve.png", "manifest.json", "metadata.json", "model.pth"]
    assert sorted(path.name for path in folder.iterdir() if path.name != ".claim") == names
    assert verify(models.store, str(address)) == []
    model_type, state = checkpoint.load_state(folder / "model.pth")
    assert (model_type, state.config) == ("lstm", {"model_type": "lstm", "input_size": 3})
    assert torch.equal(state.weights["layer.weight"], torch.arange(6.0).reshape(2, 3))
    assert list((root_of(models) / ".staging").iterdir()) == []


def test_publishing_twice_with_one_id_gives_one_version(models: ModelManager, run: Path) -> None:
    assert models.publish(run, LINE, metadata()) == models.publish(run, LINE, metadata(0.9))
    assert str(models.publish(run, LINE, metadata(), publish_id="other")) == f"{LINE}/v2"
    assert models.list_models()["pagination"]["total"] == 2


def test_a_run_without_a_model_cannot_be_published(models: ModelManager, tmp_path: Path) -> None:
    run = TrainingManager("1", "lstm", tmp_path / "out")
    with pytest.raises(
        NotFound, match=r"A run must have a saved model to be published, but got no model/pytorch_model"
    ):
        models.publish(run.folder, LINE, metadata())
    assert not root_of(models).exists()


@pytest.mark.parametrize(
    ("more", "files", "text"),
    [
        ({"odd": object()}, {}, "The metadata of a version must have a JSON form"),
        ({}, {"model.pth": "run"}, "Files given along must not be called"),
        ({}, {"../x.png": "run"}, "The name of a file must be 1 to 255 bytes"),
    ],
)
def test_what_cannot_be_published_takes_no_number(
    models: ModelManager, run: Path, more: dict[str, Any], files: dict[str, str], text: str
) -> None:
    with pytest.raises(InvalidInput, match=text):
        models.publish(run, LINE, metadata(**more), dict.fromkeys(files, run / "config.json"))
    assert not root_of(models).exists()


def test_a_scope_that_differs_from_another_in_case_alone_is_refused(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata())
    with pytest.raises(InvalidInput, match="upper and lower case, but got p001_all beside P001_all"):
        models.publish(run, "product/p001_all/lstm", metadata())


def test_a_full_disk_leaves_no_visible_version_and_the_next_try_finishes(
    models: ModelManager, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = 0

    def take(size: int) -> None:
        nonlocal allowed
        allowed -= size
        if allowed < 0:
            raise full()

    for start in range(0, 4000, 500):
        with monkeypatch.context() as fault:
            watch(fault, take)
            allowed = start
            with pytest.raises(StorageFailure, match="no space left on the disk"):
                models.publish(run, LINE, metadata(), publish_id="full")
        assert models.list_models()["models"] == []
    assert str(models.publish(run, LINE, metadata(), publish_id="full")) == f"{LINE}/v1"


def test_one_process_at_a_time_publishes_a_run(
    models: ModelManager, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Address.parse(LINE)
    real = models.store.claim

    def meanwhile(folder: str, owner: str, *, above: int = 0) -> int:
        with pytest.raises(Conflict, match="One process at a time may store this, but got p1"):
            publish(models.store, run, line, metadata(), {}, "p1", above=0)
        return real(folder, owner, above=above)

    monkeypatch.setattr(models.store, "claim", meanwhile)
    assert str(models.publish(run, LINE, metadata(), publish_id="p1")) == f"{LINE}/v1"
