"""Every algorithm on all 100 Rossmann stores, last 28 days, beside LightGBM through mlforecast in the same run.

Settings were chosen on the days before the last 28. TIDEBOOK_PEERS names a Python with mlforecast, lightgbm
and statsforecast.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tidebook
from benchmarks.measure import Figure
from tidebook.training.canvas import ACCENT, INK_2, RULE, canvas, save, style

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "rossmann_daily.parquet"
CHART = Path(__file__).resolve().parents[1] / "docs" / "images" / "algorithms.png"
PEER = DATA.parents[1] / "peers" / "classic_rossmann.py"
FUTURE = ("open", "promo", "school_holiday")
NEURAL = {"seq_length": 112, "hidden_size": 64, "batch_size": 64, "epochs": 6, "learning_rate": 0.003}
SETTINGS: dict[str, dict[str, Any]] = {
    "lstm": {**NEURAL, "num_layers": 1},
    "gru": NEURAL,
    "mlstm": NEURAL,
    "kan": NEURAL,
    "tcn": NEURAL,
    "transformer": NEURAL,
    "lightgbm": {},
    "ets": {},
    "theta": {},
    "seasonal_naive": {"season": 14},
}
NAMES = ("lstm", "gru", "mlstm", "kan", "tcn", "transformer")
NEURAL_TARGET, SINGLE_TARGET, MIXED_TARGET = 0.100, 0.0876, 0.083


def measure() -> list[Figure]:
    """Nothing where the real data is absent."""
    if not DATA.exists():
        return []
    peer = _peer()
    found, seconds, versions = {}, {}, {}
    with tempfile.TemporaryDirectory() as home:
        for name, settings in SETTINGS.items():
            found[name], seconds[name], versions[name] = _train(home, name, settings)
        members = ",".join(versions[name] for name in (*NAMES, "lightgbm"))
        mixed, took, _ = _train(home, "ensemble", {"members": members, "weights": "fitted"})
        auto, auto_took, _ = _train(home, "auto", {"budget_minutes": 5.0})
    draw({**found, "ensemble": mixed, "auto": auto}, {**seconds, "ensemble": took, "auto": auto_took})
    figures = [
        Figure(
            f"{name}, WAPE ({seconds[name]:.0f} s in all)",
            wape,
            "",
            NEURAL_TARGET if name in NAMES else None,
            "LightGBM by mlforecast",
            peer,
        )
        for name, wape in found.items()
    ]
    return [
        *figures,
        Figure("best single algorithm, WAPE", min(found.values()), "", SINGLE_TARGET, "LightGBM by mlforecast", peer),
        Figure(f"ensemble of seven, WAPE ({took:.0f} s)", mixed, "", MIXED_TARGET, "LightGBM by mlforecast", peer),
        Figure(f"auto, WAPE ({auto_took:.0f} s)", auto, "", MIXED_TARGET, "LightGBM by mlforecast", peer),
    ]


def _train(home: str, name: str, settings: Mapping[str, Any]) -> tuple[float, float, str]:
    """WAPE on the held-out days, seconds from the table to the published version, and its address."""
    started = time.perf_counter()
    result = tidebook.train(
        DATA,
        training_mode="global",
        aggregation_method="none",
        model_type=name,
        known_future=FUTURE,
        hyperparameters=dict(settings),
        home=home,
    )
    return result.metrics["wape"], time.perf_counter() - started, str(result.version)


def draw(wapes: Mapping[str, float], seconds: Mapping[str, float]) -> None:
    """docs/images/algorithms.png: the error of each algorithm, the best first, and what its training took."""
    names = sorted(wapes, key=lambda name: wapes[name], reverse=True)
    height = 1.2 + 0.26 * len(names)
    figure, axes = canvas(
        "100 drug stores, 28 days held out", "WAPE; seconds from the table to the version", height=height
    )
    with style():
        axes.hlines(range(len(names)), 0, [wapes[name] for name in names], color=RULE, linewidth=1)
        axes.plot([wapes[name] for name in names], range(len(names)), "o", color=ACCENT, markersize=6)
        for row, name in enumerate(names):
            label = f"{wapes[name]:.3f}   {seconds[name]:.0f} s"
            axes.annotate(
                label, (wapes[name], row), xytext=(8, 0), textcoords="offset points", size=8, color=INK_2, va="center"
            )
        box = axes.get_position()
        axes.set_position((0.12, box.y0, box.width, box.height))
        axes.set_yticks(range(len(names)), names)
        axes.set_xlim(0, 1.15 * max(wapes.values()))
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
    save(figure, CHART)


def _peer() -> float | None:
    """WAPE of mlforecast's LightGBM with closed days set to 0; None where the peer is not installed."""
    python = os.environ.get("TIDEBOOK_PEERS")
    if not python:
        return None
    command = [python, str(PEER), str(DATA)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return float(next(row["wape"] for row in rows if row["peer"].endswith("closed=0")))
