"""Steps that are looked at together, because one alone has too little to stand on."""

from __future__ import annotations

from collections.abc import Callable


def windows(steps: int, enough: Callable[[int, int], bool]) -> list[tuple[int, int]]:
    """For each of `steps` the steps [first, last) around it that are `enough`.

    A window grows by a step on either side until it is, or holds all steps.
    """
    found = []
    for step in range(steps):
        first, last = step, step + 1
        while (first > 0 or last < steps) and not enough(first, last):
            first, last = max(0, first - 1), min(steps, last + 1)
        found.append((first, last))
    return found
