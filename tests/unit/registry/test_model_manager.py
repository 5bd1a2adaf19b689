from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.registry.published import LINE, metadata, root_of
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager


def test_the_path_is_the_authority_whatever_the_metadata_says(models: ModelManager, run: Path) -> None:
    lies = metadata(model_type="kan", training_mode="store", scope="S9_all", aggregation_method="sum", version="v9")
    address = models.publish(run, LINE, lies)
    stored = models.path(address) / "metadata.json"
    assert json.loads(stored.read_text())["model_type"] == "lstm"
    stored.write_text(json.dumps({**lies, "product_ids": ["P9"]}))
    item = models.get(address)
    facts = ("version", "model_type", "training_mode", "scope", "aggregation_method", "product_id", "store_id")
    assert [item[name] for name in facts] == ["v1", "lstm", "product", "P001_all", None, "P001", None]


def test_a_list_item_has_the_fields_that_users_know(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata())
    (item,) = models.list_models()["models"]
    size = item.pop("size_bytes")
    assert size == sum(entry["size"] for entry in models.get(f"{LINE}/v1")["files"]) > 0
    assert item == {
        "format_version": 1,
        "publish_id": "run_1",
        "project": "default",
        "owner": None,
        "address": f"{LINE}/v1",
        "identifier": "product_P001_all_lstm",
        "model_path": str(root_of(models) / LINE / "v1"),
        "version": "v1",
        "model_type": "lstm",
        "training_mode": "product",
        "scope": "P001_all",
        "aggregation_method": None,
        "product_id": "P001",
        "store_id": None,
        "product_ids": ["P001"],
        "store_ids": [],
        "timestamp": "2024-01-01T10:00:00.000+08:00",
        "description": "lstm · product · product P001 in all stores",
        "run_name": "run_1",
        "dataset": {"id": None, "path": "sales.parquet"},
        "metrics": {"wape": 0.25},
        "baseline": {"seasonal_naive_7": {"wape": 0.5}},
        "validation": {"wape": 0.2, "end": "2023-12-31"},
        "hyperparameters": {"epochs": 3},
        "is_best": True,
        "aliases": [],
        "tags": {},
        "notes": "",
        "pinned": False,
        "archived": None,
        "problem": None,
    }


def test_the_details_of_a_version_add_its_files_and_what_they_say(models: ModelManager, run: Path) -> None:
    detail = models.get(models.publish(run, LINE, metadata()))
    assert [entry["path"] for entry in detail["files"]] == [
        "config.json",
        "eval_results.json",
        "metadata.json",
        "model.pth",
    ]
    assert detail["history"] == [{"epoch": 1, "train_loss": 0.5, "val_loss": 0.4}]
    assert detail["config"]["hidden_size"] == 8
    assert detail["eval_results"]["mae"] == 1.5
    assert detail["metadata"]["series"] == [["P001", "S001"]]
    assert detail["is_best"]


def test_lists_are_paged_and_newest_first(models: ModelManager, run: Path) -> None:
    for day in (3, 1, 2):
        models.publish(run, LINE, metadata(day=day), publish_id=f"day{day}")
    everything = models.list_models()
    assert [item["timestamp"][8:10] for item in everything["models"]] == ["03", "02", "01"]
    assert everything["pagination"] == {"total": 3, "page": 1, "page_size": 3, "total_pages": 1}
    second = models.list_models(page=2, page_size=2)
    assert [item["version"] for item in second["models"]] == ["v2"]
    assert second["pagination"] == {"total": 3, "page": 2, "page_size": 2, "total_pages": 2}
    assert models.list_models(page=9, page_size=2)["models"] == []


def test_an_empty_registry_lists_nothing(models: ModelManager) -> None:
    pagination = {"total": 0, "page": 1, "page_size": 0, "total_pages": 1}
    assert models.list_models() == {"models": [], "pagination": pagination}
    assert models.best(LINE) is None
    assert models.latest(LINE) is None


@pytest.mark.parametrize(("page", "size"), [(0, 10), (1, 0), (1, 1001), (-1, None)])
def test_a_page_that_cannot_be_is_refused(models: ModelManager, page: int, size: int | None) -> None:
    with pytest.raises(InvalidInput, match=r"page must be at least 1 and page_size 1 to 1000, but got page"):
        models.list_models(page=page, page_size=size)


