"""Versions that another program wrote are taken in where they lie, and nothing of them is ever run."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from pathlib import Path

import pytest
import torch

from tests.unit.registry.foreign import trapped, write_version
from tests.unit.registry.published import LINE, metadata
from tidebook import checkpoint
from tidebook.abc import State
from tidebook.core.errors import DataFault
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all, foreign
from tidebook.registry.weights import fault
from tidebook.store import copying, verify


def everything(root: Path) -> dict[str, bytes]:
    """The files of a tree."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_foreign_tree_is_no_list_of_versions_before_it_is_taken_in_and_whole_afterwards(
    models: ModelManager, tmp_path: Path, run: Path
) -> None:
    root = tmp_path / "saved_models"
    write_version(root / LINE / "v1", trapped(tmp_path / "witness"), metrics={"wape": 0.5}, scope="a lie")
    write_version(root / LINE / "v3", validation={"wape": 0.2, "end": "2025-01-01"})
    write_version(root / "global/stores/S001/sum/kan/v2", description="全部店铺")
    (root / "versions.json").write_text(json.dumps({"product_P001_all_lstm": 7, "global_stores/S001_sum_kan": 2}))
    before = everything(root)
    assert models.list_models()["models"] == []
    adopted = adopt_all(models.store)
    assert adopted.addresses == ["global/stores/S001/sum/kan/v2", f"{LINE}/v1", f"{LINE}/v3"]
    assert adopted.failed == []
    after = everything(root)
    assert {path: after[path] for path in before} == before
    assert {Path(path).name for path in after.keys() - before.keys()} == {"manifest.json", ".adopted.json"}
    items = {item["address"]: item for item in models.list_models()["models"]}
    assert items.keys() == set(adopted.addresses)
    assert (items[f"{LINE}/v1"]["scope"], items[f"{LINE}/v1"]["metrics"]) == ("P001_all", {"wape": 0.5})
    assert items["global/stores/S001/sum/kan/v2"]["description"] == "全部店铺"
    assert all(verify(models.store, address) == [] for address in adopted.addresses)
    assert str(models.resolve(LINE, "latest")) == f"{LINE}/v3"
    assert adopt_all(models.store).addresses == []
    assert str(models.publish(run, LINE, metadata())) == f"{LINE}/v8"


