"""Versions over HTTP: found, compared, labelled, named and deleted, each as far as the user may."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.registry.published import LINE, metadata
from tests.unit.server.conftest import Running
from tidebook.core.files import write_json
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.server.schemas.model import ModelComparison, ModelDetail, ModelLine, ModelPage, ModelVersion
from tidebook.store import LocalStore

OTHER = "product/P002_all/kan"


def put(settings: Settings, tmp_path: Path, line: str, **changes: Any) -> str:
    """A version with nothing but metadata, as if published."""
    store = LocalStore(settings.saved_models)
    number = store.claim(line, new_id("TRAI"))
    source = tmp_path / "metadata.json"
    write_json(source, metadata(**changes))
    prefix = f"{line}/v{number}"
    store.commit(prefix, store.fill(prefix, {"metadata.json": source}))
    return prefix


@pytest.fixture
def published(running: Running, settings: Settings, tmp_path: Path) -> ModelManager:
    """Three versions of a line, one of them Anna's in her project, and one of another line."""
    running.user("anna")
    running.services.projects.add("north", running.user("anna"))
    put(settings, tmp_path, LINE, wape=0.3, day=1)
    put(settings, tmp_path, LINE, wape=0.2, day=2, project="north", owner="anna")
    put(settings, tmp_path, LINE, wape=0.25, day=3, metrics={"wape": 0.05})
    put(settings, tmp_path, OTHER, wape=0.1, day=4)
    running.services.sync.versions()
    return ModelManager(settings)


def addresses(client: TestClient, **asked: Any) -> list[str]:
    """Of the versions on a page."""
    answer = client.get("/api/models", params=asked)
    assert answer.status_code == 200, answer.text
    page = ModelPage.model_validate(answer.json())
    assert page.pagination.total == len(page.models)
    return [item.address for item in page.models]


def test_a_list_is_filtered_by_metric_alias_and_archive(client: TestClient, published: ModelManager) -> None:
    assert addresses(client, metric="wape <= 0.1") == [f"{LINE}/v3"]
    assert addresses(client, metric="wape > 0.1", model_type="lstm") == [f"{LINE}/v2", f"{LINE}/v1"]
    assert client.put(f"/api/model-lines/{LINE}/aliases/production", json={"version": "v1"}).status_code == 200
    assert addresses(client, alias="production") == addresses(client, search="PRODUCTION") == [f"{LINE}/v1"]
    assert addresses(client, archived=True) == []
    assert len(addresses(client, archived=False)) == 4
    problem = client.get("/api/models", params={"metric": "__import__('os')"}).json()
    assert (problem["status"], problem["fix"]) == (422, "Write it like wape <= 0.1.")


def test_a_version_has_its_lineage_and_is_found_by_an_alias(client: TestClient, published: ModelManager) -> None:
    client.put(f"/api/model-lines/{LINE}/aliases/production", json={"version": "v3", "reason": "good"})
    detail = client.get(f"/api/models/{LINE}@production")
    found = ModelDetail.model_validate(detail.json())
    assert (found.version, found.aliases, found.lineage.run_name, found.lineage.run_exists) == (
        "v3",
        ["production"],
        "run_1",
        False,
    )
    assert client.get(f"/api/models/{LINE}@production/files/metadata.json").status_code == 200
    assert client.get(f"/api/models/{LINE}").status_code == 422


def test_two_versions_are_compared(client: TestClient, published: ModelManager) -> None:
    answer = client.get("/api/model-comparison", params={"a": f"{LINE}/v1", "b": f"{LINE}/v3"})
    compared = ModelComparison.model_validate(answer.json())
    assert [(row.name, row.better) for row in compared.metrics] == [("wape", "b")]
    assert client.get("/api/model-comparison", params={"a": f"{LINE}/v1", "b": f"{LINE}/v9"}).status_code == 404


def test_aliases_are_set_moved_and_removed_with_their_history(client: TestClient, published: ModelManager) -> None:
    path = f"/api/model-lines/{LINE}/aliases/production"
    client.put(path, json={"version": "v1", "reason": "first"})
    line = ModelLine.model_validate(client.put(path, json={"version": "v3", "reason": "better"}).json())
    assert [(each.alias, each.version, each.by, each.reason) for each in line.aliases] == [
        ("production", "v3", "admin", "better")
    ]
    assert [(event.previous, event.version) for event in line.history] == [(None, "v1"), ("v1", "v3")]
    assert [item.version for item in line.versions] == ["v1", "v2", "v3"]
    assert (line.best, line.latest, line.total) == ("v2", "v3", 3)
    removed = client.delete(path, params={"reason": "none"})
    assert removed.json()["aliases"] == []
    assert client.delete(path).status_code == 404
    assert client.put(f"/api/model-lines/{LINE}/aliases/best", json={"version": "v1"}).status_code == 422
    assert client.put(path, json={"version": "v9"}).status_code == 404
    assert client.get("/api/model-lines/product/P009_all/lstm").status_code == 404


