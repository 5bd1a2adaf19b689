from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.integrations.reading import entries, only_run
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

pytest.importorskip("accelerate", reason="accelerate, which the Trainer needs, is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from tidebook.integrations.transformers import TidebookCallback  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def fit(folder: Path, callback: Any) -> Any:
    config = transformers.GPT2Config(vocab_size=8, n_positions=4, n_embd=4, n_layer=1, n_head=1)
    rows = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor([1, 2, 3])} for _ in range(8)]
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "hf"),
        num_train_epochs=2,
        per_device_train_batch_size=4,
        learning_rate=0.015625,
        logging_steps=1,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = transformers.Trainer(
        model=transformers.GPT2LMHeadModel(config),
        args=arguments,
        train_dataset=rows,
        eval_dataset=rows,
        callbacks=[callback],
    )
    trainer.train()
    return trainer


def test_the_callback_writes_each_phase_with_steps_and_epochs(run: TrainingManager, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(tmp_path, TidebookCallback(run))
    trained = [entry for entry in entries(run.folder, "train") if "loss" in entry]
    assert [entry["step"] for entry in trained] == [1, 2, 3, 4]
    assert [entry["epoch"] for entry in trained] == [0.5, 1.0, 1.5, 2.0]
    evaluated = entries(run.folder, "eval")
    assert [entry["step"] for entry in evaluated] == [2, 4]
    described = summary(run.folder)
    assert described["metrics"]["eval/loss"] == evaluated[-1]["loss"]
    assert described["params"]["learning_rate"] == 0.015625
    assert described["params"]["model.n_embd"] == 4
    assert run.status != "completed"


def test_without_a_run_it_makes_one_and_ends_it(out: Path, tmp_path: Path) -> None:
    trainer = fit(tmp_path, TidebookCallback(project="east", output_dir=out, context=False, resources=False))
    made = only_run(out)
    assert (made["status"], made["project"]) == ("completed", "east")
    assert "loss" in made["metrics"]
    trainer.evaluate(metric_key_prefix="test")
    again = only_run(out)
    assert again["status"] == "completed"
    assert "test/loss" in again["metrics"]
