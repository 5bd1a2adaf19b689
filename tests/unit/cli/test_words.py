from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

PACKAGES = ("tidebook.combining", "tidebook.cli", "tidebook.data", "tidebook.forecasting")


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_say_the_same_things_with_the_same_values(package: str) -> None:
    english, chinese = (
        json.loads(files(package).joinpath(f"locales/{language}.json").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    )
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        names = [set(re.findall(r"\{(\w+)", sentence)) for sentence in (text, chinese[key])]
        assert names[0] == names[1], key
