from __future__ import annotations

import subprocess
import sys

FRAMEWORKS = ("torch", "keras", "lightning", "transformers", "sklearn", "lightgbm", "xgboost", "optuna")


def test_importing_tidebook_and_its_runs_loads_no_framework() -> None:
    program = (
        "import sys, tidebook, tidebook.integrations, tidebook.runs\n"
        f"print([name for name in {FRAMEWORKS!r} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
