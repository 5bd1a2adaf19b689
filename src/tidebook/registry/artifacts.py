"""A version made file by file, as scripts do that know nothing of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidebook.abc import State, Store
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import check_segment, replacing, write_json
from tidebook.registry.adopt import MAKING
from tidebook.registry.item import address_of
from tidebook.registry.naming import BadName
from tidebook.store import LocalStore, claims

DPI = 300


def folder_of(store: Store, prefix: str) -> Path:
    """The folder of a tree; InvalidInput for a store that has none."""
    return local(store).root / prefix


def local(store: Store) -> LocalStore:
    """The store, if it is a folder; else InvalidInput."""
    if not isinstance(store, LocalStore):
        raise InvalidInput(
            "Only a store in a folder has paths to write versions to",
            got=store.location(""),
            fix="Publish the run (ModelManager.publish), or push files with ModelFile.",
        )
    return store


def save(store: Store, data: Any, name: str, folder: Path) -> Path:
    """Saves one file of a version in the making; the file is seen whole or not at all."""
    at = local(store)
    prefix, folder = _prefix(at, folder), folder.absolute()
    check_segment(name, "The name of an artifact")
    if not is_unfinished(store, prefix):
        raise Conflict(
            "A version is written once and never changed",
            got=f"{prefix}, which is finished or claimed by a publication",
            fix="Save to the path of the next version.",
        )
    path = folder / name
    write = _writer(data, name)
    claims.make_line(at.root, prefix.split("/"))
    write(path)
    (folder / MAKING).touch()
    return path


def is_unfinished(store: Store, prefix: str) -> bool:
    """Whether a tree can still be written to: it is no version, was not deleted and nobody publishes to it."""
    folder = folder_of(store, prefix)
    if (folder / claims.CLAIM).exists() or (folder / "deleted.json").exists():
        return False
    try:
        store.manifest(prefix)
    except NotFound:
        return True
    return False


def is_begun(store: Store, prefix: str) -> bool:
    """Whether something was saved to a tree that is not finished yet."""
    return folder_of(store, prefix).is_dir() and is_unfinished(store, prefix)


def _prefix(store: LocalStore, folder: Path) -> str:
    """The prefix of a folder of a version; BadName where it is none in this store."""
    try:
        prefix = folder.absolute().resolve().relative_to(store.root.resolve()).as_posix()
    except ValueError:
        prefix = ""
    if address_of(prefix or "-") is None:
        raise BadName(
            "An artifact must be saved into the folder of a version in the store",
            got=str(folder),
            fix="Take the path that get_model_version_path gives.",
        )
    return prefix


def _writer(data: Any, name: str) -> Any:
    """What writes `data` to a path, by the ending of the name."""
    if name.endswith(".pth"):
        return lambda path: _save_weights(data, path)
    if name.endswith(".png") and hasattr(data, "savefig"):
        return lambda path: _save_figure(data, path)
    if name.endswith(".json"):
        return lambda path: write_json(path, data)
    raise BadName(
        "An artifact must be weights called .pth, a figure called .png or a value called .json",
        got=f"{name} of a {type(data).__name__}",
        fix="Use one of these endings; push other files with ModelFile.",
    )


def _save_weights(data: Any, path: Path) -> None:
    from tidebook import checkpoint

    try:
        if isinstance(data, State):
            checkpoint.save_state(path, path.parent.parent.name, data)
        else:
            checkpoint.save(path, data.state_dict() if hasattr(data, "state_dict") else data)
    except (TypeError, AttributeError) as error:
        raise BadName(
            "Weights must be tensors and plain values, without any pickle",
            got=str(error),
            fix="Give the state_dict of the model, or a State.",
        ) from error


def _save_figure(figure: Any, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=DPI, bbox_inches="tight", format="png")
