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


def words(key: str, **values: Any) -> str:
    """The text `key` of locales/ with the values put in."""
    return sentence("tidebook.cli", key, **values)[language()]
