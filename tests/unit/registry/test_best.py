from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tidebook.registry.best import best_of


def version(number: int, wape: float | None = None, end: str | None = "2024-06-30") -> dict[str, Any]:
    return {"version": f"v{number}", "validation": None if wape is None else {"wape": wape, "end": end}}


def name(items: list[dict[str, Any]]) -> str | None:
    best = best_of(items)
    return None if best is None else str(best["version"])


def test_the_lowest_validation_wape_is_best() -> None:
    assert name([version(1, 0.3), version(2, 0.1), version(3, 0.2)]) == "v2"


def test_a_tie_goes_to_the_newest() -> None:
    assert name([version(1, 0.1), version(10, 0.1), version(9, 0.1)]) == "v10"


def test_only_versions_validated_on_the_newest_span_are_compared() -> None:
    assert name([version(1, 0.01, "2023-12-31"), version(2, 0.5), version(3, 0.4, "2024-06-29")]) == "v2"


def test_a_version_without_a_validation_is_best_only_where_none_has_one() -> None:
    assert name([version(1, 0.9), version(2), version(3, math.nan)]) == "v1"
    assert name([version(1), version(2)]) == "v2"
    assert name([{"version": "v1", "validation": "broken"}]) == "v1"


def test_a_version_that_cannot_be_loaded_is_never_best() -> None:
    broken = {**version(3, 0.01), "problem": "There is no model.pth to load."}
    assert name([version(1, 0.3), version(2, 0.2), broken]) == "v2"
    assert name([version(1), {**version(2), "problem": "a pickle"}]) == "v1"
    assert name([broken]) is None


def test_of_no_versions_none_is_best() -> None:
    assert name([]) is None


@given(
    st.lists(
        st.tuples(st.none() | st.floats(0, 2), st.sampled_from(["2024-01-01", "2024-02-01"])), min_size=1, max_size=8
    )
)
def test_the_best_does_not_depend_on_the_order(parts: list[tuple[float | None, str]]) -> None:
    items = [version(n, wape, end) for n, (wape, end) in enumerate(parts, start=1)]
    best = name(items)
    assert best == name(items[::-1])
    validated = [item for item in items if item["validation"]]
    if validated:
        newest = max(item["validation"]["end"] for item in validated)
        lowest = min(item["validation"]["wape"] for item in validated if item["validation"]["end"] == newest)
        (found,) = [item for item in items if item["version"] == best]
        assert (found["validation"]["wape"], found["validation"]["end"]) == (lowest, newest)
