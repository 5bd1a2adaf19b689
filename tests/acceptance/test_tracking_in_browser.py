"""Runs as a team follows them in a real browser."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import Server, environment

pytestmark = pytest.mark.browser

SCRIPT = """
import sys, time
from pathlib import Path
import tidebook

rate, stop = float(sys.argv[1]), Path(sys.argv[2])
with tidebook.start_run(params={"learning_rate": rate, "layers": 2}, name=f"rate-{rate}", tags={"team": "east"}) as run:
    step = 0
    while not stop.exists():
        step += 1
        run.log(loss=rate + 1 / step, accuracy=1 - rate - 0.5 / step)
        time.sleep(0.05)
"""
RATES = ("0.1", "0.2", "0.3")
NAMES = tuple(f"rate-{rate}" for rate in RATES)


@contextmanager
def logging_from(home: Path, rates: tuple[str, ...], stop: Path) -> Iterator[None]:
    """A process for each rate, which logs until the block is left."""
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, rate, str(stop)], env=environment(home), stderr=subprocess.PIPE)
        for rate in rates
    ]
    try:
        yield
    finally:
        stop.touch()
        ends = [process.communicate(timeout=60)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * len(rates), ends


def points(page: Page) -> int:
    """How many points of the loss are drawn."""
    return int(page.locator("[data-figure=loss]").get_attribute("data-points") or 0)


def test_three_processes_log_and_a_team_watches_compares_and_shares_the_link(
    page: Page, browser: Browser, fresh: Server, home: Path, tmp_path: Path
) -> None:
    page.goto(fresh.login)
    page.get_by_test_id("nav-runs").first.click()
    expect(page.get_by_test_id("empty")).to_contain_text("start_run")

    with logging_from(home, RATES, tmp_path / "stop"):
        expect(page.locator("tr[data-run]")).to_have_count(3)
        page.locator("tr[data-run='rate-0.1']").get_by_role("link", name="rate-0.1").click()
        page.get_by_test_id("tab-curves").click()
        expect(page.get_by_test_id("curve-controls")).to_be_visible()
        expect(page.get_by_test_id("run-curves").locator("canvas").first).to_be_visible()
        before, deadline = points(page), time.monotonic() + 20
        while points(page) <= before:
            assert time.monotonic() < deadline, "the curve must grow while its process logs"
            page.wait_for_timeout(100)
        page.go_back()
        page.get_by_test_id("nav-runs").first.click()
        expect(page.locator("[data-status=training]")).to_have_count(3)

    expect(page.locator("[data-status=completed]")).to_have_count(3)
    page.get_by_test_id("run-filter").fill("params.learning_rate < 0.25")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-run]")).to_have_count(2)
    page.get_by_test_id("choose-all").check()
    page.get_by_test_id("compare").click()
    expect(page.get_by_test_id("best-run")).to_contain_text("rate-0.1")
    changed = page.get_by_test_id("compare-tables")
    expect(changed).to_contain_text("learning_rate")
    expect(changed).not_to_contain_text("layers")

    colleague = invite(page, fresh)
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    other = context.new_page()
    other.goto(colleague)
    other.goto(page.url)
    expect(other.get_by_test_id("best-run")).to_contain_text("rate-0.1")
    expect(other.get_by_test_id("compare-tables")).to_contain_text("learning_rate")
    context.close()


def invite(page: Page, server: Server) -> str:
    """The login URL of a new member."""
    made = page.request.post(
        f"{server.url}/api/users", data={"id": "mei", "name": "Mei"}, headers={"Origin": server.url}
    )
    assert made.status == 201, made.text()
    return str(made.json()["login_url"])
