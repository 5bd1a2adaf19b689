"""A real server process on a free port, and clients that are logged in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tidebook.sdk.reporter import Reporter

if TYPE_CHECKING:
    from tests.integration.people import People

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass
class Server:
    """A server process and its home."""

    home: Path
    kind: str  #: of job, see tests/unit/tasks/jobs.py; `real` for the real ones
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    login_url: str = ""
    ready_seconds: float = 0.0
    token: str = ""
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT."""
        return self.login_url.split("/login")[0]

    @property
    def pid(self) -> int:
        """Of the server process."""
        assert self.process is not None
        return self.process.pid

    def start(self, port: int = 0) -> Server:
        """Starts it and waits until it says that it is ready."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("TIDEBOOK_")}
        env |= {"TIDEBOOK_HOME": str(self.home), "TIDEBOOK_PORT": str(port), "PYTHONUNBUFFERED": "1", **self.env}
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(LAUNCH), self.kind],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"http://\S+/login\?token=\S+", line)
            if found:
                self.login_url = found.group()
                break
        else:
            self.process.wait(10)
            self.process.stdout.close()
            raise AssertionError("".join(self.output))
        self.ready_seconds = time.monotonic() - began
        threading.Thread(target=self._drain, daemon=True).start()
        if not self.token:
            with httpx.Client(base_url=self.url, trust_env=False) as client:
                client.get(self.login_url)
                self.token = client.post("/api/tokens", json={"name": "tests"}).json()["token"]
        return self

    def client(self) -> httpx.Client:
        """A client with a bearer token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def kill(self) -> None:
        """As `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def stop(self) -> None:
        """Politely."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
        self._ended()

    def _ended(self) -> None:
        if self.process is not None:
            self.process.wait(20)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def _drain(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            self.output.extend(self.process.stdout)
        except ValueError:
            return  # closed


def publish(home: Path, line: str, **metadata: Any) -> str:
    """A version with nothing but metadata, for servers whose workers need no model."""
    from tidebook.core.files import write_json
    from tidebook.core.settings import Settings
    from tidebook.store import open_store

    store = open_store(Settings(home=home))
    number = store.claim(line, f"{line}-{time.monotonic_ns()}")
    source = home / "metadata.json"
    write_json(source, {"format_version": 1, "description": f"training of {line}", **metadata})
    store.commit(f"{line}/v{number}", store.fill(f"{line}/v{number}", {"metadata.json": source}))
    source.unlink()
    return f"{line}/v{number}"


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers on the test's own home; they are ended afterwards."""
    servers: list[Server] = []

    def start(kind: str = "train:3:0.05", **env: str) -> Server:
        server = Server(tmp_path / "home", kind, env)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of a module share."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "data").mkdir()
    env = {"TIDEBOOK_DATA_ROOTS": str(folder / "data"), "TIDEBOOK_MAX_UPLOAD_BYTES": "100000"}
    publish(folder / "home", "product/P001_all/lstm")
    started = Server(folder / "home", "train:3:0.05", env).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A server with several users, which the tests of a module share."""
    from tests.integration.people import gathered

    with gathered(tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of the shared server."""
    with server.client() as made:
        yield made


def eventually(look: Callable[[], Any], seconds: float = 40.0) -> Any:
    """What `look` gives as soon as it is true; fails after a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """The out/ folder of the machine that trains, which is not the server's."""
    return tmp_path / "elsewhere" / "out"


@pytest.fixture
def reporters() -> Iterator[list[Reporter]]:
    """Reporters that are closed afterwards, whatever the test does."""
    made: list[Reporter] = []
    yield made
    for reporter in made:
        reporter.close(0)
        if reporter._thread is not None:
            reporter._thread.join(20)
            assert not reporter._thread.is_alive()
