"""What jobs and workers get of the environment: what they need, and no secret."""

from __future__ import annotations

import pytest

from tidebook.core.environment import is_local, job_environment
from tidebook.core.settings import Settings

SECRETS = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "OSS_ACCESS_KEY_SECRET",
    "TIDEBOOK_S3_ENDPOINT", "TIDEBOOK_TOKEN", "TIDEBOOK_DATABASE_URL", "TIDEBOOK_ARCHIVE", "GOOGLE_API_KEY",
    "AZURE_STORAGE_KEY", "DATABASE_URL", "SECRET_KEY", "HTTP_PROXY", "https_proxy",
)  # fmt: skip


def test_no_secret_is_handed_on_whatever_it_is_called() -> None:
    around = dict.fromkeys(SECRETS, "a-secret") | {"PATH": "/bin", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
    given = job_environment(Settings(store="s3://bucket/models", token="a-secret"), 1, around)
    assert "a-secret" not in str(given)
    assert (given["PATH"], given["OMP_NUM_THREADS"], given["LC_ALL"]) == ("/bin", "1", "C.UTF-8")


@pytest.mark.parametrize("store", ["s3://bucket/models", "oss://bucket", "https://tide.example", "memory://x"])
def test_a_store_that_is_no_folder_is_not_handed_on(store: str) -> None:
    assert not is_local(store)
    assert "TIDEBOOK_STORE" not in job_environment(Settings(store=store), 1, {})


@pytest.mark.parametrize("store", ["models", "/srv/models", "file:///srv/models"])
def test_a_store_in_a_folder_is(store: str) -> None:
    assert is_local(store)
    assert job_environment(Settings(store=store), 1, {})["TIDEBOOK_STORE"] == store