def test_lists_are_filtered_by_what_a_model_is(models: ModelManager, run: Path) -> None:
    everything = metadata(description="all of it", product_ids=[])
    for line in (LINE, "product/P002_all/lstm", "product/P001_all/kan"):
        models.publish(run, line, metadata())
    models.publish(run, "global/stores/S001/products/P9/sum/lstm", everything)

    def found(**wanted: Any) -> set[str]:
        return {item["address"] for item in models.list_models(**wanted)["models"]}

    assert found(mode="global") == {"global/stores/S001/products/P9/sum/lstm/v1"}
    assert found(model_type="kan") == {"product/P001_all/kan/v1"}
    assert found(scope="P001_all") == {f"{LINE}/v1", "product/P001_all/kan/v1"}
    assert found(scope="stores/S001/products/P9", aggregation="sum") == found(search="ALL OF") == found(mode="global")
    assert found(search="p002") == {"product/P002_all/lstm/v1"}
    assert found(search="nothing like it") == found(mode="store") == set()


def test_best_and_latest_are_derived_and_resolved(models: ModelManager, run: Path) -> None:
    for number, wape in enumerate((0.3, 0.1, 0.2), start=1):
        models.publish(run, LINE, metadata(wape), publish_id=f"p{number}")
    assert str(models.resolve(LINE)) == str(models.best(LINE)) == f"{LINE}/v2"
    assert str(models.resolve(LINE, "latest")) == str(models.latest(LINE)) == f"{LINE}/v3"
    assert str(models.resolve(LINE, "v1")) == str(models.resolve(f"{LINE}/v1")) == f"{LINE}/v1"
    assert [item["version"] for item in models.list_models()["models"] if item["is_best"]] == ["v2"]
    assert not models.get(f"{LINE}/v1")["is_best"]
    models.delete(f"{LINE}/v2", "a test", force=True)
    assert str(models.resolve(LINE)) == f"{LINE}/v3"


def test_what_does_not_exist_is_not_found_and_what_does_is_named(models: ModelManager, run: Path) -> None:
    for n in range(3):
        models.publish(run, LINE, metadata(), publish_id=f"p{n}")
    models.delete(f"{LINE}/v2", reason="too old", force=True)
    with pytest.raises(NotFound, match=r"v9, which does not exist\. product/P001_all/lstm has v3, v1\."):
        models.resolve(LINE, "v9")
    with pytest.raises(NotFound, match=r"v2, which was deleted at .* \(too old\)\. product/P001_all/lstm has v3, v1\."):
        models.get(f"{LINE}/v2")
    with pytest.raises(NotFound, match=r"no version of product/P01_all/lstm\. Did you mean product/P001_all/lstm\?"):
        models.resolve("product/P01_all/lstm")
    with pytest.raises(NotFound, match="or an alias, but got 'newest'. product/P001_all/lstm has v3, v1"):
        models.resolve(LINE, "newest")
    with pytest.raises(InvalidInput, match="The address of a version must end in /v"):
        models.path(LINE)


@pytest.mark.parametrize(
    "address", ["../../etc/v1", "product/../x/lstm/v1", "product/a\x00/lstm/v1", "product//lstm/v1", "x"]
)
def test_an_address_cannot_leave_the_store(models: ModelManager, address: str) -> None:
    uses: list[Callable[[str], object]] = [models.get, models.path, models.delete, models.resolve]
    for use in uses:
        with pytest.raises(InvalidInput):
            use(address)


