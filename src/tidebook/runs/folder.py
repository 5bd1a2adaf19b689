"""A run folder to read, whoever writes it meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.records import labels
from tidebook.records.labels import Labels
from tidebook.runs import checkpoints
from tidebook.runs.log_reading import last_entries
from tidebook.runs.record import describe, duration, read_object


class RunFolder:
    """What can be read of the run in out/{run_name}."""

    folder: Path  #: out/{run_name}
    run_name: str  #: the name of the folder

    @property
    def metadata(self) -> dict[str, Any]:
        """What metadata.json says now, every field of it present."""
        return describe(self.folder)

    @property
    def status(self) -> str:
        """initialized, preparing, training, completed or failed; unknown where it cannot be read."""
        return str(self.metadata["status"])

    @property
    def lost(self) -> bool:
        """Whether the run has not ended though its writer has."""
        return bool(self.metadata["lost"])

    @property
    def labels(self) -> Labels:
        """What people say of the run: project, owner, tags, notes."""
        return labels.read(self.folder)

    def load_config(self) -> dict[str, Any]:
        """The training configuration; {} where none was saved."""
        return read_object(self.folder / "config.json", [])

    def get_model_path(self) -> Path:
        """The file of the final weights; NotFound before they are saved."""
        return self._saved_model("pytorch_model.bin")

    def load_model_config(self) -> dict[str, Any]:
        """What model/config.json says of the architecture; NotFound before the model is saved."""
        path = self._saved_model("config.json")
        problems: list[str] = []
        config = read_object(path, problems)
        if problems:
            raise NotFound("model/config.json must be readable", got=problems[0], fix="Train the run again.")
        return config

    def get_summary(self) -> dict[str, Any]:
        """The run in one dictionary: its metadata, duration, what was logged last, checkpoints and configuration."""
        metadata = self.metadata
        entries = last_entries(self.folder / "logs" / "metrics.json")
        best = checkpoints.best_metrics(self.folder / "checkpoints")
        return {
            **metadata,
            "duration_seconds": duration(self.folder, metadata),
            "epochs_logged": max((e["epoch"] for e in entries if isinstance(e.get("epoch"), int)), default=0),
            "last_metrics": entries[-1] if entries else None,
            "checkpoints": checkpoints.epochs(self.folder / "checkpoints"),
            "best": best or None,
            "config": self.load_config(),
        }

    def latest_checkpoint(self) -> Path | None:
        """The file of the newest training state, to be read with `tidebook.checkpoint.load`; None before the first."""
        return checkpoints.latest(self.folder / "checkpoints")

    def _saved_model(self, name: str) -> Path:
        path = self.folder / "model" / name
        if not path.is_file():
            raise NotFound(
                "The run must have a saved model",
                got=f"no model/{name} in {self.run_name}, whose status is {self.status}",
                fix="Wait until the training has ended, or train again.",
            )
        return path
