"""The command line's own text, in the language of the user."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from tidebook.core.locales import sentence


@cache
def language() -> str:
    """en or zh: TIDEBOOK_LANGUAGE, else the locale of the terminal, else en."""
    for name in ("TIDEBOOK_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value:
            return "zh" if value.startswith("zh") else "en"
    return "en"


class Number(int):
    """A number that chooses the words it stands with.

    `{n:# file|# files}` has the words for one and for more, `{n:none|# file|# files}` those for zero, too; # is the
    number. `{n:th}` is 1st, 2nd, 3rd, …
    """

    def __format__(self, asked: str) -> str:
        if "|" in asked:
            *zero, one, more = asked.split("|")
            chosen = zero[0] if self == 0 and zero else one if self == 1 else more
            return chosen.replace("#", format(int(self), ","))
        if asked == "th":
            ending = "th" if self % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(self % 10, "th")
            return f"{int(self):,}{ending}"
        return super().__format__(asked)


def words(key: str, **values: Any) -> str:
    """The text `key` of locales/ with the values put in."""
    told = {name: Number(value) if type(value) is int else value for name, value in values.items()}
    return sentence("tidebook.cli", key, **told)[language()]
