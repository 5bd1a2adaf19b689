from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.algorithms.panels import Recorder, panel, span
from tidebook.algorithms import catalogue, registry
from tidebook.core.errors import NotFound, TaskFailure
from tidebook.core.settings import Settings

MEAN = """
from __future__ import annotations
from dataclasses import asdict, dataclass
import numpy as np
from tidebook.abc import Forecast, State, Traits
from tidebook.algorithms.hyperparameters import hyperparameter


@dataclass(frozen=True)
class Hyperparameters:
    days: int = hyperparameter(28, low=1, help="Days that are averaged.", help_zh="求平均的天数。")


class Fitted:
    def __init__(self, config):
        self.config = config

    def forecast(self, panel, series, origin, horizon):
        rows = [panel.target[s, max(0, o - self.config["days"]) : o].mean() for s, o in zip(series, origin)]
        return Forecast(np.repeat(np.array(rows, np.float32)[:, None, None], horizon, axis=1))

    def state(self):
        return State(self.config)


class Mean:
    name = "recent_mean"
    Hyperparameters = Hyperparameters
    traits = Traits("Recent mean", "The mean.", "均值。", "info", neural=False, known_future=False)

    def fit(self, panel, span, hyperparameters, context):
        return Fitted(asdict(hyperparameters))

    def load(self, state):
        return Fitted(state.config)


algorithm = Mean()
"""


@pytest.fixture
def plugins(settings: Settings) -> Path:
    settings.plugins.mkdir(parents=True)
    return settings.plugins


def test_one_file_adds_an_algorithm(plugins: Path) -> None:
    (plugins / "mean.py").write_text(MEAN, encoding="utf-8")
    assert "recent_mean" in registry.names(plugins)
    algorithm = registry.find("recent_mean", plugins)
    fitted = algorithm.fit(panel(), span(), algorithm.Hyperparameters(days=7), Recorder())
    assert fitted.state().config == {"days": 7}


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        registry.find("ltsm")
    assert str(caught.value).startswith("The algorithm must be one of those installed, but got ltsm. Did you mean lstm")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "A plug-in file must define `algorithm` or call register_trainer, but got neither."),
        (
            "class A:\n name = 'abc'\nalgorithm = A()",
            "The algorithm abc must have name, Hyperparameters (a dataclass), traits, fit and load, "
            "but got none or another kind of fit, load, traits, Hyperparameters.",
        ),
        (MEAN.replace('"recent_mean"', '"../evil"'), "An algorithm's name must be a letter and up to 39 of"),
        (MEAN.replace('"recent_mean"', '"lstm"'), "An algorithm's name must be its own, but got lstm"),
    ],
)
def test_a_broken_plug_in_is_listed_and_hides_no_other(plugins: Path, code: str, reason: str) -> None:
    (plugins / "broken.py").write_text(code, encoding="utf-8")
    found, faults = registry.collect(plugins)
    assert {"lstm", "seasonal_naive"} <= set(found)
    assert [fault.source for fault in faults] == [str(plugins / "broken.py")]
    assert faults[0].error.startswith(reason)
    with pytest.raises(NotFound, match=r"broken\.py could not be imported"):
        registry.find("recent_mean", plugins)


def test_a_plug_in_that_changes_is_read_again(plugins: Path) -> None:
    (plugins / "mean.py").write_text(MEAN, encoding="utf-8")
    assert registry.find("recent_mean", plugins).traits.title == "Recent mean"
    (plugins / "mean.py").write_text(MEAN.replace("Recent mean", "Average of late"), encoding="utf-8")
    assert registry.find("recent_mean", plugins).traits.title == "Average of late"


def test_registry_and_catalogue_do_without_torch() -> None:
    code = "import sys, tidebook.algorithms.registry, tidebook.algorithms.catalogue; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_catalogue_describes_plug_ins_and_what_is_wrong(plugins: Path, settings: Settings) -> None:
    (plugins / "mean.py").write_text(MEAN, encoding="utf-8")
    (plugins / "broken.py").write_text("import nothing_of_this_name", encoding="utf-8")
    made = catalogue.described(settings)
    names = [entry["name"] for entry in made["algorithms"]]
    assert names == [*(entry.name for entry in registry.entries()), "recent_mean"]
    mean = made["algorithms"][-1]
    assert mean["schema"]["properties"]["days"]["description"] == "Days that are averaged."
    assert mean["source"].endswith("mean.py")
    assert made["errors"][0]["error"] == "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    before = (settings.cache / "algorithms.json").stat().st_mtime_ns
    assert catalogue.described(settings) == made
    assert (settings.cache / "algorithms.json").stat().st_mtime_ns == before


def test_the_key_follows_the_plug_ins(plugins: Path, settings: Settings) -> None:
    empty = catalogue.key(settings)
    (plugins / "mean.py").write_text(MEAN, encoding="utf-8")
    assert catalogue.key(settings) != empty


def test_a_plug_in_that_ends_the_process_is_reported(plugins: Path, settings: Settings) -> None:
    (plugins / "mean.py").write_text("import os\nos._exit(9)", encoding="utf-8")
    with pytest.raises(TaskFailure, match="must be importable in a process of their own, but got exit code 9"):
        catalogue.described(settings)
