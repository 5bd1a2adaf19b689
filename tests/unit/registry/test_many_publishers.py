"""Many processes publish to the same lines at once: no version is lost or doubled, and no number is left out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.registry.published import LINE
from tidebook.registry import ModelManager
from tidebook.registry.journal import since
from tidebook.store import verify

PROCESSES, EACH = 16, 6
OTHER = "global/all/sum/lstm"
# The parent loads torch once; the children begin together when the pipe is closed.
WORK = """
import os, sys
from pathlib import Path
import torch
from tidebook.registry import ModelManager
run, root, processes, each = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
ready, begin = os.pipe()
children = []
for process in range(processes):
    child = os.fork()
    if child == 0:
        os.close(begin)
        os.read(ready, 1)
        models = ModelManager(root)
        status = 1
        try:
            for number in range(each):
                line = ("product/P001_all/lstm", "global/all/sum/lstm")[number % 3 == 2]
                models.publish(run, line, {"by": process, "number": number}, publish_id=f"{process}-{number}")
            status = 0
        finally:
            os._exit(status)
    children.append(child)
os.close(begin)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_sixteen_processes_publish_at_once_and_every_version_is_there_once(run: Path, tmp_path: Path) -> None:
    root = tmp_path / "saved_models"
    command = [sys.executable, "-W", "ignore", "-c", WORK, str(run), str(root), str(PROCESSES), str(EACH)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0] * PROCESSES, done.stderr
    models = ModelManager(root)
    items = models.list_models()["models"]
    assert {(item["by"], item["number"]) for item in items} == {(p, n) for p in range(PROCESSES) for n in range(EACH)}
    assert len(items) == PROCESSES * EACH
    for line, count in ((LINE, PROCESSES * EACH * 2 // 3), (OTHER, PROCESSES * EACH // 3)):
        assert sorted(int(item["version"][1:]) for item in models.line(line)["versions"]) == list(range(1, count + 1))
    newest = {"product_P001_all_lstm": PROCESSES * EACH * 2 // 3, "global_all_sum_lstm": PROCESSES * EACH // 3}
    assert json.loads((root / "versions.json").read_text()) == newest
    changes = since(models.store, 0)
    assert changes.complete
    assert changes.addresses == {item["address"] for item in items}
    assert verify(models.store, f"{LINE}/v7") == []
