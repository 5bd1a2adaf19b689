"""Numbers of versions that users have claimed: nobody fills a line, nor takes its numbers away, for others."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from tidebook.abc import Store
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.registry import versions

AHEAD = 1000  #: how far above the newest number a claim may begin, for versions that come with a number of their own
MOST_OPEN = 100  #: claims of a user whose versions are not complete
LAPSED = 86_400.0  #: seconds after which a claim no longer counts among them


class Claiming:
    """Claims for the users of a server. Every method may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, dict[tuple[str, int], tuple[str, float]]] = defaultdict(dict)  # by user, line and number
        self._lock = threading.Lock()

    def claim(self, user: str, line: Address, claimant: str, above: int) -> int:
        """Reserves the next number; whoever has a claim under this name gets it back.

        InvalidInput for a number far above the newest one, Conflict for a user with too many unfinished versions.
        """
        folder = line.folder
        known = self._store.claimed(folder, claimant)
        if known is not None:
            return known
        newest = max(self._store.newest(folder), versions.read(self._store).get(line.identifier, 0))
        if above > newest + AHEAD:
            raise InvalidInput(
                f"The number of a version must be at most {AHEAD:,} above the newest one of its line",
                got=f"more than {above:,} in a line whose newest one is {newest:,}",
                fix="Leave `above` out.",
            )
        self._check_room(user)
        number = self._store.claim(folder, claimant, above=max(above, newest))
        with self._lock:
            self._open[user][folder, number] = (claimant, time.monotonic())
        return number

    def _check_room(self, user: str) -> None:
        with self._lock:
            claimed = dict(self._open[user])
        if len(claimed) < MOST_OPEN:
            return
        now = time.monotonic()
        done = [
            key for key, (name, at) in claimed.items() if now - at > LAPSED or not self._is_open(key[0], key[1], name)
        ]
        with self._lock:
            for key in done:
                self._open[user].pop(key, None)
        if len(claimed) - len(done) >= MOST_OPEN:
            raise Conflict(
                f"A user must have at most {MOST_OPEN} versions that are not complete",
                got=f"{len(claimed) - len(done)}",
                fix="Complete them, or wait: claims of yesterday no longer count.",
            )

    def _is_open(self, line: str, number: int, claimant: str) -> bool:
        """Whether the version is neither complete nor deleted."""
        try:
            self._store.manifest(f"{line}/v{number}")
        except NotFound:
            return self._store.claimed(line, claimant) == number
        return False
