"""Curves of what was logged, from columns that grow with the log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidebook.catalog.curves import Curves, columns
from tidebook.catalog.curves.sampling import thinned
from tidebook.core.errors import NotFound
from tidebook.core.settings import Settings
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.metrics_log import MetricsLog

START = 1_793_527_200.0  # 2026-11-01T10:00:00Z


@pytest.fixture
def curves(settings: Settings) -> Curves:
    """The cache of the test's home."""
    return Curves(settings)


@pytest.fixture
def log(settings: Settings) -> Iterator[MetricsLog]:
    """The open log of a run."""
    made = MetricsLog.at(settings.out / "run" / "logs" / "metrics.json")
    yield made
    made.close()


def entry(step: int | None = None, **values: Any) -> dict[str, Any]:
    """An entry, one second after the one before."""
    heads = {} if step is None else {"step": step, "timestamp": f"2026-11-01T10:00:{step % 60:02}+00:00"}
    return {"phase": "train", **heads, **values}


def run_of(log: MetricsLog) -> Path:
    """The folder of the run."""
    return log.path.parent.parent


def test_points_come_as_they_were_logged_whatever_the_names(curves: Curves, log: MetricsLog) -> None:
    for step in range(3):
        log.append(entry(step, **{"../x": step * 2.0, "<b>": "NaN" if step == 1 else 1.0, "text": "no number"}))
    log.append({"epoch": 1, "phase": "test", "timestamp": "2026-11-01T10:01:00+00:00", "../x": 7})
    found = curves.curve(run_of(log), "../x", "train")
    assert (found["x"], found["y"], found["total"], found["sampled"]) == ([0, 1, 2], [0, 2, 4], 3, False)
    assert curves.curve(run_of(log), "<b>", None)["y"] == [1.0, None, 1.0]
    assert curves.curve(run_of(log), "test/../x", None, axis="epoch")["x"] == [1.0]
    assert curves.curve(run_of(log), "../x", "test", axis="time", origin=START)["x"] == [60.0]
    assert [(each["phase"], each["name"], each["points"]) for each in curves.metrics(run_of(log))] == [
        ("train", "../x", 3),
        ("train", "<b>", 3),
        ("test", "../x", 1),
    ]
    assert curves.metrics(run_of(log))[0] == {
        "name": "../x",
        "phase": "train",
        "points": 3,
        "last": 4.0,
        "min": 0.0,
        "max": 4.0,
    }


