"""PyTorch Lightning: `Trainer(logger=TidebookLogger(project="east"))`.

For the package `lightning` or `pytorch_lightning`, whichever the program uses.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.integrations.own import OwnRun
from tidebook.integrations.values import numbers, parameters
from tidebook.runs import TrainingManager

if TYPE_CHECKING:
    from lightning.fabric.loggers.logger import rank_zero_experiment
    from lightning.pytorch.loggers.logger import Logger
    from lightning.pytorch.utilities import rank_zero_only
elif "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities.rank_zero import rank_zero_only
else:
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities.rank_zero import rank_zero_only


class TidebookLogger(Logger):
    """Writes what a LightningModule logs, its hyper-parameters and how the training ended.

    Without a run it starts one with the arguments of `tidebook.start_run`, in the process of rank 0 only, and ends it.
    Lightning's own checkpoints go to checkpoints/ in the run's folder.
    """

    def __init__(self, run: TrainingManager | None = None, /, **start: Any) -> None:
        super().__init__()
        self._own = OwnRun(run, start)

    @property
    @rank_zero_experiment
    def experiment(self) -> TrainingManager:
        """The run."""
        return self._own.get()

    @property
    def name(self) -> str | None:
        """The folder that the run's folder is in: with it and `version` Lightning names its checkpoints' folder."""
        folder = self._folder()
        return None if folder is None else folder.parent.name

    @property
    def version(self) -> str | None:
        """The run's name."""
        folder = self._folder()
        return None if folder is None else folder.name

    @property
    def save_dir(self) -> str | None:
        """Where the folder `name` is; None in processes other than that of rank 0, whose word Lightning takes."""
        folder = self._folder()
        return None if folder is None else str(folder.parent.parent)

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Adds to the run's parameters."""
        values = vars(params) if isinstance(params, Namespace) else params
        self.experiment.params(**parameters(values))

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Adds an entry to the run's metrics."""
        values = numbers(metrics)
        epoch = values.pop("epoch", None)
        if values:
            self.experiment.log(values, step=step, epoch=None if epoch is None else int(epoch))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Ends the run with the status of the training, if it is the logger's own."""
        if status == "failed":
            self._own.finish("failed", "the training was ended by an error")
        elif status == "success":
            self._own.finish()

    def _folder(self) -> Path | None:
        experiment = self.experiment  # starts the run in the process of rank 0, and is a dummy in others
        return experiment.folder if isinstance(experiment, TrainingManager) else None
