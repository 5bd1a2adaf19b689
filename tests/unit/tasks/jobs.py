"""Small jobs that stand in for a training: `python jobs.py KIND TASK_DIR`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def write(path: Path, value: object) -> None:
    """Replaces a file atomically, as the real job does."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)


def whose(folder: Path) -> dict[str, object]:
    """Project and owner of the task's run."""
    try:
        task = json.loads((folder / "task.json").read_text())
    except FileNotFoundError:
        return {}
    return {"project": task["spec"].get("project", "default"), "owner": task["owner"]}


def train(folder: Path, epochs: int, seconds: float) -> None:
    """Epochs with log, metrics and progress, and a result at the end; a run that is there is continued."""
    run = Path(os.environ["TIDEBOOK_HOME"]) / "out" / f"run_of_{folder.name[-6:]}"
    (run / "logs").mkdir(parents=True, exist_ok=True)
    write(run / "labels.json", {"format_version": 1, **whose(folder)})
    write(run / "metadata.json", {"run_name": run.name, "status": "training"})
    (run / "logs" / "metrics.json").write_text("[\n]")
    for epoch in range(1, epochs + 1):
        time.sleep(seconds)
        sys.stdout.write(f"Epoch {epoch}\n")
        sys.stdout.flush()
        entry = {"epoch": epoch, "phase": "train", "timestamp": "2026-01-01T00:00:00+00:00", "train_loss": 1 / epoch}
        with (run / "logs" / "metrics.json").open("r+b") as file:
            end = file.seek(-2, os.SEEK_END)
            file.seek(end)
            file.write((b",\n" if epoch > 1 else b"\n") + json.dumps(entry).encode() + b"\n]")
        progress = {"run_name": run.name, "status": "training", "epoch": epoch, "epochs": epochs, "step": 0, "steps": 1}
        write(folder / "progress.json", {**progress, "updated_at": "2026-01-01T00:00:00+00:00"})
    write(run / "metadata.json", {"run_name": run.name, "status": "completed"})
    metrics = {"wape": 0.1}
    write(folder / "result.json", {"run_name": run.name, "version": None, "metrics": metrics, "baseline": {}})


def main(kind: str, folder: Path) -> None:
    """Does what `kind` says."""
    match kind.split(":"):
        case ["train", epochs, seconds]:
            train(folder, int(epochs), float(seconds))
        case ["fail"]:
            rule = {"rule": "The series must be long enough", "got": "3 days", "fix": "Add days."}
            problem = {"type": "urn:tidebook:error:data-fault", "title": rule["rule"], "status": 422, **rule}
            write(folder / "error.json", {**problem, "detail": "The series must be long enough, but got 3 days."})
            sys.exit(3)
        case ["silent"]:
            sys.exit(0)
        case ["killed"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["stubborn"]:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            write(folder / "progress.json", {"run_name": None, "status": "training", "epoch": 0})
            time.sleep(60)
        case ["environment"]:
            write(folder / "environment.json", dict(os.environ))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
