"""Sentences for people, in every language that Tidebook speaks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def _texts(package: str, language: str) -> dict[str, str]:
    texts = json.loads(files(package).joinpath(f"locales/{language}.json").read_text(encoding="utf-8"))
    return {str(key): str(text) for key, text in texts.items()}


def has(package: str, key: str) -> bool:
    """Whether a package has a text called `key`."""
    return key in _texts(package, LANGUAGES[0])


def sentence(package: str, key: str, **values: Any) -> dict[str, str]:
    """The text `key` of a package's locales/{language}.json in each language, with the values put in.

    A value that is itself such a dictionary is put in in the same language.
    """
    return {
        language: _texts(package, language)[key].format(
            **{name: value[language] if isinstance(value, dict) else value for name, value in values.items()}
        )
        for language in LANGUAGES
    }
