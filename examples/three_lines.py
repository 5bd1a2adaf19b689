"""Any training, recorded in three lines: `python examples/three_lines.py`, then `tidebook runs list`."""

from __future__ import annotations

import math
import random

import tidebook

run = tidebook.start_run(
    project="default", params={"learning_rate": 0.1, "epochs": 20}, tags={"example": "three lines"}
)

for epoch in range(20):
    loss = math.exp(-0.2 * epoch) + random.uniform(0, 0.05)  # noqa: S311 - in place of a model
    run.log(loss=loss, accuracy=1 - loss / 2, epoch=epoch + 1)

run.finish()

print(f"{run.folder}: {run.metadata['metrics']['loss']}")  # noqa: T201
