"""How long to wait before the next attempt."""

from __future__ import annotations

import random

FIRST = 0.25  #: seconds at most before the second attempt
MOST = 30.0  #: seconds at most before any


class Backoff:
    """Waits that double, each a random part of what it may be, so that many clients do not come back at once."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        """An attempt succeeded."""
        self._failures = 0

    def next(self, told: float | None = None) -> float:
        """Seconds to wait after one more failure; at least as long as the server has `told`."""
        longest = min(MOST, FIRST * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return max(longest * random.uniform(0.5, 1.0), min(told or 0.0, MOST))  # noqa: S311 - no secret