def test_columns_grow_with_the_log_and_read_no_byte_twice(
    curves: Curves, log: MetricsLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counting(path: Path, after: int, *, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        entries, cursor = read_metrics(path, after, max_bytes=max_bytes)
        read.extend(value["step"] for value in entries)
        return entries, cursor

    monkeypatch.setattr(columns, "read_metrics", counting)
    for step in range(100):
        log.append(entry(step, loss=float(step)))
        if step % 7 == 0:
            curves.prepare(run_of(log))
    assert curves.curve(run_of(log), "loss", None, points=1000)["y"] == [float(step) for step in range(100)]
    assert read == list(range(100))


def test_steps_that_nobody_stated_are_epochs_or_counted(curves: Curves, log: MetricsLog) -> None:
    for epoch in (3, 4):
        log.append({"epoch": epoch, "phase": "train", "loss": 1.0})
    for _ in range(3):
        log.append({"phase": "train", "other": 1.0})
    assert curves.curve(run_of(log), "loss", None)["x"] == [3.0, 4.0]
    assert curves.curve(run_of(log), "other", None)["x"] == [0.0, 1.0, 2.0]
    assert curves.curve(run_of(log), "other", None, axis="epoch")["x"] == []


def test_a_clock_that_jumps_back_and_steps_that_come_again_are_put_in_order(curves: Curves, log: MetricsLog) -> None:
    for step in (0, 1, 2, 1, 2, 3):
        log.append(entry(step, loss=float(step)))
    found = curves.curve(run_of(log), "loss", None)
    assert found["x"] == [0, 1, 1, 2, 2, 3]
    assert curves.curve(run_of(log), "loss", None, start=1, end=2)["x"] == [1, 1, 2, 2]


def test_of_a_million_points_the_smallest_and_the_largest_stay_and_a_part_is_shown_in_full(
    curves: Curves, settings: Settings
) -> None:
    count = 1_000_000
    path = settings.out / "run" / "logs" / "metrics.json"
    path.parent.mkdir(parents=True)
    low, high = 123_457, 765_433
    with path.open("w") as file:
        file.write("[\n")
        for step in range(count):
            value = -9 if step == low else 9 if step == high else step % 7 / 7
            file.write(f'{{"step":{step},"phase":"train","loss":{value}}}' + (",\n" if step < count - 1 else "\n]"))
    run = settings.out / "run"
    found = curves.curve(run, "loss", None, points=1000)
    assert found["total"] == count
    assert found["sampled"]
    assert len(found["x"]) <= 1000
    assert (min(found["y"]), max(found["y"])) == (-9, 9)
    assert found["x"][found["y"].index(-9)] == low
    part = curves.curve(run, "loss", None, points=1000, start=low - 10, end=low + 10)
    assert part["x"] == list(range(low - 10, low + 11))
    assert not part["sampled"]


def test_a_log_that_was_cut_replaced_or_removed_is_read_anew(curves: Curves, log: MetricsLog) -> None:
    run = run_of(log)
    for step in range(50):
        log.append(entry(step, loss=1.0))
    log.close()
    assert curves.curve(run, "loss", None)["total"] == 50
    log.path.write_text('[\n{"phase":"train","loss":2.0}\n]')
    assert curves.curve(run, "loss", None)["y"] == [2.0]
    other = log.path.with_name("other")
    other.write_text('[\n{"phase":"train","loss":3.0},\n{"phase":"train","loss":4.0}\n]')
    other.replace(log.path)
    assert curves.curve(run, "loss", None)["y"] == [3.0, 4.0]
    log.path.unlink()
    assert curves.metrics(run) == []
    with pytest.raises(NotFound, match="must have logged the metric"):
        curves.curve(run, "loss", None)


@pytest.mark.parametrize("content", ["", "[", "[\n]", "{}", "null", "\x00\x01", '[\n{"phase":"train","lo'])
def test_a_log_without_a_whole_entry_has_no_metrics(curves: Curves, settings: Settings, content: str) -> None:
    path = settings.out / "run" / "logs" / "metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert curves.metrics(settings.out / "run") == []


def test_columns_that_lost_their_end_are_made_again(curves: Curves, log: MetricsLog, settings: Settings) -> None:
    for step in range(10):
        log.append(entry(step, loss=float(step)))
    curves.metrics(run_of(log))
    (file,) = (settings.cache / "curves").rglob("*.f64")
    file.write_bytes(file.read_bytes()[:-40])
    assert curves.curve(run_of(log), "loss", None)["y"] == [float(step) for step in range(10)]
    (state,) = (settings.cache / "curves").rglob("state.json")
    state.write_text("{")
    assert curves.curve(run_of(log), "loss", None)["total"] == 10


def test_rows_behind_the_saved_state_are_written_again(curves: Curves, log: MetricsLog, settings: Settings) -> None:
    log.append(entry(0, loss=0.0))
    curves.metrics(run_of(log))
    (file,) = (settings.cache / "curves").rglob("*.f64")
    with file.open("ab") as grown:
        grown.write(b"\xff" * 45)  # of a process that died before it saved the state
    log.append(entry(1, loss=1.0))
    assert curves.curve(run_of(log), "loss", None)["y"] == [0.0, 1.0]


def test_several_curves_of_a_run_come_together(curves: Curves, log: MetricsLog) -> None:
    log.append(entry(0, loss=1.0, acc=0.5))
    found = curves.curves(run_of(log), ["acc", "none", "loss"], axis="step", points=100, origin=None)
    assert [(each["name"], each["y"]) for each in found] == [("acc", [0.5]), ("loss", [1.0])]


def test_what_nobody_asked_for_longest_is_evicted(settings: Settings) -> None:
    curves = Curves(settings, max_bytes=50)
    for name in ("old", "new"):
        log = MetricsLog.at(settings.out / name / "logs" / "metrics.json")
        log.append(entry(0, loss=1.0))
        log.close()
        curves.metrics(settings.out / name)
    os.utime(curves._folder(settings.out / "old"), (1, 1))
    curves.evict()
    assert not curves._folder(settings.out / "old").exists()
    assert curves._folder(settings.out / "new").exists()
    assert curves.curve(settings.out / "old", "loss", None)["y"] == [1.0]
    curves.forget(settings.out / "old")
    assert not curves._folder(settings.out / "old").exists()


@given(
    st.lists(st.floats() | st.just(1.0), min_size=1, max_size=300),
    st.integers(10, 40),
)
def test_every_stretch_keeps_its_smallest_and_largest(values: list[float], points: int) -> None:
    y = np.array(values)
    kept = thinned(y, points)
    if kept is None:
        assert len(y) <= points
        return
    assert len(kept) <= points + points // 2
    assert kept[0] == 0
    assert kept[-1] == len(y) - 1
    assert np.all(np.diff(kept) > 0)
    finite = y[np.isfinite(y)]
    if len(finite):
        shown = y[kept][np.isfinite(y[kept])]
        assert shown.min() == finite.min()
        assert shown.max() == finite.max()
    assert np.isfinite(y[kept]).all() == np.isfinite(y).all()
