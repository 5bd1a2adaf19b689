"""An algorithm of one's own from a single file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.acceptance.conftest import Command, serving
from tests.acceptance.tables import small_table

PLUGIN = dedent(
    '''
    """The mean of the last days."""

    from dataclasses import asdict, dataclass

    import numpy as np

    from tidebook.abc import Forecast, State, Traits
    from tidebook.algorithms.hyperparameters import hyperparameter


    @dataclass(frozen=True)
    class Hyperparameters:
        days: int = hyperparameter(14, low=1, high=365, help="Days that are averaged.", help_zh="取平均的天数。")


    class RecentMean:
        name = "recent_mean"
        Hyperparameters = Hyperparameters
        traits = Traits(
            title="Recent mean", description="A level that drifts.", description_zh="缓慢变化的水平。",
            tag_type="info", neural=False, known_future=False,
        )

        def fit(self, panel, span, hyperparameters, context):
            return Fitted(hyperparameters)

        def load(self, state):
            return Fitted(Hyperparameters(**state.config["hyperparameters"]))


    class Fitted:
        def __init__(self, hyperparameters):
            self.hyperparameters = hyperparameters

        def forecast(self, panel, series, origin, horizon):
            means = [panel.target[s, max(0, o - self.hyperparameters.days):o].mean() for s, o in zip(series, origin)]
            return Forecast(np.repeat(np.array(means, dtype=np.float32)[:, None, None], horizon, axis=1))

        def state(self):
            return State(config={"hyperparameters": asdict(self.hyperparameters)})


    algorithm = RecentMean()
    '''
)


@pytest.fixture
def plugins(home: Path) -> Path:
    """The folder of plug-ins, with one that works and one that does not."""
    folder = home / "plugins"
    folder.mkdir(parents=True)
    (folder / "recent_mean.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "broken.py").write_text("import a_package_that_is_not_there\n")
    return folder


def test_a_single_file_adds_an_algorithm_everywhere(
    tidebook: Command, home: Path, plugins: Path, tmp_path: Path
) -> None:
    described = tidebook("algorithms", "--json").json
    entry = next(item for item in described["algorithms"] if item["name"] == "recent_mean")
    assert entry["schema"]["properties"]["days"]["maximum"] == 365
    assert any("a_package_that_is_not_there" in error["error"] for error in described["errors"])
    assert "recent_mean" in tidebook("algorithms").out

    table = tmp_path / "sales.parquet"
    small_table().write_parquet(table)
    trained = tidebook("train", table, "--product", "P1", "--algorithm", "recent_mean", "--days", "7", "--json")
    assert trained.code == 0, trained.err
    forecast = tidebook("forecast", "product/P1_all/recent_mean", "--horizon", "3", "--json")
    assert forecast.code == 2  # promo is known in the data, so its future must be stated
    trained = tidebook(
        "train", table, "--product", "P1", "--algorithm", "recent_mean", "--date-column", "date", "--json"
    )
    assert trained.code == 0, trained.err

    with serving(home) as server:
        types = server.client.get("/api/model_types").raise_for_status().json()
        assert "recent_mean" in {item["name"] for item in types["items"]}
        assert any("broken" in error["source"] for error in types["errors"])


def test_a_plug_in_that_is_changed_is_read_again(tidebook: Command, plugins: Path) -> None:
    tidebook("algorithms", "--json")
    (plugins / "recent_mean.py").write_text(
        PLUGIN.replace('title="Recent mean"', 'title="Mean of late"'), encoding="utf-8"
    )
    titles = [item["title"] for item in tidebook("algorithms", "--json").json["algorithms"]]
    assert "Mean of late" in titles
