"""A version as lists show it. What the path says holds, whatever the metadata says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import read_json
from tidebook.core.scope import Address
from tidebook.records.belonging import belonging

HEAVY = frozenset({"categories", "history", "series", "table"})  #: metadata that only the details of one version show


def address_of(prefix: str) -> Address | None:
    """The version that the tree at `prefix` is; None for a tree that is no version of a forecasting model."""
    try:
        address = Address.parse(prefix)
    except InvalidInput:
        return None
    return address if address.version is not None and str(address) == prefix else None


def read_item(store: Store, address: Address) -> dict[str, Any]:
    """The list item of a version, `is_best` still False; NotFound where it is deleted, incomplete or absent.

    It has all metadata but the heavy parts, and what follows from the path and the manifest.
    """
    prefix = str(address)
    manifest = store.manifest(prefix)
    metadata = read_object(store, address, "metadata.json")
    return make_item(address, manifest, metadata, store.location(prefix))


def make_item(
    address: Address, manifest: Mapping[str, Any], metadata: Mapping[str, Any], folder: str
) -> dict[str, Any]:
    """The list item of a version from its manifest, its metadata and the folder it lies in."""
    products, stores = _ids(metadata, "product_ids"), _ids(metadata, "store_ids")
    own = _own_id(address.scope)
    return {
        **{name: value for name, value in metadata.items() if name not in HEAVY},
        "address": str(address),
        "identifier": address.identifier,
        "model_path": folder,
        "version": f"v{address.version}",
        "model_type": address.model_type,
        "training_mode": address.mode,
        "scope": address.scope,
        "aggregation_method": address.aggregation,
        "product_id": _chosen(products, own) if address.mode == "product" else None,
        "store_id": _chosen(stores, own) if address.mode == "store" else None,
        "product_ids": products,
        "store_ids": stores,
        "timestamp": metadata.get("timestamp") or manifest.get("created_at"),
        "description": metadata.get("description") or str(address),
        "run_name": metadata.get("run_name"),
        "dataset": metadata.get("dataset"),
        "metrics": _object(metadata, "metrics"),
        "baseline": _object(metadata, "baseline"),
        "validation": metadata.get("validation"),
        **asdict(belonging(metadata)),
        "is_best": False,
        "size_bytes": sum(int(entry["size"]) for entry in manifest["files"]),
    }


def read_object(store: Store, address: Address, path: str) -> dict[str, Any]:
    """The JSON object in a file of a version; {} where the version has no such file or it is not an object."""
    try:
        value = read_json(store.open(str(address), path))
    except NotFound:
        store.manifest(str(address))  # A version that was deleted meanwhile is an error; a missing file is not.
        return {}
    return value if isinstance(value, dict) else {}


def moment(item: Mapping[str, Any]) -> datetime:
    """When a version was made, for sorting; the distant past where its metadata do not say."""
    try:
        parsed = datetime.fromisoformat(str(item["timestamp"]))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return parsed if parsed.tzinfo else parsed.astimezone()


def _own_id(scope: str) -> str | None:
    """`P001` of `P001_all` and `P001_specific_S001_S002`; None where the segment was cut and digested."""
    match = re.fullmatch(r"(.+?)(?:_specific_.+|_all)", scope)
    return match[1] if match and "~" not in scope else None


def _chosen(ids: list[str], own: str | None) -> str | None:
    """The id that the path names; where the path holds but a digest of it, the one in the metadata."""
    return own if own is not None or len(ids) != 1 else ids[0]


def _ids(metadata: Mapping[str, Any], name: str) -> list[str]:
    ids = metadata.get(name)
    return [str(value) for value in ids] if isinstance(ids, list) else []


def _object(metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = metadata.get(name)
    return value if isinstance(value, dict) else {}
