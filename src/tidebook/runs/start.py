"""Beginning the record of a training in anybody's code: three lines do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidebook.core.clock import now
from tidebook.records import labels
from tidebook.runs.companion import Reporting
from tidebook.runs.ending import end_with_program
from tidebook.runs.manager import TrainingManager, zone_of
from tidebook.runs.names import run_name


def start_run(
    project: str = labels.DEFAULT_PROJECT,
    params: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    model_type: str = "",
    stock_symbol: str | None = None,
    tags: Mapping[str, Any] | None = None,
    notes: str = "",
    home: str | Path | None = None,
    output_dir: str | Path | None = None,
    server: str | None = None,
    token: str | None = None,
    context: bool = True,
    resources: bool = True,
) -> TrainingManager:
    """A new run: `run = start_run(params={"lr": 0.1})`, `run.log(loss=0.5)` as often as wanted, `run.finish()`.

    It lies in `output_dir` (default: out/ in the home) under `name`, or one made of symbol, algorithm and time; a
    name that is taken gets a number. `context` records where it came from: git commit and changes, command line,
    packages, machine. `resources` records every 10 seconds what the process uses. With `server` (or
    TIDEBOOK_SERVER) and `token` (TIDEBOOK_TOKEN) the run is sent there while it is written; training never waits for
    that, and `tidebook sync` sends what could not be sent. A run that is not finished when the program ends is
    completed then, or failed where an uncaught exception or sys.exit with a code ended the program.

    StorageFailure where the folder cannot be written; once the run is begun, a full disk stops nothing but the saving
    of models and checkpoints.
    """
    marked = labels.check({"project": project, "tags": dict(tags or {}), "notes": notes})
    output = output_dir if output_dir is not None or home is None else Path(home) / "out"
    if name is None and not (model_type or stock_symbol):
        name = run_name(project, "", now(zone_of(None)))
    run = TrainingManager(stock_symbol, model_type, output, run_name=name, numbered=True, status="training")
    try:
        if labels.Labels(**marked) != labels.Labels():
            labels.change(run.folder, **marked)
        if params:
            run.save_config({"params": dict(params)})
    except BaseException:
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    run.stops_for_nothing = True
    if context:
        seed = (params or {}).get("seed")
        run.record_context(**({} if seed is None else {"seed": seed}))
    if resources:
        run.sample_resources()
    address = server or os.environ.get("TIDEBOOK_SERVER")
    if address:
        run.accompany(Reporting(run.folder, address, token or os.environ.get("TIDEBOOK_TOKEN", "")))
    end_with_program(run)
    return run
