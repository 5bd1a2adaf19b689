"""Filesystems behind URLs: a folder, an object store."""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tidebook.core.errors import InvalidInput, StorageFailure
from tidebook.core.masking import masked

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

OBJECT_STORES = frozenset({"s3", "oss"})
ATTEMPTS = 3  #: of a request that was not answered
CONNECT_SECONDS = 5
READ_SECONDS = 60


def filesystem(url: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem and the path that a folder or a file://, s3://, oss:// or memory:// URL means.

    Credentials and address come from the environment: AWS_ACCESS_KEY_ID and the other AWS_ variables, for oss:// also
    OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET; TIDEBOOK_S3_ENDPOINT is the address of a store that is not Amazon's.
    InvalidInput for another URL, StorageFailure where the package for it is missing.
    """
    from fsspec.implementations.local import LocalFileSystem
    from fsspec.implementations.memory import MemoryFileSystem

    kind, parts = scheme(url), urlsplit(url)
    if kind == "":
        return LocalFileSystem(), str(Path(url).expanduser().absolute())
    if kind == "file" and parts.netloc in {"", "localhost"}:
        return LocalFileSystem(), unquote(parts.path)
    if kind == "memory":
        return MemoryFileSystem(), f"/{parts.netloc}{parts.path}".rstrip("/")
    if kind not in OBJECT_STORES:
        raise InvalidInput(
            "A place for files must be a folder or a file://, s3:// or oss:// URL",
            got=shown(url),
            fix="Give the path of a folder, or s3://bucket/prefix.",
        )
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidInput(
            f"The URL of an object store must be {kind}://bucket/prefix and nothing else",
            got=shown(url),
            fix="Give credentials and the address in the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
            "TIDEBOOK_S3_ENDPOINT.",
        )
    return _s3(kind, surroundings()), f"{parts.netloc}{parts.path}".rstrip("/")


def scheme(where: str) -> str:
    """What stands before :// in lower case; "" for a path."""
    return where.partition("://")[0].lower() if "://" in where else ""


def shown(url: str) -> str:
    """The URL as it may be shown and logged: without user, password, query and fragment."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return masked(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def surroundings() -> tuple[tuple[str, str], ...]:
    """What decides how object stores are reached, and this process, for caches to tell apart."""
    names = [name for name in os.environ if name.startswith(("AWS_", "OSS_")) or name == "TIDEBOOK_S3_ENDPOINT"]
    return ("", str(os.getpid())), *((name, os.environ[name]) for name in sorted(names))


@lru_cache(maxsize=8)  # A client keeps its connections, and is made anew where the environment says something else.
def _s3(kind: str, environment: tuple[tuple[str, str], ...]) -> AbstractFileSystem:
    try:
        from s3fs import S3FileSystem
    except ImportError as error:
        raise StorageFailure(
            "Object stores need the package s3fs", got="it is not installed", fix='Install "tidebook[s3]".'
        ) from error

    values = dict(environment)
    endpoint = values.get("TIDEBOOK_S3_ENDPOINT") or (values.get("OSS_ENDPOINT") if kind == "oss" else None)
    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": ATTEMPTS},
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "max_pool_connections": 64,
        # Other stores than Amazon's know no checksums in trailers; what is sent has an MD5 of its own.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    keys: dict[str, Any] = {}
    if kind == "oss":
        keys = {"key": values.get("OSS_ACCESS_KEY_ID"), "secret": values.get("OSS_ACCESS_KEY_SECRET")}
        if endpoint and not _is_address(urlsplit(endpoint).hostname or ""):
            options["s3"] = {"addressing_style": "virtual"}
    return S3FileSystem(
        **keys, endpoint_url=endpoint, config_kwargs=options, use_listings_cache=False, skip_instance_cache=True
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
