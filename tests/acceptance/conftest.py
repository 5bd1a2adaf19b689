"""Servers and command lines as people start them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

TIDEBOOK = [sys.executable, "-m", "tidebook"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process of the test's own: no setting leaks in, the home is the test's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEBOOK_")}
    return {**kept, "TIDEBOOK_HOME": str(home), "PYTHONUNBUFFERED": "1", "TIDEBOOK_LANGUAGE": "en", **more}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def problem(self) -> dict[str, Any]:
        """Standard error as a problem document."""
        return dict(json.loads(self.err))


Command = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def tidebook(home: Path) -> Command:
    """Runs the command line in the test's home."""

    def run(*arguments: str | Path, **env: str) -> Ended:
        done = subprocess.run(
            [*TIDEBOOK, *map(str, arguments)], capture_output=True, text=True, env=environment(home, **env), timeout=300
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@dataclass
class Server:
    """A server that was started as `tidebook serve`."""

    url: str  #: where it listens
    login: str  #: the one-time URL that it printed
    process: subprocess.Popen[str]
    client: httpx.Client  #: logged in

    def wait_for(self, task: str, *, seconds: float = 180) -> dict[str, Any]:
        """The task once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = dict(self.client.get(f"/api/training/{task}").raise_for_status().json())
            if state["state"] not in {"CREATED", "RUNNING"}:
                return state
            time.sleep(0.2)
        raise AssertionError(f"task {task} did not end within {seconds} s")


@contextmanager
def serving(home: Path, *, log_in: bool = True, **env: str) -> Iterator[Server]:
    """`tidebook serve` on a free port; ended when the block is left."""
    process = subprocess.Popen(
        [*TIDEBOOK, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(home, **env),
    )
    assert process.stdout is not None
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"http://\S+/login\?token=\S+", line):
                break
        else:
            raise AssertionError("the server printed no URL:\n" + "".join(printed))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        login = found.group()
        url = login.split("/login")[0]
        with httpx.Client(base_url=url, timeout=120) as client:
            if log_in:
                assert client.get(login).status_code == 303
            yield Server(url, login, process, client)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture
def server(home: Path, shared_or_tmp: Path) -> Iterator[Server]:
    """A server whose data root is the real data where it is there, else the test's folder."""
    with serving(home, TIDEBOOK_DATA_ROOTS=str(shared_or_tmp)) as running:
        yield running


@pytest.fixture
def shared_or_tmp(tmp_path: Path) -> Path:
    """The folder that datasets may be registered from."""
    from tests.conftest import SHARED_DATA

    return SHARED_DATA if SHARED_DATA.is_dir() else tmp_path


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium; required where TIDEBOOK_TEST_REQUIRE says so."""
    if CHROMIUM is None:
        if "browser" in os.environ.get("TIDEBOOK_TEST_REQUIRE", ""):
            pytest.fail("Chromium is required here and not installed")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def fresh(home: Path) -> Iterator[Server]:
    """A server whose one-time URL nobody has opened."""
    with serving(home, log_in=False) as server:
        yield server


@pytest.fixture
def page(browser: Browser, fresh: Server) -> Iterator[Page]:
    """A browser window in English that fails the test on any script error."""
    context = browser.new_context(locale="en-US", viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    window = context.new_page()
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    yield window
    context.close()
    assert faults == []
