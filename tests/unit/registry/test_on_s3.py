"""The registry where the store is a bucket and not a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_servers import S3Server, moto
from tests.unit.registry.foreign import write_version
from tests.unit.registry.published import LINE, metadata
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all
from tidebook.registry.bundle import pack
from tidebook.registry.journal import since
from tidebook.store.objects import ObjectStore


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with moto() as started:
        yield started


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModelManager:
    """A registry over an empty bucket."""
    server.use(monkeypatch)
    return ModelManager(ObjectStore(f"s3://{server.new_bucket()}/models", tmp_path / "cache"))


def test_versions_are_published_named_labelled_and_deleted(bucket: ModelManager, run: Path, tmp_path: Path) -> None:
    for number, wape in enumerate((0.3, 0.1, 0.2), start=1):
        assert str(bucket.publish(run, LINE, metadata(wape), publish_id=f"p{number}")) == f"{LINE}/v{number}"
    bucket.set_alias(f"{LINE}/v1", "production", by="anna")
    bucket.label(f"{LINE}/v1", tags={"team": "east"})
    item = bucket.get(f"{LINE}@production")
    assert (item["version"], item["aliases"], item["tags"]) == ("v1", ["production"], {"team": "east"})
    assert bucket.open(f"{LINE}@production", "model.pth").is_file()
    assert [found["version"] for found in bucket.list_models(metric="wape <= 0.3", alias="production")["models"]] == [
        "v1"
    ]
    assert pack(bucket, bucket.version(f"{LINE}/v1"), tmp_path / "v1.zip") == 4
    bucket.delete(f"{LINE}/v1", "a test", force=True, by="anna")
    assert bucket.aliases(LINE)["aliases"] == {}
    with pytest.raises(NotFound, match="a test"):
        bucket.get(f"{LINE}/v1")
    assert str(bucket.import_file(tmp_path / "v1.zip")[0]) == f"{LINE}/v4"
    assert bucket.item(f"{LINE}/v4")["tags"] == {"team": "east"}
    assert bucket.get_next_version_number("product_P001_all_lstm") == 5
    assert bucket.rebuild_versions() == {"product_P001_all_lstm": 4}
    assert since(bucket.store, 0).addresses == {LINE, *(f"{LINE}/v{number}" for number in range(1, 5))}


def test_what_takes_a_folder_says_so(bucket: ModelManager, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Only a store in a folder has paths"):
        bucket.get_model_version_path("kan", 1, "product", "P001_all")
    with pytest.raises(InvalidInput, match="Only a store in a folder has paths"):
        bucket.save_model_artifact({}, "a.json", tmp_path)
    write_version(tmp_path / LINE / "v1")
    assert adopt_all(bucket.store).addresses == []
