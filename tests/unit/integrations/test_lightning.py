from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.integrations.reading import entries
from tidebook.runs.record import summary

pytest.importorskip("lightning", reason="PyTorch Lightning is not installed")

PROGRAM = """
import json, sys, torch, {package} as lightning
from pathlib import Path
from torch.utils.data import DataLoader, TensorDataset
from tidebook.integrations.lightning import TidebookLogger

class Line(lightning.LightningModule):
    def __init__(self, width=3, fail=False):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 1)
    def loss(self, batch):
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
    def training_step(self, batch, index):
        if self.hparams.fail and self.current_epoch == 1:
            raise RuntimeError("broken on purpose")
        loss = self.loss(batch)
        self.log("train_loss", loss)
        return loss
    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

out = Path(sys.argv[1])
data = DataLoader(TensorDataset(torch.ones(8, 3), torch.ones(8, 1)), batch_size=4)
for name in ("well", "fail"):
    logger = TidebookLogger(project="east", name=name, output_dir=out, context=False, resources=False)
    trainer = lightning.Trainer(
        max_epochs=2, logger=logger, log_every_n_steps=1, enable_progress_bar=False, enable_model_summary=False,
        accelerator="cpu",
    )
    try:
        trainer.fit(Line(fail=name == "fail"), data, data)
    except RuntimeError:
        pass
    else:
        print(json.dumps(trainer.checkpoint_callback.best_model_path))
from tidebook.integrations.lightning import rank_zero_only
rank_zero_only.rank = 1
logger = TidebookLogger(name="other", output_dir=out)
logger.log_metrics({"loss": 1.0}, 0)
logger.finalize("success")
assert (logger.name, logger.version, logger.save_dir) == (None, None, None)
"""


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_logger_writes_hyper_parameters_metrics_and_the_end(out: Path, package: str) -> None:
    # In a process of its own, because a process uses one of the two packages.
    program = [sys.executable, "-W", "ignore", "-c", PROGRAM.replace("{package}", package), str(out)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=120, cwd=out.parent)
    assert ended.returncode == 0, ended.stderr[-2000:]
    best = Path(json.loads(ended.stdout.splitlines()[-1]))
    run, failed = summary(out / "well"), summary(out / "fail")
    assert (run["status"], run["project"]) == ("completed", "east")
    assert (run["params"]["width"], run["params"]["fail"]) == (3, False)
    assert run["metrics"]["train_loss"] < 1
    assert run["metrics"]["val_loss"] < run["metrics"]["train_loss"]
    logged = entries(out / "well")
    assert [entry["step"] for entry in logged if "train_loss" in entry] == [0, 1, 2, 3]
    assert [entry["epoch"] for entry in logged if "val_loss" in entry] == [0, 1]
    assert best.parent == out / "well" / "checkpoints"
    assert best.is_file()
    assert (failed["status"], failed["lost"]) == ("failed", False)
    assert {path.name for path in out.iterdir()} == {"well", "fail"}, "only the process of rank 0 makes a run"
