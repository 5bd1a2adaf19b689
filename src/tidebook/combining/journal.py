"""What `auto` keeps while it works, so that a training that was killed does not train a candidate twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tidebook.abc import State
from tidebook.combining.composite import of_prefix, prefixed, rebuild
from tidebook.combining.shortlist import Candidate
from tidebook.combining.trial import Outcome
from tidebook.core.clock import timestamp

if TYPE_CHECKING:
    import torch

    from tidebook.abc import FitContext
    from tidebook.combining.rolling import Rolling


@dataclass
class Journal:
    """The outcomes so far, kept as a checkpoint after each."""

    context: FitContext
    rolling: Rolling
    outcomes: list[Outcome] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)  #: trainings begun, by a candidate's key
    spent: float = 0.0  #: seconds, those of killed attempts left out

    def __post_init__(self) -> None:
        self._since = time.monotonic()

    @classmethod
    def open(cls, context: FitContext, rolling: Rolling) -> Journal:
        """The journal of `context.resume`, if there is one and it is of the same data; else a new one."""
        journal = cls(context, rolling)
        content = context.resume.content if context.resume else {}
        if content.get("fingerprint") != rolling.panel.fingerprint or "outcomes" not in content:
            return journal
        restored = [_restored(entry, i, content["model_state_dict"]) for i, entry in enumerate(content["outcomes"])]
        if any(o.forecasts is not None and len(o.forecasts) != len(rolling.actual) for o in restored):
            return journal
        journal.outcomes, journal.attempts = restored, dict(content["attempts"])
        journal.spent = float(content["spent"])
        context.log(f"{len(restored)} candidates were finished before: {', '.join(o.candidate.key for o in restored)}")
        return journal

    @property
    def elapsed(self) -> float:
        """Seconds of work so far, those before an interruption included."""
        return self.spent + time.monotonic() - self._since

    def begin(self, candidate: Candidate) -> int:
        """Notes that `candidate` is about to be trained, and returns how often it was before without an end."""
        before = self.attempts.get(candidate.key, 0)
        self.attempts[candidate.key] = before + 1
        if self.outcomes:
            self._keep()
        return before

    def add(self, outcome: Outcome) -> None:
        """Keeps `outcome`, and reports it as an epoch of its own."""
        self.outcomes.append(outcome)
        if outcome.forecasts is not None:
            wape = self.rolling.wape(outcome.forecasts)
            scored = {} if wape is None else {"val_loss": wape, "val_wape": wape}
            self.context.report(len(self.outcomes), {**scored, "seconds": round(outcome.seconds, 3)})
        self._keep()

    def _keep(self) -> None:
        """Every checkpoint holds all that those before it did, so the newest is the best."""
        wapes = [self.rolling.wape(o.forecasts) for o in self.outcomes if o.forecasts is not None]
        best = min((wape for wape in wapes if wape is not None), default=None)
        metrics = {} if best is None else {"val_loss": best, "val_wape": best}
        entries: list[dict[str, Any]] = []
        weights: dict[str, torch.Tensor] = {}
        for i, outcome in enumerate(self.outcomes):
            state = outcome.fitted.state() if outcome.fitted is not None else None
            entries.append(_entry(outcome, state))
            weights |= prefixed(i, state.weights) if state else {}
        content = {
            "epoch": len(self.outcomes),
            "model_state_dict": weights,
            "optimizer_state_dict": {},
            "metrics": metrics,
            "timestamp": timestamp(),
            "fingerprint": self.rolling.panel.fingerprint,
            "spent": self.elapsed,
            "attempts": self.attempts,
            "outcomes": entries,
        }
        self.context.save(len(self.outcomes), content, metrics, best=True)


def _entry(outcome: Outcome, state: State | None) -> dict[str, Any]:
    import torch

    return {
        "model_type": outcome.candidate.model_type,
        "overrides": dict(outcome.candidate.overrides),
        "seconds": outcome.seconds,
        "notes": list(outcome.notes),
        "config": state.config if state else None,
        "forecasts": None if outcome.forecasts is None else torch.from_numpy(outcome.forecasts),
    }


def _restored(entry: dict[str, Any], i: int, weights: dict[str, torch.Tensor]) -> Outcome:
    candidate = Candidate(entry["model_type"], dict(entry["overrides"]))
    if entry["config"] is None:
        return Outcome(candidate, entry["seconds"], notes=tuple(entry["notes"]))
    fitted = rebuild(candidate.model_type, State(entry["config"], of_prefix(i, weights)))
    return Outcome(candidate, entry["seconds"], fitted, entry["forecasts"].numpy(), tuple(entry["notes"]))
