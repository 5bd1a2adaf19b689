"""The main job as an analyst does it, in a real browser."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Server
from tests.acceptance.tables import small_table

pytestmark = pytest.mark.browser


@pytest.fixture
def table(home: Path) -> Path:
    """A table inside the home, where datasets may lie."""
    path = home / "data" / "sales.parquet"
    path.parent.mkdir(parents=True)
    small_table(days=400).write_parquet(path)
    return path


def test_an_analyst_goes_from_a_table_to_a_forecast(page: Page, fresh: Server, table: Path) -> None:
    page.goto(fresh.login)
    expect(page).to_have_url(f"{fresh.url}/")

    page.get_by_test_id("nav-data").first.click()
    page.get_by_test_id("register-path").fill(str(table))
    page.get_by_test_id("register").click()
    expect(page.get_by_test_id("audit")).to_be_visible()
    expect(page.get_by_test_id("preview")).to_contain_text("S1")

    page.get_by_test_id("train-on-this").click()
    page.get_by_test_id("mode-product").click()
    page.get_by_test_id("pick-product-search").fill("P1")
    page.get_by_test_id("pick-product").get_by_text("P1", exact=True).first.click()
    page.get_by_test_id("algorithm-lstm").click()
    for name, value in {"epochs": "25", "hidden_size": "16", "seq_length": "28", "num_layers": "1"}.items():
        page.get_by_test_id(f"hp-{name}").fill(value)
    page.get_by_test_id("folds").fill("2")
    page.get_by_test_id("folds").press("Tab")
    expect(page.get_by_test_id("evaluation-said")).to_contain_text("2 times on 28 days")
    page.get_by_test_id("start-training").click()

    chart = page.get_by_test_id("loss-chart")
    expect(chart).to_be_visible(timeout=60_000)
    first = chart.screenshot()
    expect(page.get_by_test_id("log")).to_contain_text("Epoch 5:", timeout=60_000)
    assert chart.screenshot() != first, "the curve did not grow"
    expect(page.get_by_test_id("open-version")).to_be_visible(timeout=90_000)

    page.get_by_test_id("open-version").click()
    expect(page.get_by_test_id("files")).to_contain_text("model.pth")
    expect(page.get_by_test_id("metrics")).to_contain_text("WAPE")
    for drawn in ("error-chart", "coverage-chart"):
        expect(page.get_by_test_id(drawn).locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_test_id("backtest-folds").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_test_id("backtest-series")).to_contain_text("S2")

    page.get_by_test_id("forecast-with").click()
    page.get_by_test_id("horizon").fill("30")
    expect(page.get_by_test_id("future")).to_be_visible()
    page.get_by_test_id("fill-value").fill("0")
    page.get_by_test_id("fill").click()
    page.get_by_test_id("run-forecast").click()
    expect(page.get_by_test_id("forecast-chart").locator("canvas, svg").first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("analysis")).to_contain_text("a day over 30 days")
    expect(page.get_by_test_id("interval-key")).to_contain_text("95%")
    banded = page.get_by_test_id("forecast-chart").screenshot()
    page.get_by_test_id("show-intervals").uncheck()
    page.wait_for_timeout(1000)  # the bands fade out
    assert page.get_by_test_id("forecast-chart").screenshot() != banded, "the bands did not go"

    with page.expect_download() as download:
        page.get_by_test_id("download-csv").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert sum(row["kind"] == "prediction" for row in rows) == 2 * 30
    assert {row["store_id"] for row in rows} == {"S1", "S2"}
    ahead = [row for row in rows if row["kind"] == "prediction"]
    assert all(float(row["lower_95"]) <= float(row["value"]) <= float(row["upper_95"]) for row in ahead)

    page.get_by_test_id("language-switch").click()
    expect(page.get_by_test_id("analysis")).to_contain_text("未来 30 天日均")
    page.reload()
    expect(page.get_by_test_id("nav-data").first).to_contain_text("数据")
    page.get_by_test_id("nav-history").first.click()
    expect(page.get_by_test_id("forecasts")).to_contain_text("P1")


def test_a_reload_shows_the_same_thing(page: Page, fresh: Server, table: Path) -> None:
    page.goto(fresh.login)
    page.get_by_test_id("nav-data").first.click()
    page.get_by_test_id("register-path").fill(str(table))
    page.get_by_test_id("register").click()
    expect(page.get_by_test_id("audit")).to_be_visible()
    address = page.url
    page.reload()
    expect(page.get_by_test_id("audit")).to_be_visible()
    assert page.url == address


def test_an_error_of_the_server_is_shown_in_its_words(page: Page, fresh: Server, home: Path) -> None:
    broken = home / "data" / "broken.parquet"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"not parquet")
    page.goto(fresh.login)
    page.get_by_test_id("nav-data").first.click()
    page.get_by_test_id("register-path").fill(str(broken))
    page.get_by_test_id("register").click()
    expect(page.get_by_test_id("problem").first).to_contain_text("begin with PAR1")


def test_nobody_gets_in_without_the_url(page: Page, fresh: Server) -> None:
    page.goto(fresh.url)
    expect(page.get_by_text("tidebook serve").first).to_be_visible()
    page.goto(fresh.login)
    expect(page.get_by_test_id("nav-data").first).to_be_visible()
    page.context.clear_cookies()
    page.goto(fresh.login)
    expect(page.get_by_test_id("nav-data")).to_have_count(0)


def test_a_plug_in_appears_among_the_algorithms_with_its_form(
    page: Page, fresh: Server, home: Path, table: Path
) -> None:
    from tests.acceptance.test_plugin import PLUGIN

    (home / "plugins").mkdir(exist_ok=True)
    (home / "plugins" / "recent_mean.py").write_text(PLUGIN, encoding="utf-8")
    page.goto(fresh.login)
    page.get_by_test_id("nav-data").first.click()
    page.get_by_test_id("register-path").fill(str(table))
    page.get_by_test_id("register").click()
    page.get_by_test_id("train-on-this").click()
    page.get_by_test_id("algorithm-recent_mean").click()
    expect(page.get_by_test_id("hp-days")).to_have_value("14")
    expect(page.get_by_test_id("hyperparameters")).to_contain_text("Days that are averaged.")