def test_a_pickle_is_listed_never_loaded_and_says_why(models: ModelManager, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    write_version(tmp_path / "saved_models" / LINE / "v1", trapped(witness))
    adopt_all(models.store)
    item = models.item(f"{LINE}/v1")
    assert item["problem"] == "model.pth is a pickle, which is never loaded, because loading it runs code."
    assert models.get(f"{LINE}/v1")["problem"] == item["problem"]
    with pytest.raises(DataFault):
        checkpoint.load_state(models.open(f"{LINE}/v1", "model.pth"))
    assert not witness.exists()


def test_weights_are_judged_without_being_loaded(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    weights = {"layer.weight": torch.zeros(2, 3), "layer.bias": torch.zeros(2, dtype=torch.float16)}

    def said(name: str) -> str | None:
        return fault(tmp_path / name)

    checkpoint.save_state(tmp_path / "ours.pth", "lstm", State({"a": 1, "b": [0.5, None, "x"]}, weights))
    assert said("ours.pth") is None
    torch.save(weights, tmp_path / "state.pth")
    assert "without the configuration" in str(said("state.pth"))
    (tmp_path / "bare.pth").write_bytes(trapped(witness))
    assert "is a pickle" in str(said("bare.pth"))

    from tests.unit.registry.foreign import Trap

    torch.save({"model": Trap(witness)}, tmp_path / "trap.pth")
    assert "asks for" in str(said("trap.pth"))
    torch.save(weights, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    assert "is a pickle" in str(said("legacy.pth"))
    for name, content in (
        ("empty.pth", b""),
        ("text.pth", b"weights"),
        ("cut.pth", (tmp_path / "ours.pth").read_bytes()[:300]),
    ):
        (tmp_path / name).write_bytes(content)
        assert "damaged or of another kind" in str(said(name))
    assert "There is no" in str(said("absent.pth"))
    assert not witness.exists()


def test_what_is_no_foreign_version_is_left_alone(models: ModelManager, tmp_path: Path, run: Path) -> None:
    root = tmp_path / "saved_models"
    models.publish(run, LINE, metadata())
    models.delete(str(models.publish(run, LINE, metadata(0.9), publish_id="two")), "a test", force=True)
    models.store.claim(LINE, "somebody who is publishing")
    (root / LINE / "v3" / "metadata.json").write_text("{}")
    write_version(root / "files" / "net" / "v1")
    write_version(root / "product" / "P001_all" / "v1")
    write_version(root / ".staging" / "product" / "P001_all" / "lstm" / "v1")
    (root / LINE / "v9").mkdir()
    (root / LINE / "v9" / "model.pth").write_bytes(b"half a copy: its metadata are yet to come")
    (tmp_path / "elsewhere").mkdir()
    write_version(tmp_path / "elsewhere" / "v1")
    (root / "product" / "P002_all").mkdir()
    (root / "product" / "P002_all" / "kan").symlink_to(tmp_path / "elsewhere")
    assert list(foreign(models.store)) == []
    assert [item["address"] for item in models.list_models()["models"]] == [f"{LINE}/v1"]


def test_what_cannot_be_taken_in_is_told_and_does_not_keep_the_others_out(models: ModelManager, tmp_path: Path) -> None:
    root = tmp_path / "saved_models"
    write_version(root / LINE / "v1")
    (root / LINE / "v1" / "metadata.json").write_text("{broken")
    write_version(root / LINE / "v2")
    (root / LINE / "v2" / "metadata.json").write_text("[1]")
    write_version(root / LINE / "v3")
    (root / LINE / "v3" / "manifest.json").write_text('{"of": "another program"}')
    good = write_version(root / LINE / "v4")
    (good / "model.pth").unlink()
    (good / "model.pth").symlink_to("/etc/passwd")
    adopted = adopt_all(models.store)
    assert adopted.addresses == [f"{LINE}/v4"]
    assert [prefix for prefix, _ in adopted.failed] == [f"{LINE}/v1", f"{LINE}/v2"]
    assert models.item(f"{LINE}/v4")["problem"] == "There is no model.pth to load."
    assert "model.pth" not in {entry["path"] for entry in models.get(f"{LINE}/v4")["files"]}


def test_a_folder_that_somebody_writes_to_is_not_taken_in_half(
    models: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_version(tmp_path / "saved_models" / LINE / "v1")

    def slow(path: Path) -> str:
        (folder / "late.json").write_text("{}")
        return copying.digest(path)

    monkeypatch.setattr("tidebook.registry.adopt.digest", slow)
    ((prefix, error),) = adopt_all(models.store).failed
    assert prefix == f"{LINE}/v1"
    assert "somebody is writing to" in str(error)
    monkeypatch.undo()
    assert adopt_all(models.store).addresses == [f"{LINE}/v1"]


def test_strange_metadata_make_no_strange_list(models: ModelManager, tmp_path: Path) -> None:
    write_version(
        tmp_path / "saved_models" / LINE / "v1",
        metrics=[1],
        dataset="sales.csv",
        validation=0.3,
        run_name={"a": 1},
        description=7,
        product_ids="P001",
        aliases="best",
        tags=3,
        project=["x"],
        is_best="yes",
        address="product/other/lstm/v1",
        history="none",
        timestamp=5,
    )
    adopt_all(models.store)
    detail = models.get(f"{LINE}/v1")
    assert (detail["metrics"], detail["dataset"], detail["validation"], detail["run_name"]) == ({}, None, None, None)
    assert (detail["aliases"], detail["tags"], detail["history"], detail["address"]) == ([], {}, [], f"{LINE}/v1")
    assert detail["project"] == "?"
    assert models.compare(f"{LINE}/v1", f"{LINE}/v1")["metrics"] == []


def test_a_folder_is_taken_in_when_nobody_has_written_to_it_for_a_while(
    models: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidebook.registry.adopt.REST", 1.0)
    folder = write_version(tmp_path / "saved_models" / LINE / "v1")
    os.utime(folder / "model.pth", (0, 0))  # as a copy that keeps the times of its source
    began = time.time()
    assert adopt_all(models.store).addresses == [f"{LINE}/v1"]
    assert time.time() - began > 0.8

    folder = write_version(tmp_path / "saved_models" / LINE / "v2")
    ended = threading.Event()

    def goes_on() -> None:
        while not ended.wait(0.2):
            with (folder / "model.pth").open("ab") as file:
                file.write(b"more")

    writer = threading.Thread(target=goes_on)
    writer.start()
    try:
        ((prefix, error),) = adopt_all(models.store).failed
    finally:
        ended.set()
        writer.join()
    assert (prefix, "written a moment ago" in str(error)) == (f"{LINE}/v2", True)


def test_a_folder_whose_model_is_yet_to_come_is_left_for_an_hour(
    models: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidebook.registry.adopt.PATIENCE", 3600.0)
    folder = write_version(tmp_path / "saved_models" / LINE / "v1")
    (folder / "model.pth").unlink()
    ((_, error),) = adopt_all(models.store).failed
    assert "has no model.pth yet" in str(error)
    (folder / "model.pth").write_bytes(b"weights")
    assert adopt_all(models.store).addresses == [f"{LINE}/v1"]


def test_a_copy_of_another_version_is_told_and_never_best(models: ModelManager, tmp_path: Path, run: Path) -> None:
    root = tmp_path / "saved_models"
    models.publish(run, LINE, metadata())
    half = root / LINE / "v7"
    half.mkdir()
    for name in ("model.pth", "metadata.json"):
        shutil.copy(root / LINE / "v1" / name, half / name)
    ((prefix, error),) = adopt_all(models.store).failed
    assert (prefix, f"It is a copy of {LINE}/v1." in str(error)) == (f"{LINE}/v7", True)
    shutil.copytree(root / LINE / "v1", root / LINE / "v8")  # with claim and manifest
    item = models.item(f"{LINE}/v8")
    assert item["problem"] == f"It is a copy of {LINE}/v1."
    assert str(models.best(LINE)) == f"{LINE}/v1"
