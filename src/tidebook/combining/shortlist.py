"""Which algorithms are worth trying on a panel, and with which hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import schema
from tidebook.combining.table import Note, note
from tidebook.core.arrays import Flags
from tidebook.core.errors import InvalidInput, nearest
from tidebook.core.settings import Settings

if TYPE_CHECKING:
    from tidebook.abc import Algorithm
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

BASELINE = "seasonal_naive"
SEASONS = (7, 14)
ONE_BY_ONE = ("ets", "theta", "croston")  #: each series is fitted on its own
ORDER = (*ONE_BY_ONE, "lightgbm", "tcn", "lstm", "gru", "transformer", "mlstm", "kan")  #: the cheap ones first
COMPOSITES = frozenset({"auto", "ensemble"})
MANY_SERIES = 1000
INTERMITTENT = 1.32  #: open days between days with sales, from which demand is intermittent (Syntetos and Boylan, 2005)
NEED = {"ets": 28, "theta": 28, "lightgbm": 120}  #: observed days of the train part, over all series
NEED_NEURAL = 200
QUICK = {"seq_length": 112, "hidden_size": 64, "batch_size": 64, "epochs": 10, "learning_rate": 0.003}
ROOM = {"seq_length": 3, "output_length": 6}  #: of short histories a window may take this part


@dataclass(frozen=True)
class Candidate:
    """An algorithm with the hyper-parameters that differ from its defaults."""

    model_type: str
    overrides: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Tells it from all others."""
        return " ".join([self.model_type, *(f"{name}={value}" for name, value in self.overrides.items())])


def shortlist(panel: Panel, span: Span, wanted: str) -> tuple[list[Candidate], dict[str, Note]]:
    """The candidates in the order to try them, the baselines first, and why the others are left out, by name.

    `wanted` is "default" for those that suit the train part of the panel, or names separated by commas, which are all
    taken. InvalidInput for a name that there is not.
    """
    candidates = [Candidate(BASELINE, {"season": season}) for season in SEASONS]
    named = wanted.strip() != "default"
    skipped: dict[str, Note] = {}
    length = longest(panel, span)
    for name in _named(wanted) if named else ORDER:
        if name == BASELINE:
            continue
        try:
            algorithm = registry.find(name, Settings().plugins)
        except Exception as error:  # noqa: BLE001 - whatever keeps one from being imported, the others go on
            skipped[name] = note("skipped_import", error=error)
            continue
        unsuited = None if named else _unsuited(algorithm, panel, span)
        if unsuited is None:
            candidates.append(Candidate(name, fitting(algorithm, length)))
        else:
            skipped[name] = unsuited
    return candidates, skipped


def longest(panel: Panel, span: Span) -> int:
    """Days from the first observed one to the end of the train part, of the series that begins first."""
    observed = panel.mask[:, span.start : span.train_end].any(axis=0)
    return int(span.train_end - span.start - observed.argmax()) if observed.any() else 0


def fitting(algorithm: Algorithm, days: int) -> dict[str, Any]:
    """What `algorithm` is tried with: QUICK for a neural one, its windows no longer than `days` days leave room for."""
    properties = schema(algorithm.Hyperparameters)["properties"]
    chosen = {name: value for name, value in QUICK.items() if name in properties} if algorithm.traits.neural else {}
    lengths = {name: chosen.get(name, properties[name]["default"]) for name in ROOM if name in properties}
    if days < sum(lengths.values()) + lengths.get("output_length", 0):
        chosen |= {
            name: max(properties[name].get("minimum", 1), min(lengths[name], days // ROOM[name])) for name in lengths
        }
    return chosen


def _named(wanted: str) -> list[str]:
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    plugins = Settings().plugins
    known = set(registry.names(plugins)) - COMPOSITES
    for name in names:
        if name not in known:
            raise InvalidInput(
                "candidates must be default, or names of algorithms separated by commas",
                got=name,
                fix=nearest(name, sorted(known)),
                field="candidates",
            )
    return list(dict.fromkeys(names))


def _unsuited(algorithm: Algorithm, panel: Panel, span: Span) -> Note | None:
    """Why `algorithm` is not worth trying on the train part of `panel`; None where it is."""
    part = slice(span.start, span.train_end)
    observed = panel.mask[:, part]
    if algorithm.name == "croston":
        opened = observed & _open(panel)[:, part]
        sold = int((opened & (panel.target[:, part] != 0)).sum())
        if sold * INTERMITTENT > opened.sum():
            return note("skipped_continuous", share=sold / int(opened.sum()))
    if algorithm.name in ONE_BY_ONE and len(panel.keys) > MANY_SERIES:
        return note("skipped_many", series=len(panel.keys))
    need = NEED_NEURAL if algorithm.traits.neural else NEED.get(algorithm.name, 0)
    days = int(observed.sum())
    return note("skipped_short", need=need, got=days) if days < need else None


def _open(panel: Panel) -> Flags:
    """[S, T]: whether a series was open; without a covariate that says so, always."""
    if panel.open_name is None:
        return np.ones(panel.mask.shape, dtype=np.bool_)
    opened: Flags = panel.known[:, :, panel.known_names.index(panel.open_name)] > 0
    return opened
