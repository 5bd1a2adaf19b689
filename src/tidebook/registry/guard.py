"""What keeps a version from being deleted. Pure, so that whoever plans deletions goes by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reasons(item: Mapping[str, Any], *, forecasts: int = 0) -> list[str]:
    """Why the version of a list item must stay: `best`, `alias:production`, `pinned`, `forecast:3`; [] where it may go.

    `forecasts` is the number of kept forecasts that refer to it.
    """
    return [
        *(["best"] if item["is_best"] else []),
        *(f"alias:{name}" for name in item["aliases"]),
        *(["pinned"] if item["pinned"] else []),
        *([f"forecast:{forecasts}"] if forecasts else []),
    ]


def spoken(found: list[str]) -> str:
    """The reasons in words."""
    words = []
    for reason in found:
        code, _, more = reason.partition(":")
        match code:
            case "best":
                words.append("the best of its line")
            case "alias":
                words.append(more)
            case "pinned":
                words.append("pinned")
            case _:
                words.append(f"used by {more} saved forecast{'' if more == '1' else 's'}")
    return ", ".join(words)
