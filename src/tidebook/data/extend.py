"""A panel with a future: days to forecast, and what is known of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np

from tidebook.core.arrays import F32, Days, Flags
from tidebook.core.errors import InvalidInput, nearest
from tidebook.core.scope import ALL
from tidebook.data.encode import encode_value, is_level
from tidebook.data.finding import LABELS, never_seen
from tidebook.data.panel import Panel
from tidebook.data.plan import Plan


def extend(panel: Panel, horizon: int, future: Sequence[Mapping[str, Any]], required: Sequence[str]) -> Panel:
    """`panel` with `horizon` days after its history.

    A row of `future` has a `date`, covariates, and optionally `product_id` and `store_id` (or the dataset's own
    column names); without ids it holds for all series, and a row with ids counts for more than one without. The plan
    of the panel's source holds where no row says otherwise.
    What is neither stated nor required goes on as it was: open, a level such as a price as last seen, else 0.
    A text that was never seen in training is told in the findings.
    InvalidInput where a covariate of `required` lacks a value for a series and day, or a row names what is not there.
    """
    shape = (len(panel.keys), horizon, len(panel.known_names))
    known = np.repeat(_usual(panel)[:, None, :], horizon, axis=1)
    stated = np.zeros(shape, dtype=np.bool_)
    dates = panel.dates[panel.end - 1] + 1 + np.arange(horizon)
    _put_plan(panel.plan, dates, known, stated)
    rows = [row for row in (_Row(panel, row, dates[0]) for row in future) if 0 <= row.offset < horizon]
    for row in sorted(rows, key=lambda row: row.specific):
        row.put(panel, known, stated)
    _check_required(panel, dates, stated, required)
    cut = panel.end

    def longer(values: F32) -> F32:
        tail = np.zeros((values.shape[0], horizon, *values.shape[2:]), dtype=values.dtype)
        return np.concatenate([values[:, :cut], tail], axis=1)

    return replace(
        panel,
        dates=np.concatenate([panel.dates[:cut], dates]),
        target=longer(panel.target),
        mask=np.concatenate([panel.mask[:, :cut], np.zeros((shape[0], horizon), dtype=np.bool_)], axis=1),
        known=np.concatenate([panel.known[:, :cut], known], axis=1),
        past=longer(panel.past),
        findings=(*panel.findings, *_unseen(panel, rows)),
    )


def _usual(panel: Panel) -> F32:
    """[S, K]: what a day holds about which nothing is said."""
    usual = np.zeros((len(panel.keys), len(panel.known_names)), dtype=np.float32)
    for k, name in enumerate(panel.known_names):
        history = panel.known[:, : panel.end, k]
        if name == panel.open_name:
            usual[:, k] = 1
        elif name not in panel.categories and is_level(history):
            usual[:, k] = history[:, -1]
    return usual


def _put_plan(plan: Plan | None, dates: Days, known: F32, stated: Flags) -> None:
    """Puts what the source says of `dates` into known and stated [S, H, K]."""
    if plan is None:
        return
    _, here, there = np.intersect1d(dates, plan.first + np.arange(plan.values.shape[1]), return_indices=True)
    values = plan.values[:, there]
    stated[:, here] = ~np.isnan(values)
    known[:, here] = np.where(stated[:, here], values, known[:, here])


def _unseen(panel: Panel, rows: Sequence[_Row]) -> Iterator[dict[str, object]]:
    """What the rows say in texts that the model was not trained with."""
    for name in panel.known_names:
        texts = Counter(str(row.values[name]) for row in rows if name in row.values and name in panel.categories)
        strange = {text: rows for text, rows in texts.most_common() if text and text not in panel.categories[name]}
        if strange:
            yield never_seen(name, sum(strange.values()), len(panel.keys), list(strange)[:LABELS]).to_json()


class _Row:
    """One stated row of the future."""

    def __init__(self, panel: Panel, row: Mapping[str, Any], first: np.datetime64) -> None:
        mapping = panel.mapping
        names = {
            "date": mapping.date if mapping else None,
            "product_id": mapping.product if mapping else None,
            "store_id": mapping.store if mapping else None,
        }
        taken = {key: next((n for n in (key, own) if n and row.get(n) is not None), None) for key, own in names.items()}
        if taken["date"] is None:
            raise InvalidInput(
                "A row of the future must have a date",
                got=repr(dict(row))[:120],
                fix='Write {"date": "2024-08-01", …}.',
            )
        self.offset = int((np.datetime64(_day(row[taken["date"]]), "D") - first).astype(int))  #: days after the first
        self.ids = {key: str(row[name]) for key, name in taken.items() if key != "date" and name is not None}
        own_names = {name for pair in names.items() for name in pair if name}
        self.values = {name: value for name, value in row.items() if name not in own_names and value is not None}
        for name in self.values:
            if name not in panel.known_names and not _ignored(panel, name):
                raise InvalidInput(
                    "The future can be stated only of covariates that the model knows",
                    got=name,
                    fix=nearest(name, panel.known_names)
                    if panel.known_names
                    else "This model uses none; leave it out.",
                )
        self.specific = len(self.ids)

    def put(self, panel: Panel, known: F32, stated: Flags) -> None:
        series = [
            i
            for i, key in enumerate(panel.keys)
            if all(value in (getattr(key, name), ALL) for name, value in self.ids.items())
        ]
        for name, value in self.values.items():
            if name in panel.known_names:
                k = panel.known_names.index(name)
                known[series, self.offset, k] = encode_value(value, name, panel.categories)
                stated[series, self.offset, k] = True


def _ignored(panel: Panel, name: str) -> bool:
    """Columns of the dataset that this model does not use: a plan in the dataset's own form may hold them."""
    return name in panel.columns


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise InvalidInput(
            "A date of the future must be written as YYYY-MM-DD", got=repr(value), fix="Correct it."
        ) from error


def _check_required(panel: Panel, dates: Days, stated: Flags, required: Sequence[str]) -> None:
    for name in required:
        k = panel.known_names.index(name)
        lacking = ~stated[:, :, k]
        if not lacking.any():
            continue
        series, days = np.nonzero(lacking)
        key = panel.keys[series[0]]
        first, last = dates[days.min()], dates[days.max()]
        where = (
            f"no value of {name} for {lacking.any(axis=1).sum()} series ({key.label}, …)"
            if len(panel.keys) > 1
            else f"no value of {name}"
        )
        example = json.dumps({"date": str(dates[0]), **dict.fromkeys(required, 0)}, ensure_ascii=False)
        raise InvalidInput(
            f"The future of {', '.join(required)}, which the model was trained with, must be stated for every day",
            got=f"{where} on {len(set(days.tolist()))} days, {first} to {last}",
            fix=f"Give `future` rows such as {example}, on the command line as --future FILE.csv.",
            covariate=name,
            required=list(required),
            first_day=str(dates[0]),
            last_day=str(dates[-1]),
        )