def test_a_version_deleted_while_it_is_read_is_clearly_gone(
    models: ModelManager, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = models.publish(run, LINE, metadata())
    real = models.store.open

    def deleted_first(prefix: str, path: str) -> Path:
        ModelManager(root_of(models)).delete(address, "meanwhile", force=True)
        return real(prefix, path)

    monkeypatch.setattr(models.store, "open", deleted_first)
    with pytest.raises(NotFound, match=r"lstm/v1, which was deleted at .* \(meanwhile\)"):
        models.get(address)


def test_a_deleted_number_is_not_used_again_even_where_its_folder_is_gone(models: ModelManager, run: Path) -> None:
    for n in range(2):
        models.publish(run, LINE, metadata(), publish_id=f"p{n}")
    models.delete(f"{LINE}/v2", "a test", force=True)
    identifier = models.get_model_identifier("lstm", "product", "P001_all")
    assert models.get_next_version_number(identifier) == 3
    shutil.rmtree(root_of(models) / "product")
    assert models.get_next_version_number(identifier) == 3
    assert str(models.publish(run, LINE, metadata(), publish_id="again")) == f"{LINE}/v3"


def test_versions_json_is_derived_and_can_be_made_again(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata(), publish_id="p1")
    models.publish(run, LINE, metadata(), publish_id="p2")
    models.publish(run, "global/all/sum/lstm", metadata())
    models.delete("global/all/sum/lstm/v1", "a test", force=True)
    path = root_of(models) / "versions.json"
    expected = {"global_all_sum_lstm": 1, "product_P001_all_lstm": 2}
    assert json.loads(path.read_text()) == expected
    for spoil in (path.unlink, lambda: path.write_text("{"), lambda: path.write_text("[1]")):
        spoil()
        assert models.rebuild_versions() == json.loads(path.read_text()) == expected


def test_names_are_made_as_users_know_them(models: ModelManager) -> None:
    root = root_of(models)
    assert models.get_model_identifier("kan", "global", "all", "sum") == "global_all_sum_kan"
    assert models.get_next_version_number("product_P7_all_kan") == 1
    path = models.get_model_version_path("kan", 3, "global", "stores/S001_S002", "mean")
    assert path == root / "global/stores/S001_S002/mean/kan/v3"
    assert models.get_model_version_path("kan", 1, "store", "S001_all") == root / "store/S001_all/kan/v1"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("kan", "shop", "all"), "training_mode must be one of product, store, global"),
        (("kan", "product", ""), "Product mode needs a scope"),
        (("kan", "global", "all"), "In global mode aggregation_method must be one of"),
    ],
)
def test_names_that_cannot_be_are_value_errors(models: ModelManager, names: tuple[str, str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        models.get_model_identifier(*names)
    assert isinstance(caught.value, InvalidInput)


def test_foreign_and_broken_folders_do_not_disturb_the_list(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata())
    root = root_of(models)
    shutil.copytree(root / LINE / "v1", root / LINE / "v2")
    (root / LINE / "v2" / "metadata.json").write_text("{broken")
    shutil.copytree(root / LINE / "v1", root / LINE / "v3")
    (root / LINE / "v3" / "metadata.json").unlink()
    shutil.copytree(root / LINE / "v1", root / "files" / "other" / "v1")
    shutil.copytree(root / LINE / "v1", root / "product" / "too" / "many" / "parts" / "v1")
    (root / "product" / "P002_all" / "kan" / "v1").mkdir(parents=True)
    (root / "product" / "P002_all" / "kan" / "v1" / "metadata.json").write_text("{}")
    items = models.list_models()["models"]
    assert {item["address"] for item in items} == {f"{LINE}/v{n}" for n in (1, 2, 3)}
    assert [item["version"] for item in items if item["is_best"]] == ["v1"]
    assert models.get(f"{LINE}/v3")["metadata"] == {}


def test_the_registry_lives_where_the_settings_say(settings: Settings, run: Path) -> None:
    ModelManager(settings).publish(run, LINE, metadata())
    assert (settings.saved_models / LINE / "v1" / "manifest.json").is_file()


def test_an_index_that_is_given_answers_the_lists(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    class Catalog:
        def versions(self, **wanted: Any) -> tuple[list[dict[str, Any]], int]:
            asked.append(wanted)
            return [{"address": "from the catalog"}], 41

    listed = ModelManager(tmp_path, index=Catalog()).list_models(page=3, page_size=20, mode="store")
    assert listed["models"] == [{"address": "from the catalog"}]
    assert listed["pagination"] == {"total": 41, "page": 3, "page_size": 20, "total_pages": 3}
    assert (asked[0]["mode"], asked[0]["offset"], asked[0]["limit"]) == ("store", 40, 20)


def test_the_registry_needs_no_torch_to_be_listed(tmp_path: Path) -> None:
    code = "import sys; from tidebook.registry import *; ModelManager(sys.argv[1]).list_models(); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert not {"torch", "polars", "pydantic", "fastapi"} & set(shown.stdout.split())


def test_an_address_of_one_version_does_not_come_with_another(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="product/P1_all/lstm/v3 and version v1"):
        ModelManager(tmp_path).resolve("product/P1_all/lstm/v3", "v1")


def test_versions_that_somebody_does_not_see_are_not_there_and_told_like_those_that_never_were(
    models: ModelManager, run: Path
) -> None:
    models.publish(run, LINE, metadata(0.3))
    models.publish(run, LINE, metadata(0.1, project="north", owner="anna"), publish_id="two")
    models.publish(run, LINE, metadata(0.2), publish_id="three")
    models.delete(f"{LINE}/v3", "a reason that tells something", force=True)
    seen = ModelManager(root_of(models), sees=lambda project, owner: project != "north" or owner == "bo")
    assert [item["version"] for item in seen.list_models()["models"]] == ["v1"]
    assert str(seen.resolve(LINE)) == str(seen.resolve(LINE, "latest")) == f"{LINE}/v1"
    said = set()
    for version in (2, 3, 9):
        for look in (seen.get, seen.item, seen.path, lambda address: seen.open(address, "metadata.json")):
            with pytest.raises(NotFound) as refused:
                look(f"{LINE}/v{version}")
            said.add(str(refused.value).replace(f"v{version}", "vN"))
    assert said == {f"The version must exist, but got {LINE}/vN, which does not exist. {LINE} has v1."}
    nothing = ModelManager(root_of(models), sees=lambda project, owner: False)
    with pytest.raises(NotFound, match="There is none yet"):
        nothing.resolve(LINE)
