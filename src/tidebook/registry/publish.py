"""From a finished run to a version: claim, make the files, fill, manifest."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import check_segment, dump_json, read_json, storage_errors, write_json
from tidebook.core.scope import Address
from tidebook.store import LocalStore

MADE = frozenset({"model.pth", "metadata.json", "config.json", "eval_results.json"})
_STAGING = ".staging"


def publish(
    store: LocalStore,
    run_folder: Path,
    line: Address,
    metadata: Mapping[str, Any],
    files: Mapping[str, Path],
    publish_id: str,
    *,
    above: int,
) -> Address:
    """Makes the run's model a version of `line` with a number above `above`, and returns its address.

    A second call with the same `publish_id` finishes what the first one began, or finds it finished. Until the
    manifest is there, which comes last, nobody sees the version.
    """
    _check(run_folder, metadata, files)
    with _staging(store.root, line, publish_id) as staging:
        done = finished(store, line, publish_id)
        if done is not None:
            return done
        # What can fail for the run's sake fails before a number is taken.
        tree = {**files, **_made(staging, run_folder, line)}
        number = store.claim(line.folder, publish_id, above=above)
        address = Address(line.mode, line.scope, line.aggregation, line.model_type, number)
        tree["metadata.json"] = _metadata(staging, address, metadata, publish_id)
        prefix = str(address)
        store.commit(prefix, store.fill(prefix, tree))
    return address


def finished(store: LocalStore, line: Address, publish_id: str) -> Address | None:
    """The version that was published with `publish_id`; None where there is none that is complete."""
    number = store.claimed(line.folder, publish_id)
    if number is None:
        return None
    address = Address(line.mode, line.scope, line.aggregation, line.model_type, number)
    try:
        store.manifest(str(address))
    except NotFound:
        return None
    return address


def _check(run_folder: Path, metadata: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    if not (run_folder / "model" / "pytorch_model.bin").is_file():
        raise NotFound(
            "A run must have a saved model to be published",
            got=f"no model/pytorch_model.bin in {run_folder.name}",
            fix="Train the run to its end first.",
        )
    try:
        dump_json(dict(metadata))
    except TypeError as error:
        raise InvalidInput(
            "The metadata of a version must have a JSON form", got=str(error), fix="Convert values to text or numbers."
        ) from error
    for name in files:
        check_segment(name, "The name of a file")
        if name in MADE:
            raise InvalidInput(
                f"Files given along must not be called {', '.join(sorted(MADE))}", got=name, fix="Rename it."
            )


def _made(staging: Path, run_folder: Path, line: Address) -> dict[str, Path]:
    """The files of a version that come from the run: model.pth holds weights and model configuration in one."""
    from tidebook import checkpoint
    from tidebook.abc import State

    config = dict(read_json(run_folder / "model" / "config.json"))
    config.pop("format_version", None)
    weights = checkpoint.load(run_folder / "model" / "pytorch_model.bin")
    checkpoint.save_state(staging / "model.pth", line.model_type, State(config=config, weights=weights))
    taken = {
        "config.json": run_folder / "config.json",
        "eval_results.json": run_folder / "results" / "eval_results.json",
    }
    return {"model.pth": staging / "model.pth"} | {name: path for name, path in taken.items() if path.is_file()}


def _metadata(staging: Path, address: Address, metadata: Mapping[str, Any], publish_id: str) -> Path:
    """metadata.json, with what the path says put over what was given."""
    from_path = {
        "model_type": address.model_type,
        "training_mode": address.mode,
        "scope": address.scope,
        "aggregation_method": address.aggregation,
        "version": f"v{address.version}",
        "publish_id": publish_id,
    }
    path = staging / "metadata.json"
    write_json(path, {"format_version": 1, **metadata, **from_path})
    return path


@contextmanager
def _staging(root: Path, line: Address, publish_id: str) -> Iterator[Path]:
    """A folder of this publication's own, on the store's disk. Conflict where another process is in it."""
    name = hashlib.sha256(f"{line}\0{publish_id}".encode()).hexdigest()[:32]
    folder = root / _STAGING / name
    while True:
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), folder.stat()):
                break
        except BlockingIOError as error:
            os.close(handle)
            raise Conflict(
                "One process at a time may publish a run",
                got=f"{publish_id}, which another process is publishing to {line}",
                fix="Wait for it.",
            ) from error
        except FileNotFoundError:
            pass  # Another process finished and removed it between opening and locking.
        os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
