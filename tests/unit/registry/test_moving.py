"""Versions as files: exported, imported, and flat files of other programs."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.registry.foreign import trapped
from tests.unit.registry.published import LINE, metadata, root_of
from tidebook.core.errors import DataFault, InvalidInput, NotFound, TidebookError, TooLarge
from tidebook.registry import ModelManager
from tidebook.registry.bundle import MARK, check_target, pack, unpack
from tidebook.registry.flat import address_of
from tidebook.registry.weights import UNTOLD
from tidebook.store import verify


@pytest.fixture
def bundle(models: ModelManager, run: Path, tmp_path: Path) -> Path:
    """A version with labels as one file."""
    for number in range(3):
        models.publish(run, LINE, metadata(0.1 * (number + 1)), publish_id=f"p{number}")
    models.label(f"{LINE}/v3", tags={"team": "east"}, notes="备注", project="north", owner="anna", pinned=True)
    target = tmp_path / "v3.zip"
    assert pack(models, models.version(f"{LINE}/v3"), target) == 4
    return target


@pytest.fixture
def other(tmp_path: Path) -> ModelManager:
    """An empty registry elsewhere."""
    return ModelManager(tmp_path / "other")


def test_a_version_is_carried_to_another_home_whole_and_once(
    models: ModelManager, other: ModelManager, bundle: Path
) -> None:
    address, is_new = other.import_file(bundle)
    assert (str(address), is_new) == (f"{LINE}/v3", True)
    assert other.import_file(bundle) == (address, False)
    assert verify(other.store, str(address)) == []
    here, there = models.get(f"{LINE}/v3"), other.get(address)
    digests = [{entry["path"]: entry["digest"] for entry in detail["files"]} for detail in (here, there)]
    assert digests[0] == digests[1]
    assert (there["tags"], there["notes"], there["problem"]) == ({"team": "east"}, "备注", None)
    assert (there["project"], there["owner"], there["pinned"]) == ("default", None, False)
    assert other.get_next_version_number("product_P001_all_lstm") == 4
    assert [item["address"] for item in other.list_models()["models"]] == [f"{LINE}/v3"]


def test_an_imported_version_gets_the_next_number_where_its_own_was_given(
    models: ModelManager, other: ModelManager, bundle: Path, run: Path
) -> None:
    for number in range(4):
        other.publish(run, LINE, metadata(), publish_id=f"p{number}")
    other.delete(f"{LINE}/v4", "a test", force=True)
    assert str(other.import_file(bundle)[0]) == f"{LINE}/v5"
    assert models.import_file(bundle) == (models.version(f"{LINE}/v3"), False)


def rewritten(source: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its members changed."""
    with zipfile.ZipFile(source) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    change(members)
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def marked(members: dict[str, bytes], **changes: object) -> None:
    """Changes what the archive says of itself."""
    members[MARK] = json.dumps({**json.loads(members[MARK]), **changes}).encode()


