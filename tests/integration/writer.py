"""Writes a run and reports it: `python writer.py FOLDER SERVER TOKEN ENTRIES PAUSE NAME END`.

END is `close`, or `die` to end as a process that is killed does.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tidebook.runs import TrainingManager
from tidebook.sdk.reporter import Reporter

output, server, token, entries, pause, name, end = sys.argv[1:]
run = TrainingManager(model_type="lstm", output_dir=Path(output), run_name=name)
reporter = Reporter(run.folder, server, token)
reporter.start()
run.save_config({"hidden_size": 8})
run.update_status("training")
for step in range(int(entries)):
    run.log_metrics(step, {"loss": 1 / (step + 1), "step": step})
    reporter.wake()
    if float(pause):
        time.sleep(float(pause))
run.save_training_log("the last line")
if end == "die":
    os._exit(9)
run.update_status("completed")
reporter.close(60)
sys.exit(0 if reporter.complete else 1)
