"""Which versions the saved forecasts of a home refer to, where there is no database to ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from tidebook.core.errors import TidebookError
from tidebook.records import forecast as records

if TYPE_CHECKING:
    from tidebook.core.settings import Settings


def counted(settings: Settings, addresses: Collection[str]) -> Mapping[str, int]:
    """How many saved forecasts refer to each of the versions that one refers to."""
    found: Counter[str] = Counter()
    for name in records.every(settings):
        try:
            archived = records.archived(settings, name)
            address = archived["summary"]["model"] if archived else records.load(settings, name)["model"]["address"]
        except (TidebookError, KeyError, TypeError):
            continue  # No forecast.
        if address in addresses:
            found[address] += 1
    return found