def first_file(members: dict[str, bytes], **changes: object) -> None:
    """Changes what it says of its first file."""
    files = json.loads(members[MARK])["files"]
    marked(members, files=[{**files[0], **changes}, *files[1:]])


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members.pop(MARK),
        lambda members: members.update({MARK: b"{"}),
        lambda members: members.update({MARK: b"[]"}),
        lambda members: members.update({"files/model.pth": members["files/model.pth"] + b"x"}),
        lambda members: members.update({"files/model.pth": b"x" * len(members["files/model.pth"])}),
        lambda members: members.pop("files/model.pth"),
        lambda members: members.update({"files/more": b""}),
        lambda members: members.update({"../more": b""}),
        lambda members: marked(members, format_version=2),
        lambda members: marked(members, address="product/P001_all/lstm"),
        lambda members: marked(members, address="../../etc/v1"),
        lambda members: marked(members, files=[]),
        lambda members: marked(members, files={}),
        lambda members: marked(members, files=[3]),
        lambda members: marked(members, labels={"tags": {"a": "x" * 1000}}),
        lambda members: first_file(members, path="../../outside"),
        lambda members: first_file(members, path="/etc/passwd"),
        lambda members: first_file(members, path="a\x00b"),
        lambda members: first_file(members, size=-1),
        lambda members: first_file(members, size=2**60),
        lambda members: first_file(members, digest="blake3:00"),
    ],
)
def test_an_archive_that_is_not_as_it_should_be_leaves_nothing(
    other: ModelManager, bundle: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    with pytest.raises(TidebookError) as refused:
        other.import_file(rewritten(bundle, change))
    assert isinstance(refused.value, DataFault | InvalidInput | TooLarge)
    assert other.list_models()["models"] == []
    assert not (tmp_path / "other" / "product").exists()
    assert not (tmp_path / "outside").exists()


def test_a_bomb_is_refused_before_it_unpacks(other: ModelManager, bundle: Path) -> None:
    with pytest.raises(TooLarge, match="at most"):
        unpack(other.store, bundle, max_bytes=100)


def test_an_archive_with_a_byte_turned_over_adds_the_version_as_it_was_or_nothing(
    other: ModelManager, bundle: Path, tmp_path: Path
) -> None:
    content, damaged = bundle.read_bytes(), tmp_path / "damaged.zip"
    end = len(content) - 22  # of the record that says where everything is
    for place in [*range(0, end, end // 20), *range(end, len(content))]:
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            address, _ = other.import_file(damaged)
        except (DataFault, InvalidInput):
            pass
        else:  # A byte that nothing depends on.
            assert verify(other.store, str(address)) == []


def test_a_file_that_is_cut_or_no_archive_is_told(other: ModelManager, bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 5):
        (tmp_path / "cut.zip").write_bytes(content[:length])
        with pytest.raises(DataFault, match="must be an archive of a version"):
            other.import_file(tmp_path / "cut.zip")
    with pytest.raises(NotFound):
        other.import_file(tmp_path / "absent.zip")
    with pytest.raises(InvalidInput, match=r"must end in \.zip"):
        check_target(tmp_path / "model.tar")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("kan_product_P001_v1.pth", "product/P001_all/kan/v1"),
        ("lstm_store_S001_all_v12.pth", "store/S001_all/lstm/v12"),
        ("optimized_kan_product_P001_specific_S001_S002_v3.pth", "product/P001_specific_S001_S002/optimized_kan/v3"),
        ("tcn_global_all_sum_v2.pth", "global/all/sum/tcn/v2"),
        ("tcn_global_sum_v2.pth", "global/all/sum/tcn/v2"),
        ("kan_product_中药_01_v1.pth", "product/中药_01_all/kan/v1"),
    ],
)
def test_flat_names_are_read(name: str, address: str) -> None:
    assert str(address_of(name)) == address


@pytest.mark.parametrize(
    "name", ["kan.pth", "kan_product_P001.pth", "kan_product_P001_v0.pth", "kan_global_all_v1.pth", "x_shop_1_v1.pth"]
)
def test_a_flat_name_that_says_too_little_is_refused(other: ModelManager, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InvalidInput, match="kan_product_P001_v1.pth"):
        other.import_file(tmp_path / name)


def test_a_flat_file_becomes_a_version_that_says_what_is_wrong_with_it(
    models: ModelManager, other: ModelManager, run: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    (tmp_path / "kan_product_P001_v2.pth").write_bytes(trapped(witness))
    address, is_new = other.import_file(tmp_path / "kan_product_P001_v2.pth")
    assert (str(address), is_new) == ("product/P001_all/kan/v2", True)
    assert other.import_file(tmp_path / "kan_product_P001_v2.pth") == (address, False)
    item = other.item(address)
    assert "is a pickle" in item["problem"]
    assert (item["product_id"], item["product_ids"], item["imported_from"]) == (
        "P001",
        ["P001"],
        "kan_product_P001_v2.pth",
    )
    assert not witness.exists()
    good = models.open(models.publish(run, LINE, metadata()), "model.pth")
    shutil.copy(good, tmp_path / "lstm_product_P001_v1.pth")
    address, _ = other.import_file(tmp_path / "lstm_product_P001_v1.pth")
    assert other.item(address)["problem"] == UNTOLD
    assert other.best(address) is None


def test_a_version_that_nothing_can_be_forecast_with_stays_so_when_it_is_carried(
    models: ModelManager, other: ModelManager, run: Path, tmp_path: Path
) -> None:
    shutil.copy(models.open(models.publish(run, LINE, metadata()), "model.pth"), tmp_path / "lstm_product_P001_v1.pth")
    address, _ = models.import_file(tmp_path / "lstm_product_P001_v1.pth")
    pack(models, address, tmp_path / "carried.zip")
    assert other.item(other.import_file(tmp_path / "carried.zip")[0])["problem"] == UNTOLD


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x" * path.stat().st_size), Path.unlink])
def test_a_damaged_version_is_not_exported(
    models: ModelManager, run: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    address = models.publish(run, LINE, metadata())
    damage(root_of(models) / str(address) / "model.pth")
    with pytest.raises(DataFault, match=r"model\.pth of .*lstm/v1.*Look at it with `tidebook fsck`"):
        pack(models, address, tmp_path / "v1.zip")
    assert not (tmp_path / "v1.zip").exists()


def test_a_version_that_is_here_with_the_same_files_is_not_added_again(
    models: ModelManager, bundle: Path, run: Path
) -> None:
    before = [item["address"] for item in models.list_models()["models"]]
    assert models.import_file(bundle) == (models.version(f"{LINE}/v3"), False)
    assert [item["address"] for item in models.list_models()["models"]] == before
    models.delete(f"{LINE}/v3", "a test", force=True)
    assert models.import_file(bundle) == (models.version(f"{LINE}/v4"), True)


def test_a_flat_file_that_is_no_model_is_refused(models: ModelManager, tmp_path: Path) -> None:
    for content in (b"", b"x", b"PK\x03\x04 cut"):
        (tmp_path / "kan_product_P001_v1.pth").write_bytes(content)
        with pytest.raises(DataFault, match="must hold the weights of a model"):
            models.import_file(tmp_path / "kan_product_P001_v1.pth")
    assert models.list_models()["models"] == []
