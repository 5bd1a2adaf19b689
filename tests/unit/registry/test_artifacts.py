"""A version made file by file, as scripts that know nothing of runs do."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.registry.published import LINE, metadata
from tidebook import checkpoint
from tidebook.abc import State
from tidebook.core.errors import Conflict, InvalidInput
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all
from tidebook.store import verify


class Figure:
    """What a drawing library gives, as far as it is asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def savefig(self, path: Path, **how: Any) -> None:
        """Writes something."""
        self.asked = how
        Path(path).write_bytes(b"\x89PNG")


def begin(models: ModelManager) -> tuple[str, int, Path]:
    """Identifier, number and path of the next version, as scripts ask for them."""
    identifier = models.get_model_identifier("kan", "product", "P001_all")
    number = models.get_next_version_number(identifier)
    return identifier, number, models.get_model_version_path("kan", number, "product", "P001_all")


def test_a_version_saved_file_by_file_is_seen_when_its_number_is_updated(models: ModelManager) -> None:
    identifier, number, path = begin(models)
    state = State({"width": 3}, {"layer.weight": torch.ones(2)})
    figure = Figure()
    models.save_model_artifact(state, "model.pth", path)
    models.save_model_artifact({"name": "训练", "wape": 0.25}, "metadata.json", str(path))
    models.save_model_artifact(figure, "loss_curve.png", path)
    assert figure.asked == {"dpi": 300, "bbox_inches": "tight", "format": "png"}
    assert "训练" in (path / "metadata.json").read_text(encoding="utf-8")
    assert models.list_models()["models"] == []
    models.update_version(identifier, number)
    (item,) = models.list_models()["models"]
    assert (item["address"], item["problem"]) == ("product/P001_all/kan/v1", None)
    assert checkpoint.load_state(models.open(item["address"], "model.pth"))[1].config == {"width": 3}
    assert verify(models.store, item["address"]) == []
    assert begin(models)[1] == 2
    with pytest.raises(Conflict, match="written once and never changed"):
        models.save_model_artifact({}, "more.json", path)


def test_a_figure_is_drawn_at_300_dots_per_inch(models: ModelManager) -> None:
    from matplotlib.figure import Figure as RealFigure

    *_, path = begin(models)
    figure = RealFigure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    saved = models.save_model_artifact(figure, "loss_curve.png", path).read_bytes()
    width, height = struct.unpack(">II", saved[16:24])
    assert 400 < width < 800
    assert 200 < height < 500


def test_a_state_dict_and_a_module_are_saved_as_tensors(models: ModelManager) -> None:
    *_, path = begin(models)
    layer = torch.nn.Linear(2, 1)
    for data in (layer, layer.state_dict()):
        saved = models.save_model_artifact(data, "model.pth", path)
        assert set(checkpoint.load(saved)) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({}, "model.pkl"),
        ({}, "curve.png"),
        (object(), "model.pth"),
        ({"a": object()}, "model.pth"),
        ({}, ".json/../x.json"),
    ],
)
def test_what_cannot_be_saved_is_a_value_error_and_leaves_nothing(models: ModelManager, data: Any, name: str) -> None:
    *_, path = begin(models)
    with pytest.raises((ValueError, InvalidInput)):
        models.save_model_artifact(data, name, path)
    assert not path.exists() or list(path.iterdir()) == []


def test_artifacts_go_into_folders_of_versions_alone(models: ModelManager, run: Path, tmp_path: Path) -> None:
    for place in (
        tmp_path,
        tmp_path / "saved_models",
        tmp_path / "saved_models" / LINE,
        tmp_path / "saved_models/files/a/v1",
    ):
        with pytest.raises(ValueError, match="must be saved into the folder of a version"):
            models.save_model_artifact({}, "a.json", place)
    models.publish(run, LINE, metadata())
    number = models.store.claim(LINE, "a publication that goes on")
    for taken in (1, number):
        with pytest.raises(Conflict):
            models.save_model_artifact({}, "a.json", tmp_path / "saved_models" / LINE / f"v{taken}")
    with pytest.raises(ValueError, match="from 1 on"):
        models.update_version("product_P001_all_lstm", 0)


def test_the_module_has_a_manager_that_nothing_is_done_for_before_it_is_asked(tmp_path: Path) -> None:
    code = "import sys, tidebook.registry as r; print('pydantic' in sys.modules); print(r.model_manager.store.root)"
    environment = {"TIDEBOOK_HOME": str(tmp_path / "home"), "PATH": "/usr/bin"}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert shown.stdout.split() == ["False", str(tmp_path / "home" / "saved_models")]
    assert not (tmp_path / "home").exists()


def test_the_metadata_of_such_a_version_are_its_own(models: ModelManager) -> None:
    identifier, number, path = begin(models)
    models.save_model_artifact({"version": "v9", "scope": "lies"}, "metadata.json", path)
    models.update_version(identifier, number)
    assert json.loads((path / "metadata.json").read_text())["version"] == "v9"
    assert models.item("product/P001_all/kan/v1")["version"] == "v1"


def test_a_version_in_the_making_is_taken_in_by_nobody_else(models: ModelManager) -> None:
    identifier, number, path = begin(models)
    models.save_model_artifact({"wape": 0.25}, "metadata.json", path)
    assert adopt_all(models.store).addresses == []
    models.save_model_artifact({"epochs": 3}, "config.json", path)
    models.update_version(identifier, number)
    assert {entry["path"] for entry in models.get("product/P001_all/kan/v1")["files"]} == {
        "metadata.json",
        "config.json",
    }
    assert not (path / ".making").exists()


def test_a_number_under_which_nothing_was_saved_is_given_no_more(models: ModelManager) -> None:
    identifier, _, _ = begin(models)
    models.update_version(identifier, 7)
    assert begin(models)[1] == 8
    assert json.loads(Path(models.versions_path).read_text()) == {identifier: 7}


def test_the_registry_of_a_folder_has_the_names_that_scripts_know(tmp_path: Path) -> None:
    models = ModelManager(model_dir=tmp_path / "saved_models")
    models.ensure_model_dir()
    assert Path(models.model_dir).is_dir()
    assert models.versions_path == str(tmp_path / "saved_models" / models.VERSION_FILE)
    with pytest.raises(ValueError, match="product, store, global"):
        models.list_models(mode="prod")
    with pytest.raises(ValueError, match="in one place"):
        ModelManager(tmp_path, model_dir=tmp_path)
