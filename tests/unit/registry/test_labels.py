"""What people say of a version: tags, notes, a pin, and where it belongs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.registry.published import LINE, metadata
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.registry import ModelManager


@pytest.fixture
def two(models: ModelManager, run: Path) -> ModelManager:
    """A line of two versions, the second of them the best."""
    for number, wape in enumerate((0.3, 0.1), start=1):
        models.publish(run, LINE, metadata(wape), publish_id=f"p{number}")
    return models


def test_labels_are_changed_and_the_version_itself_is_not(two: ModelManager) -> None:
    before = two.store.manifest(f"{LINE}/v1")
    item = two.label(f"{LINE}/v1", tags={"team": "east", "n": "1"}, notes="看促销", pinned=True)
    assert (item["tags"], item["notes"], item["pinned"]) == ({"team": "east", "n": "1"}, "看促销", True)
    item = two.label(f"{LINE}/v1", tag={"n": None, "kind": "A"})
    assert item["tags"] == {"team": "east", "kind": "A"}
    assert two.store.manifest(f"{LINE}/v1") == before
    assert [found["version"] for found in two.list_models(search="TEAM=east")["models"]] == ["v1"]
    assert [found["version"] for found in two.list_models(search="促销")["models"]] == ["v1"]


def test_a_version_can_be_moved_to_another_project(two: ModelManager) -> None:
    assert two.label(f"{LINE}/v1", project="north")["project"] == "north"
    assert [item["version"] for item in two.list_models(project="north")["models"]] == ["v1"]
    seen = ModelManager(two.store, sees=lambda project, owner: project == "default")
    assert [item["version"] for item in seen.list_models()["models"]] == ["v2"]
    with pytest.raises(NotFound):
        seen.open(f"{LINE}/v1", "model.pth")
    with pytest.raises(NotFound):
        seen.label(f"{LINE}/v1", notes="mine")


@pytest.mark.parametrize(
    "changes", [{"project": "North!"}, {"tags": {"a": "x" * 501}}, {"notes": 3}, {"archived": True}, {"pinned": "yes"}]
)
def test_labels_that_break_a_rule_are_refused(two: ModelManager, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        two.label(f"{LINE}/v1", **changes)
    assert two.store.record(f"{LINE}/v1", "labels.json") is None


def test_labels_that_cannot_be_read_hide_the_version_from_everybody_but_administrators(
    two: ModelManager, tmp_path: Path
) -> None:
    path = tmp_path / "saved_models" / LINE / "v1" / "labels.json"
    seen = ModelManager(two.store, sees=lambda project, owner: project in {"default", "north"})
    for broken in ("{", json.dumps({"project": ["north"]})):
        path.write_text(broken)
        assert [item["version"] for item in seen.list_models()["models"]] == ["v2"]
        assert len(two.list_models()["models"]) == 2
    path.write_text(json.dumps({"tags": [], "notes": {}, "pinned": "x"}))
    assert two.item(f"{LINE}/v1")["tags"] == {}
    assert len(seen.list_models()["models"]) == 2


def test_a_version_in_use_is_deleted_by_force_alone_and_with_a_reason(two: ModelManager) -> None:
    two.label(f"{LINE}/v1", pinned=True)
    counted = ModelManager(two.store, referring=lambda addresses: dict.fromkeys(addresses, 3))
    assert counted.kept_by(f"{LINE}/v1") == ["pinned", "forecast:3"]
    assert two.kept_by(f"{LINE}/v2") == ["best"]
    with pytest.raises(Conflict, match="pinned, used by 3 saved forecasts") as refused:
        counted.delete(f"{LINE}/v1")
    assert refused.value.details["reasons"] == ["pinned", "forecast:3"]
    for nothing in ("", "  "):
        with pytest.raises(InvalidInput, match="must have a reason"):
            two.delete(f"{LINE}/v1", nothing, force=True)
    two.delete(f"{LINE}/v1", "wrong data", force=True)
    with pytest.raises(NotFound, match="wrong data"):
        two.get(f"{LINE}/v1")


def test_a_version_that_nothing_keeps_is_deleted(two: ModelManager) -> None:
    assert two.kept_by(f"{LINE}/v1") == []
    two.delete(f"{LINE}/v1")
    assert [item["version"] for item in two.list_models()["models"]] == ["v2"]
