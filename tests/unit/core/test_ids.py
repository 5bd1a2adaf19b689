from __future__ import annotations

import re

import pytest

from tidebook.core.errors import InvalidInput
from tidebook.core.ids import check_id, new_id


def test_an_id_is_a_prefix_and_28_characters() -> None:
    made = {new_id("TRAI") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"TRAI[a-z0-9]{28}", value) for value in made)


@pytest.mark.parametrize("value", ["", "TRAI", "PRED" + "a" * 28, "TRAI" + "../" * 9 + "a", "TRAI" + "a" * 28 + "\n"])
def test_what_has_not_the_form_of_an_id_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="An id must be TRAI followed by 28"):
        check_id(value, "TRAI")
