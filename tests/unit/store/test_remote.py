"""Which filesystem a URL means, and what of it may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidebook.core.errors import InvalidInput
from tidebook.store import remote


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIDEBOOK_S3_ENDPOINT", "OSS_ENDPOINT", "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)


def test_a_folder_and_its_url_are_the_same_place(tmp_path: Path) -> None:
    for url in (str(tmp_path), f"file://{tmp_path}", f"file://localhost{tmp_path}"):
        files, path = remote.filesystem(url)
        files.pipe_file(f"{path}/a", b"content")
        assert (tmp_path / "a").read_bytes() == b"content"
        (tmp_path / "a").unlink()


def test_memory_is_a_place_for_tests() -> None:
    files, path = remote.filesystem("memory://test-remote/x")
    files.pipe_file(f"{path}/a", b"content")
    assert remote.filesystem("memory://test-remote/x")[0].cat_file(f"{path}/a") == b"content"


def test_the_environment_says_where_object_stores_are_and_with_which_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEBOOK_S3_ENDPOINT", "http://127.0.0.1:1234")
    files, path = remote.filesystem("s3://bucket/pre/fix/")
    assert (path, files.endpoint_url, files.key) == ("bucket/pre/fix", "http://127.0.0.1:1234", None)
    assert remote.filesystem("s3://other")[0] is files
    monkeypatch.setenv("TIDEBOOK_S3_ENDPOINT", "http://127.0.0.1:4321")
    assert remote.filesystem("s3://bucket")[0].endpoint_url == "http://127.0.0.1:4321"
    monkeypatch.delenv("TIDEBOOK_S3_ENDPOINT")
    monkeypatch.setenv("OSS_ENDPOINT", "https://s3.oss-cn-hangzhou.aliyuncs.com")
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "hidden")
    files, path = remote.filesystem("oss://bucket/x")
    assert (files.endpoint_url, files.key, files.secret) == ("https://s3.oss-cn-hangzhou.aliyuncs.com", "id", "hidden")
    assert files.config_kwargs["s3"] == {"addressing_style": "virtual"}
    assert remote.filesystem("s3://bucket")[0].key is None


@pytest.mark.parametrize("url", ["http://host/x", "ftp://user:hidden@host/x", "file://host/x", "gs://bucket"])
def test_other_urls_are_refused_without_their_secrets(url: str) -> None:
    with pytest.raises(InvalidInput, match="A place for files must be a folder or a file://, s3:// or oss:// URL") as e:
        remote.filesystem(url)
    assert "hidden" not in str(e.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://key:hidden@bucket/x", "s3://bucket/x"),
        ("https://host/x?token=hidden#hidden", "https://host/x"),
        ("/a/folder", "/a/folder"),
        ("oss://bucket/模型", "oss://bucket/模型"),
    ],
)
def test_what_is_shown_of_a_url_holds_no_secret(url: str, shown: str) -> None:
    assert remote.shown(url) == shown
