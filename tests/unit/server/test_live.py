"""What one WebSocket follows: a topic that breaks ends alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.server.conftest import Running
from tidebook.catalog.runs import Runs

DEEP = b'{"step":0,"loss":1.0,"x":' + b"[" * 600 + b"]" * 600 + b"}"


def made(running: Running, name: str, entry: bytes) -> Path:
    """A run that a program of the user's own wrote into the server's folder."""
    folder = running.services.settings.out / name
    (folder / "logs").mkdir(parents=True)
    (folder / "metadata.json").write_text('{"status": "completed"}')
    (folder / "logs" / "metrics.json").write_bytes(b"[\n" + entry + b"\n]")
    running.services.sync.runs.refresh([name])
    return folder


@pytest.mark.parametrize("query", ["", "?language=zh"])
def test_a_run_with_an_entry_that_cannot_be_told_does_not_end_the_other_topics(running: Running, query: str) -> None:
    made(running, "deep", DEEP)
    made(running, "fine", b'{"step":0,"loss":1.0}')
    with running.live(query=query) as socket:
        for name in ("deep", "fine"):
            socket.send_json({"type": "subscribe", "topic": f"runs/{name}/metrics", "cursor": 0})
        told = {message["topic"]: message for message in (socket.receive_json(), socket.receive_json())}
        assert told["runs/deep/metrics"]["error"]["status"] == 500
        assert told["runs/fine/metrics"]["items"] == [{"step": 0, "loss": 1.0}]


def test_a_topic_that_cannot_even_begin_does_not_end_the_others(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Runs) -> int:
        raise OSError("the disk is gone")

    made(running, "fine", b'{"step":0,"loss":1.0}')
    monkeypatch.setattr(Runs, "last_change", broken)
    with running.live() as socket:
        socket.send_json({"type": "subscribe", "topic": "runs"})
        assert socket.receive_json()["error"]["status"] == 500
        socket.send_json({"type": "subscribe", "topic": "runs/fine/metrics", "cursor": 0})
        assert socket.receive_json()["items"] == [{"step": 0, "loss": 1.0}]
