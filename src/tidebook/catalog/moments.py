"""Times as the database keeps them: milliseconds since 1970, so that they sort whatever zone they were written in."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tidebook.core.clock import timestamp


def now() -> int:
    """This moment."""
    return time.time_ns() // 1_000_000


def milliseconds(text: str | None) -> int:
    """The moment that an ISO 8601 text means; a text without offset is UTC, one that is no time is 0."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def text(moment: int) -> str:
    """ISO 8601 in the machine's own zone."""
    return timestamp(datetime.fromtimestamp(moment / 1000, UTC).astimezone())
