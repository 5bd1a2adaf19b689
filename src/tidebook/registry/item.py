"""A version as lists show it. What the path says holds, whatever the metadata says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from tidebook.abc import Store
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.core.files import MAX_RECORD_BYTES, read_json
from tidebook.core.scope import Address
from tidebook.records.belonging import Belonging, belonging
from tidebook.registry import aliases, labels

ARCHIVED = "archived.json"  #: beside a version whose files are in the archive
ADOPTED = ".adopted.json"  #: beside a version that another program wrote: when it was taken in, and what is wrong
FOREIGN = "import "  #: begins the name of who claimed a version that came as files from elsewhere
MOST = 2**53  #: bytes that a version stays below
HEAVY = frozenset(
    {"categories", "code", "history", "series", "table"}
)  #: metadata that only the details of one version show


def address_of(prefix: str) -> Address | None:
    """The version that the tree at `prefix` is; None for a tree that is no version of a forecasting model."""
    try:
        address = Address.parse(prefix)
    except InvalidInput:
        return None
    return address if address.version is not None and str(address) == prefix else None


@dataclass(frozen=True)
class Beside:
    """What stands beside the files of a version and may change."""

    labels: Mapping[str, Any]  #: see `registry.labels`
    aliases: Sequence[str] = ()
    archived: Mapping[str, Any] | None = None  #: url, archived_at and bytes, while its files are in the archive
    problem: str | None = None  #: why its model cannot be loaded
    is_foreign: bool = False  #: whether it was not published here, so that its metadata may be of another address

    def belonging(self, metadata: Mapping[str, Any]) -> Belonging:
        """Whose the version is: as its labels say, else its metadata."""
        return belonging(
            {**metadata, **{name: self.labels[name] for name in ("project", "owner") if name in self.labels}}
        )


def read_item(store: Store, address: Address, named: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The list item of a version, `is_best` still False; NotFound where it is deleted, incomplete or absent.

    It has all metadata but the heavy parts, and what follows from the path, the manifest and what stands beside.
    `named` are the aliases of the line's versions, where they are known already.
    """
    prefix = str(address)
    manifest = store.manifest(prefix)
    metadata = read_object(store, address, "metadata.json")
    return make_item(address, manifest, metadata, store.location(prefix), beside(store, address, manifest, named))


def beside(
    store: Store, address: Address, manifest: Mapping[str, Any], named: Mapping[str, Sequence[str]] | None = None
) -> Beside:
    """What stands beside the files of a version."""
    prefix = str(address)
    known = aliases.by_version(aliases.read(store, address.folder)) if named is None else named
    return Beside(
        labels=labels.read(store, prefix),
        aliases=known.get(f"v{address.version}", ()),
        archived=_archived(store, prefix),
        problem=_problem(store, prefix) if _is_foreign(manifest) else None,
        is_foreign=_is_foreign(manifest),
    )


def make_item(
    address: Address, manifest: Mapping[str, Any], metadata: Mapping[str, Any], folder: str, beside: Beside
) -> dict[str, Any]:
    """The list item of a version from its manifest, its metadata, the folder it lies in and what stands beside."""
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
        "timestamp": _text(metadata, "timestamp") or _text(manifest, "created_at"),
        "description": _text(metadata, "description") or str(address),
        "run_name": _text(metadata, "run_name"),
        "dataset": _object(metadata, "dataset") or None,
        "metrics": _object(metadata, "metrics"),
        "baseline": _object(metadata, "baseline"),
        "validation": _object(metadata, "validation") or None,
        **asdict(beside.belonging(metadata)),
        "is_best": False,
        "aliases": list(beside.aliases),
        "tags": beside.labels["tags"],
        "notes": beside.labels["notes"],
        "pinned": beside.labels["pinned"],
        "archived": dict(beside.archived) if beside.archived else None,
        "problem": beside.problem or (None if beside.is_foreign else copy_of(address, metadata)),
        "size_bytes": _size(address, manifest),
    }


