"""The models that ModelFile keeps in the store: their names, versions and sizes."""

from __future__ import annotations

from typing import Any

from tidebook.abc import Store
from tidebook.catalog.access import Access
from tidebook.core.errors import NotFound
from tidebook.records.belonging import Belonging, belonging

FILES = "files"  #: below which the trees of ModelFile lie
LABELS = "labels.json"


def whose_model(store: Store, name: str) -> Belonging:
    """Whose a file model is: as its labels say; nobody's where they are damaged."""
    try:
        stated = store.record(f"{FILES}/{name}", LABELS)
    except NotFound:
        return belonging({})
    return belonging({"format_version": 1} if stated is None else stated)


def models(store: Store, access: Access) -> list[dict[str, Any]]:
    """Those that the user sees, with their sizes, in the order of their names."""
    found: dict[str, dict[str, Any]] = {}
    versions: dict[str, set[str]] = {}
    for path, entry in store.tree(FILES).entries().items():
        parts = path.split("/")
        if not _is_file(parts):
            continue
        item = found.setdefault(parts[0], {"name": parts[0], "versions": 0, "files": 0, "bytes": 0})
        versions.setdefault(parts[0], set()).add(parts[1])
        item["files"] += 1
        item["bytes"] += entry.size
    items = []
    for name, item in sorted(found.items()):
        whose = whose_model(store, name)
        if access.sees(whose.project, whose.owner):
            items.append({**item, "versions": len(versions[name]), "project": whose.project, "owner": whose.owner})
    return items


def model(store: Store, access: Access, name: str) -> dict[str, Any]:
    """The versions of one of them, in the order of their names; NotFound where there is none that the user sees."""
    versions: dict[str, dict[str, Any]] = {}
    for path, entry in store.tree(f"{FILES}/{name}").entries().items():
        parts = [name, *path.split("/")]
        if not _is_file(parts):
            continue
        item = versions.setdefault(parts[1], {"version": parts[1], "files": 0, "bytes": 0, "modified_at": entry.mtime})
        item["files"] += 1
        item["bytes"] += entry.size
        item["modified_at"] = max(item["modified_at"], entry.mtime)
    whose = whose_model(store, name)
    if not versions or not access.sees(whose.project, whose.owner):
        raise NotFound("The model must exist", got=name[:120], fix="Choose one of GET /api/store/models.")
    return {"name": name, "versions": [versions[version] for version in sorted(versions)]}


def _is_file(parts: list[str]) -> bool:
    """Whether name, version and path are those of a file, and not of a record beside the model or the version."""
    if len(parts) == 3:
        return parts[2] not in {"manifest.json", LABELS}
    return len(parts) > 3
