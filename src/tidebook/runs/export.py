"""Runs as tables, for spreadsheets and data frames: a row a run, or a row a value of their curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tidebook.core.files import replacing
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.totals import HEADS, TRAIN, as_number

if TYPE_CHECKING:
    import polars as pl

Form = Literal["csv", "parquet"]
GROUPS = ("params", "metrics", "tags")
_PIECE = 4 << 20  # bytes of a log that are read at once


def write_runs(items: Sequence[Mapping[str, Any]], target: Path, form: Form) -> int:
    """Writes a row for each run, with columns `params.…`, `metrics.…` and `tags.…`; returns the number of rows."""
    return _write([_runs(items)], target, form)


def write_curves(items: Iterable[Mapping[str, Any]], target: Path, form: Form) -> int:
    """Writes a row for each logged value: run_name, phase, name, step, epoch, timestamp, value; returns their number.

    A log of any size is read in pieces.
    """
    return _write(_curves(items), target, form)


def _write(frames: Iterable[pl.DataFrame], target: Path, form: Form) -> int:
    count = 0
    with replacing(target) as temporary:
        if form == "csv":
            with temporary.open("wb") as file:
                for number, frame in enumerate(frames):
                    frame.write_csv(file, include_header=number == 0, include_bom=number == 0)
                    count += frame.height
            return count
        from pyarrow.parquet import ParquetWriter

        writer = None
        for frame in frames:
            table = frame.to_arrow()
            writer = writer or ParquetWriter(temporary, table.schema)
            writer.write_table(table)
            count += frame.height
        if writer is not None:
            writer.close()
    return count


def _runs(items: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    import polars as pl

    plain = list(dict.fromkeys(name for item in items for name in item if name not in (*GROUPS, "problems", "folder")))
    columns = {name: [item.get(name) for item in items] for name in plain}
    for group in GROUPS:
        names = sorted({name for item in items for name in item[group]})
        columns |= {f"{group}.{name}": [item[group].get(name) for item in items] for name in names}
    return pl.DataFrame([_series(name, values) for name, values in columns.items()])


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """One column: of numbers or of truth values where all are, else of text."""
    import polars as pl

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean if kinds else pl.String)
    if kinds <= {int, float}:
        whole = float not in kinds and all(value is None or abs(value) < 2**63 for value in values)
        return pl.Series(name, values, dtype=pl.Int64 if whole else pl.Float64, strict=False)
    texts = [value if value is None or isinstance(value, str) else str(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _curves(items: Iterable[Mapping[str, Any]]) -> Iterator[pl.DataFrame]:
    import polars as pl

    schema = {
        "run_name": pl.String,
        "phase": pl.String,
        "name": pl.String,
        "step": pl.Int64,
        "epoch": pl.Float64,
        "timestamp": pl.String,
        "value": pl.Float64,
    }
    yield pl.DataFrame(schema=schema)
    for item in items:
        path, cursor = Path(item["folder"]) / "logs" / "metrics.json", 0
        while True:
            entries, following = read_metrics(path, cursor, max_bytes=_PIECE)
            if following == cursor:
                break
            cursor = following
            rows = [row for entry in entries for row in _points(item["run_name"], entry)]
            yield pl.DataFrame(rows, schema=schema, orient="row", strict=False)


def _points(run_name: str, entry: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    head = (entry.get("step"), entry.get("epoch"), entry.get("timestamp"))
    phase = str(entry.get("phase", TRAIN))
    for name, value in entry.items():
        number = None if name in HEADS else as_number(value)
        if number is not None:
            yield run_name, phase, name, *head, float(number)