def test_labels_are_changed_and_a_move_takes_the_right_to_write(
    running: Running, client: TestClient, published: ModelManager
) -> None:
    changed = client.patch(f"/api/models/{LINE}/v1", json={"tags": {"team": "east"}, "notes": "备注", "pinned": True})
    assert ModelVersion.model_validate(changed.json()).tags == {"team": "east"}
    assert addresses(client, search="team=east") == [f"{LINE}/v1"]
    anna, bo = running.login("anna"), running.login("bo")
    assert anna.patch(f"/api/models/{LINE}/v1", json={"notes": "mine"}).status_code == 403
    assert bo.patch(f"/api/models/{LINE}/v2", json={"notes": "mine"}).status_code == 404
    assert client.patch(f"/api/models/{LINE}/v1", json={"project": "nowhere"}).status_code == 404
    running.services.projects.add("east", running.user("bo"))
    assert anna.patch(f"/api/models/{LINE}/v2", json={"project": "east"}).status_code == 404
    assert anna.patch(f"/api/models/{LINE}/v2", json={"project": "default"}).json()["project"] == "default"
    assert f"{LINE}/v2" in addresses(bo)
    assert client.patch(f"/api/models/{LINE}/v1", json={"owner": "bo"}).status_code == 422


def test_a_version_in_use_is_deleted_by_force_and_with_a_reason_alone(
    client: TestClient, published: ModelManager, settings: Settings, running: Running
) -> None:
    refused = client.delete(f"/api/models/{LINE}/v2")
    assert (refused.status_code, refused.json()["details"]) == (409, {"reasons": ["best"]})
    client.put(f"/api/model-lines/{LINE}/aliases/production", json={"version": "v1"})
    client.patch(f"/api/models/{LINE}/v1", json={"pinned": True})
    refused = client.delete(f"/api/models/{LINE}/v1", params={"reason": "old"})
    assert refused.json()["details"]["reasons"] == ["alias:production", "pinned"]
    assert client.delete(f"/api/models/{LINE}/v1", params={"force": True}).status_code == 422
    assert client.delete(f"/api/models/{LINE}/v1", params={"force": True, "reason": "leaks"}).status_code == 204
    assert client.delete(f"/api/models/{LINE}/v3").status_code == 204
    assert addresses(client, model_type="lstm") == [f"{LINE}/v2"]
    assert client.get(f"/api/model-lines/{LINE}").json()["history"][-1]["reason"] == "leaks"


def test_nobody_learns_of_versions_that_they_do_not_see_nor_takes_names_from_them(
    running: Running, published: ModelManager
) -> None:
    anna, bo = running.login("anna"), running.login("bo")
    path = f"/api/model-lines/{LINE}/aliases/mine"
    assert anna.put(path, json={"version": "v2", "reason": "a secret"}).status_code == 200
    seen = bo.get(f"/api/model-lines/{LINE}")
    assert "v2" not in seen.text
    assert "secret" not in seen.text
    assert seen.json()["best"] == "v3"
    assert {item["address"]: item["is_best"] for item in bo.get("/api/models").json()["models"]} == {
        f"{LINE}/v1": False,
        f"{LINE}/v3": True,
        f"{OTHER}/v1": True,
    }
    assert bo.put(path, json={"version": "v2"}).status_code == 404
    assert bo.put(path, json={"version": "v1"}).status_code == 403
    assert bo.delete(path).status_code in {403, 404}
    assert anna.delete(path).status_code == 200
    assert bo.get("/api/model-comparison", params={"a": f"{LINE}/v1", "b": f"{LINE}/v2"}).status_code == 404


def test_what_another_process_says_of_a_version_is_in_the_lists_within_two_seconds(
    client: TestClient, published: ModelManager, settings: Settings
) -> None:
    other = ModelManager(settings)
    other.set_alias(f"{LINE}/v1", "production")
    other.label(f"{LINE}/v3", tags={"team": "east"})
    other.delete(f"{LINE}/v2", "a test", force=True)
    began = time.monotonic()
    while time.monotonic() - began < 2:
        if (
            addresses(client, alias="production") == [f"{LINE}/v1"]
            and addresses(client, search="team=east") == [f"{LINE}/v3"]
            and len(addresses(client)) == 3
        ):
            return
        time.sleep(0.05)
    raise AssertionError("the lists did not follow")
