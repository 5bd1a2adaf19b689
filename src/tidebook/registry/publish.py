"""From a finished run to a version: claim, make the files, fill, manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import check_segment, dump_json, read_json, write_json
from tidebook.core.scope import Address

MADE = frozenset({"model.pth", "metadata.json", "config.json", "eval_results.json"})


def publish(
    store: Store,
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
    with store.workspace(f"{publish_id} in {line}") as staging:
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


def finished(store: Store, line: Address, publish_id: str) -> Address | None:
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
