"""The daily cleanup of a server: once a day among all servers of one database, also after restarts."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from tidebook.core.clock import now, timestamp
from tidebook.core.settings import Settings
from tidebook.retention.keeper import Keeper

logger = logging.getLogger(__name__)

LOOK = 30.0  #: seconds between looks whether it is time
_SIGN = 60.0  # seconds between signs of life


def clean_when_due(keeper: Keeper, settings: Settings, moment: datetime | None = None) -> bool:
    """Cleans up where it is on, the hour has come and nobody has for this day; whether it did.

    One that was killed is begun again, by whoever looks ten minutes later.
    """
    schedule, moment = keeper.policies.schedule(), moment or now(settings.timezone)
    if not schedule.on or moment.hour < schedule.hour or not keeper.policies.claim(moment.date().isoformat()):
        return False
    outcome = keeper.run(told=_Signs(keeper))
    keeper.policies.finish(keeper.last(outcome, timestamp()))
    for item, error in outcome.failed:
        logger.warning("cleanup: %s %s stays: %s", item.kind, item.id, error)
    logger.info("cleanup: %d deleted, %d archived", outcome.deleted, outcome.archived)
    return True


class _Signs:
    """Gives a sign of life from time to time."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self._due = keeper, time.monotonic() + _SIGN

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() >= self._due:
            self._keeper.policies.beat()
            self._due = time.monotonic() + _SIGN
