"""The time as Tidebook writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def now(zone: str | None = None) -> datetime:
    """The current moment, in `zone` (an IANA name) or the machine's own."""
    moment = datetime.now(UTC)
    return moment.astimezone(ZoneInfo(zone) if zone else None)


def timestamp(moment: datetime | None = None) -> str:
    """`moment` (default: now) as ISO 8601 with milliseconds and offset."""
    return (moment or now()).isoformat(timespec="milliseconds")
