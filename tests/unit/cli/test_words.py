from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from tidebook.cli.words import Number

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


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 files"), (1, "1 file"), (1200, "1,200 files")], ids=["none", "one", "many"]
)
def test_a_number_chooses_the_words_it_stands_with(count: int, told: str) -> None:
    assert f"{Number(count):# file|# files}" == told


def test_a_number_may_have_words_of_its_own_for_none_and_be_counted_in_order() -> None:
    assert [f"{Number(n):none|one|# of them}" for n in (0, 1, 2)] == ["none", "one", "2 of them"]
    assert [f"{Number(n):th}" for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    )