def read_object(store: Store, address: Address, path: str) -> dict[str, Any]:
    """The JSON object in a file of a version; {} where it has no such file, or one too large, too deep or no object."""
    try:
        file = store.open(str(address), path)
        value = read_json(file) if file.stat().st_size <= MAX_RECORD_BYTES else None
    except NotFound:
        store.manifest(str(address))  # A version that was deleted meanwhile is an error; a missing file is not.
        return {}
    return value if isinstance(value, dict) and _is_flat(value) else {}


def copy_of(address: Address, metadata: Mapping[str, Any]) -> str | None:
    """Which other version a folder at `address` is a copy of, as a sentence; None where it is its own.

    What publishing writes into metadata.json says where a version was made. What others write says nothing.
    """
    if not _text(metadata, "publish_id"):
        return None
    parts = (metadata.get(name) for name in ("training_mode", "scope", "aggregation_method", "model_type", "version"))
    named = "/".join(part for part in parts if isinstance(part, str))
    own = address_of(named)
    return None if own is None or own == address else f"It is a copy of {own}."


def moment(item: Mapping[str, Any]) -> datetime:
    """When a version was made, for sorting; the distant past where its metadata do not say."""
    try:
        parsed = datetime.fromisoformat(str(item["timestamp"]))
        return parsed if parsed.tzinfo else parsed.astimezone()
    except (ValueError, OverflowError):  # none, or one before there were zones
        return datetime.min.replace(tzinfo=UTC)


def _own_id(scope: str) -> str | None:
    """`P001` of `P001_all` and `P001_specific_S001_S002`; None where the segment was cut and digested."""
    match = re.fullmatch(r"(.+?)(?:_specific_.+|_all)", scope)
    return match[1] if match and "~" not in scope else None


def _chosen(ids: list[str], own: str | None) -> str | None:
    """The id that the path names; where the path holds but a digest of it, the one in the metadata."""
    return own if own is not None or len(ids) != 1 else ids[0]


def _is_flat(value: dict[str, Any]) -> bool:
    """Whether JSON can be made of it again: what is read may be nested deeper than what is written."""
    try:
        orjson.dumps([[[[value]]]])  # as an answer holds it
    except TypeError:
        return False
    return True


def _archived(store: Store, prefix: str) -> dict[str, Any] | None:
    try:
        record = store.record(prefix, ARCHIVED)
    except NotFound:
        return None
    names = ("url", "archived_at", "bytes")
    return None if record is None else {name: record.get(name) for name in names}


def _is_foreign(manifest: Mapping[str, Any]) -> bool:
    """Whether a version was not published from a run."""
    owner = manifest.get("owner")
    return not isinstance(owner, str) or not owner or owner.rpartition(":")[2].startswith(FOREIGN)


def _problem(store: Store, prefix: str) -> str | None:
    """What adoption found wrong with the model of a version that was not published."""
    try:
        found = (store.record(prefix, ADOPTED) or {}).get("problem")
    except NotFound:
        return None
    return found if isinstance(found, str) else None


def _size(address: Address, manifest: Mapping[str, Any]) -> int:
    """Bytes of all files; DataFault where a manifest says what no disk holds."""
    sizes = [entry["size"] for entry in manifest["files"]]
    if any(isinstance(size, bool) or size < 0 for size in sizes) or sum(sizes) >= MOST:
        raise DataFault(
            "The sizes in a manifest must be those of files",
            got=f"{sum(sizes)} bytes in {address}",
            fix="Restore manifest.json from a backup.",
        )
    return sum(sizes)


def _text(metadata: Mapping[str, Any], name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) and value else None


def _ids(metadata: Mapping[str, Any], name: str) -> list[str]:
    ids = metadata.get(name)
    return [str(value) for value in ids] if isinstance(ids, list) else []


def _object(metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = metadata.get(name)
    return value if isinstance(value, dict) else {}
