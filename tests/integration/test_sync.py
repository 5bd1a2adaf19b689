"""Runs that were made offline are sent, all of them, and only once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.integration.conftest import Server, eventually
from tests.integration.sending import (
    assert_equal,
    begin,
    finished,
    free_port,
    sent,
    size,
    there,
)
from tidebook.records import labels

WRITER = Path(__file__).with_name("writer.py")


def test_a_run_that_is_too_large_to_be_told_of_is_refused_and_does_not_keep_others_back(
    server: Server, output: Path
) -> None:
    runs = [finished(output, "bulky"), finished(output, "after_bulky")]
    metadata = runs[0].folder / "metadata.json"
    metadata.write_text(json.dumps({**json.loads(metadata.read_text()), "long": "x" * (17 << 20)}))
    outcomes = sent([run.folder for run in runs], server, patience=5.0)
    assert [outcome.state for outcome in outcomes] == ["refused", "sent"]
    assert "A request must have at most 16,777,216 bytes" in outcomes[0].problem


def test_what_a_dead_process_left_is_sent_completely_and_only_once(server: Server, output: Path) -> None:
    arguments = [str(output), f"http://127.0.0.1:{free_port()}", "tide_x", "500", "0", "died", "die"]
    assert subprocess.run([sys.executable, str(WRITER), *arguments], timeout=60).returncode == 9
    assert not there(server, "died").exists()
    (first,) = sent([output / "died"], server)
    assert (first.state, first.run_name) == ("sent", "died")
    assert_equal(output / "died", there(server, "died"))
    (again,) = sent([output / "died"], server, again=True)
    assert (again.state, again.sent) == ("unchanged", 0)
    (output / "died" / ".synced.json").unlink()
    (again,) = sent([output / "died"], server)
    assert (again.state, again.sent) == ("unchanged", 0)


def test_a_file_that_is_written_while_it_is_sent_arrives_as_it_was_at_one_moment(server: Server, output: Path) -> None:
    run = begin(output, "changing")
    weights = run.folder / "files" / "weights.bin"
    weights.parent.mkdir()
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with weights.open("r+b" if weights.exists() else "wb") as file:
                for _ in range(20):  # in place and in pieces, as some save their weights
                    file.write(bytes([number % 256]) * 4000)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        eventually(weights.exists)
        for _ in range(5):
            sent([run.folder], server)
    finally:
        stop.set()
        writing.join()
    (last,) = sent([run.folder], server)
    assert last.state in {"sent", "unchanged"}
    assert (there(server, "changing") / "files/weights.bin").read_bytes() == weights.read_bytes()
    run.update_status("completed")


def test_labels_that_people_changed_on_the_server_stay(server: Server, output: Path) -> None:
    run = finished(output, "labelled")
    labels.change(run.folder, tags={"team": "east", "old": "1"}, notes="from the script")
    sent([run.folder], server)
    copy = there(server, "labelled")
    assert dict(labels.read(copy).tags) == {"team": "east", "old": "1"}
    labels.change(copy, tag={"seen": "yes"}, notes="from the browser")
    labels.change(run.folder, tag={"team": "west", "old": None})
    sent([run.folder], server)
    now = labels.read(copy)
    assert dict(now.tags) == {"team": "west", "seen": "yes"}
    assert (now.notes, now.owner) == ("from the browser", "admin")


def test_a_run_of_a_project_that_there_is_not_is_refused_and_the_others_are_sent(server: Server, output: Path) -> None:
    lost, kept = finished(output, "nowhere"), finished(output, "kept")
    labels.change(lost.folder, project="unheard-of")
    outcomes = sent([lost.folder, kept.folder], server)
    assert [outcome.state for outcome in outcomes] == ["refused", "sent"]
    assert "The project must exist" in outcomes[0].problem
    assert not there(server, "nowhere").exists()


def test_a_run_whose_status_is_no_text_is_refused_and_the_others_are_sent(server: Server, output: Path) -> None:
    odd, kept = finished(output, "odd_status"), finished(output, "after_odd")
    (odd.folder / "metadata.json").write_text('{"status": ["x"], "created_at": "2020-01-01T00:00:00+00:00"}')
    (odd.folder / "heartbeat").touch()
    outcomes = sent([odd.folder, kept.folder], server, patience=5.0)
    assert [outcome.state for outcome in outcomes] == ["refused", "sent"]
    assert "The status of a run must be text" in outcomes[0].problem
    assert not there(server, "odd_status").exists()


def test_a_run_that_was_deleted_there_comes_back_only_where_it_is_asked_for(server: Server, output: Path) -> None:
    run = finished(output, "unwanted")
    sent([run.folder], server)
    with server.client() as client:
        assert client.delete("/api/runs/unwanted").status_code == 204
    labels.change(run.folder, tag={"stage": "x"})
    (outcome,) = sent([run.folder], server)
    assert (outcome.state, outcome.sent) == ("unchanged", 0)
    assert "it may have been deleted" in outcome.problem
    assert not there(server, "unwanted_2").exists()
    (outcome,) = sent([run.folder], server, again=True)
    assert (outcome.state, outcome.run_name) == ("sent", "unwanted_2")
    labels.change(run.folder, tag={"stage": "y"})
    assert sent([run.folder], server)[0].state == "sent"
    assert labels.read(there(server, "unwanted_2")).tags == {"stage": "y"}


def test_two_runs_of_the_same_name_get_folders_of_their_own(server: Server, tmp_path: Path) -> None:
    first, second = (finished(tmp_path / machine, "twin", entries) for machine, entries in (("a", 2), ("b", 5)))
    names = [outcome.run_name for outcome in sent([first.folder, second.folder], server)]
    assert names == ["twin", "twin_2"]
    assert_equal(first.folder, there(server, "twin"))
    assert_equal(second.folder, there(server, "twin_2"))
    described = json.loads((there(server, "twin_2") / "metadata.json").read_bytes())
    assert described["run_name"] == "twin_2"
    (again,) = sent([second.folder], server, again=True)
    assert (again.run_name, again.sent) == ("twin_2", 0)


def test_a_run_is_known_by_its_id_also_under_another_name_and_without_what_is_derived(
    start_server: Callable[..., Server], output: Path
) -> None:
    server = start_server()
    run = finished(output, "here")
    sent([run.folder], server)
    there(server, "here").rename(there(server, "renamed"))
    server.stop()
    for path in [*server.home.glob("tidebook.db*")]:
        path.unlink()
    for path in (server.home / "cache").glob("ingest/*"):
        path.unlink()
    server.token = ""
    server.start()
    (again,) = sent([run.folder], server, again=True)
    assert again.run_name == "renamed"
    assert not there(server, "here").exists()


def command(*arguments: str | Path, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`tidebook sync` on a machine with its own home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEBOOK_")}
    return subprocess.run(
        [sys.executable, "-m", "tidebook", "--home", str(home), "sync", *map(str, arguments)],
        env={**kept, "TIDEBOOK_LANGUAGE": "en", **env},
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_sends_all_runs_of_the_machine_once(server: Server, tmp_path: Path) -> None:
    machine = tmp_path / "laptop"
    runs = [finished(machine / "home" / "out", "cli_first"), finished(machine / "out", "cli_second")]
    env = {"TIDEBOOK_SERVER": server.url, "TIDEBOOK_TOKEN": server.token}
    first = command(home=machine / "home", **env)
    assert first.returncode == 0, first.stderr
    assert first.stdout.index("cli_first") < first.stdout.index("cli_second")
    assert "2 sent" in first.stdout
    for run in runs:
        assert_equal(run.folder, there(server, run.run_name))
    assert "0 sent, 2 there already" in command(home=machine / "home", **env).stdout
    named = command("cli_first", runs[1].folder, "--json", home=machine / "home", **env)
    assert [(run["state"], run["bytes"]) for run in json.loads(named.stdout)["runs"]] == [("unchanged", 0)] * 2


def test_the_command_says_what_is_wrong(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "laptop" / "home"
    finished(home / "out", "cli_wrong")
    nothing = command(home=home)
    assert (nothing.returncode, "TIDEBOOK_SERVER" in nothing.stderr) == (2, True)
    wrong = command("--server", server.url, "--token", "tide_wrong", home=home)
    assert (wrong.returncode, "You must be logged in" in wrong.stderr) == (1, True)
    unknown = command("cli_wrnog", "--server", server.url, "--token", server.token, home=home)
    assert (unknown.returncode, "cli_wrong" in unknown.stderr) == (4, True)


def test_the_command_goes_on_sending_while_it_watches(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "laptop" / "home"
    run = begin(home / "out", "watched")
    env = {name: value for name, value in os.environ.items() if not name.startswith("TIDEBOOK_")}
    env |= {"TIDEBOOK_HOME": str(home), "TIDEBOOK_SERVER": server.url, "TIDEBOOK_TOKEN": server.token}
    watching = subprocess.Popen([sys.executable, "-m", "tidebook", "sync", "--watch"], env=env, cwd=tmp_path)
    try:
        copy = there(server, "watched")
        eventually((copy / "heartbeat").exists)
        for epoch in range(2):
            run.log_metrics(epoch, {"loss": 1.0})
            eventually(lambda: size(copy / "logs/metrics.json") == size(run.folder / "logs/metrics.json"))
        run.update_status("completed")
        eventually(lambda: json.loads((copy / "metadata.json").read_bytes())["status"] == "completed")
    finally:
        watching.terminate()
        watching.wait(20)
