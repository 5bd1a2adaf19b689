"""The file of a version, `model.pth`: everything that rebuilds a fitted model."""

from __future__ import annotations

from pathlib import Path

from tidebook.abc import State
from tidebook.checkpoint.file import load, save
from tidebook.core.errors import DataFault

FORMAT_VERSION = 1


def save_state(path: Path, model_type: str, state: State) -> None:
    """Writes `{format_version, model_type, config, model_state_dict}` to `path`, atomically."""
    save(
        path,
        {
            "format_version": FORMAT_VERSION,
            "model_type": model_type,
            "config": state.config,
            "model_state_dict": state.weights,
        },
    )


def load_state(path: Path) -> tuple[str, State]:
    """The algorithm's name and the state in `path`.

    FileNotFoundError where there is no file; DataFault where it is not a model, or one of a newer Tidebook.
    """
    content = load(path)
    missing = [name for name in ("format_version", "model_type", "config", "model_state_dict") if name not in content]
    if missing:
        raise DataFault(
            f"{Path(path).name} must hold format_version, model_type, config and model_state_dict",
            got=f"a file without {', '.join(missing)}",
            fix="Take the model.pth of a published version, or pass model_type and model_config with a state alone.",
        )
    if content["format_version"] > FORMAT_VERSION:
        raise DataFault(
            f"{Path(path).name} must have format_version {FORMAT_VERSION} or lower",
            got=str(content["format_version"]),
            fix="Install the Tidebook that wrote it, or a newer one.",
        )
    return str(content["model_type"]), State(config=content["config"], weights=content["model_state_dict"])
