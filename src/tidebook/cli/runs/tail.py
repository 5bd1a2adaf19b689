"""`tidebook runs tail`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tidebook.cli.words import words

SECONDS = 0.5  #: between looks at the files
_BLOCK = 64 * 1024


def tail(
    run: Annotated[str, typer.Argument(help=words("run_name"))],
    follow: Annotated[bool, typer.Option("--follow", "-f", help=words("follow"))] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help=words("log_lines"))] = 20,
    metrics: Annotated[bool, typer.Option("--metrics", help=words("tail_metrics"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("tail_json"))] = False,
) -> None:
    """The end of a run's log, or of its metrics, and what is added to it until the run ends."""
    from tidebook.cli.output import harmless
    from tidebook.cli.runs.finding import find
    from tidebook.runs.record import ENDED, describe

    folder = find(run)
    last = _LastEntries(folder, lines) if metrics else _LastLines(folder, lines)
    while True:
        ended = not follow or describe(folder)["status"] in ENDED  # looked at first: nothing comes after the end
        for text in last.more(json):
            sys.stdout.write(f"{text if json else harmless(text)}\n")
        sys.stdout.flush()
        if ended:
            return
        time.sleep(SECONDS)


def last_lines(path: Path, count: int) -> tuple[list[str], int]:
    """The last complete lines of a text file of any size, and the position behind them."""
    try:
        with path.open("rb", buffering=0) as file:
            size, wanted = os.fstat(file.fileno()).st_size, _BLOCK
            while True:
                start = max(0, size - wanted)
                data = os.pread(file.fileno(), size - start, start)
                if start == 0 or data.count(b"\n") > count + 1:
                    break
                wanted *= 4
    except OSError:
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    texts = whole.decode(errors="replace").splitlines()
    return (texts[-count:] if count else []), start + len(whole)


class _LastLines:
    """The lines of training.log."""

    def __init__(self, folder: Path, count: int) -> None:
        self._path = folder / "logs" / "training.log"
        self._lines, self._position = last_lines(self._path, count)

    def more(self, as_json: bool) -> list[str]:
        found, self._lines = self._lines or self._read(), []
        return [_json({"line": line}) for line in found] if as_json else found

    def _read(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        return whole.decode(errors="replace").splitlines()


class _LastEntries:
    """The entries of metrics.json."""

    def __init__(self, folder: Path, count: int) -> None:
        from tidebook.runs.log_reading import read_last

        self._path = folder / "logs" / "metrics.json"
        found, self._cursor = read_last(self._path, count)
        self._entries: list[dict[str, Any]] = found[-count:] if count else []

    def more(self, as_json: bool) -> list[str]:
        from tidebook.runs.log_reading import read_metrics

        found, self._entries = self._entries, []
        if not found:
            found, self._cursor = read_metrics(self._path, self._cursor)
        return [_json(entry) if as_json else _line(entry) for entry in found]


def _line(entry: Mapping[str, Any]) -> str:
    heads = [f"{name} {entry[name]}" for name in ("epoch", "step") if name in entry]
    phase = [] if entry.get("phase", "train") == "train" else [str(entry["phase"])]
    rest = (name for name in entry if name not in {"epoch", "step", "phase", "timestamp"})
    values = [
        f"{name}={value:.6g}" if isinstance(v := (value := entry[name]), float) else f"{name}={v}" for name in rest
    ]
    return " ".join([str(entry.get("timestamp", ""))[:19].replace("T", " "), *heads, *phase, *values])


def _json(value: object) -> str:
    import orjson

    return orjson.dumps(value).decode()
