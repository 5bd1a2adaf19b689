"""The daily cleanup of a server: once a day among all servers of one database, also after restarts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tidebook.core.clock import now, timestamp
from tidebook.core.errors import Conflict
from tidebook.core.settings import Settings
from tidebook.retention.keeper import Keeper

logger = logging.getLogger(__name__)

LOOK = 30.0  #: seconds between looks whether it is time
SIGN = 60.0  #: seconds between signs of life


def clean_when_due(keeper: Keeper, settings: Settings, moment: datetime | None = None) -> bool:
    """Cleans up where it is on, the hour has come and nobody has for this day; whether it did.

    One that was killed is begun again, by whoever looks ten minutes later.
    """
    schedule, moment = keeper.policies.schedule(), moment or now(settings.timezone)
    if not schedule.on or moment.hour < schedule.hour or not keeper.policies.claim(moment.date().isoformat()):
        return False
    try:
        with _signs(keeper):
            outcome = keeper.run()
    except Conflict as busy:  # It is tried again when this one was silent for long.
        logger.info("cleanup: put off: %s", busy)
        return False
    keeper.policies.finish(keeper.last(outcome, timestamp()))
    for item, error in outcome.failed:
        logger.warning("cleanup: %s %s stays: %s", item.kind, item.id, error)
    logger.info("cleanup: %d deleted, %d archived", outcome.deleted, outcome.archived)
    return True


@contextmanager
def _signs(keeper: Keeper) -> Iterator[None]:
    """Gives a sign of life from time to time, however long one thing takes."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(SIGN):
            try:
                keeper.policies.beat()
            except Exception:
                logger.exception("the cleanup gave no sign of life")

    thread = threading.Thread(target=beat, name="cleanup signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
