"""Identifiers: a prefix of four letters and 28 characters of [a-z0-9]."""

from __future__ import annotations

import re
import secrets
import string
from typing import Literal

from tidebook.core.errors import InvalidInput

Prefix = Literal["TRAI", "PRED", "DSET", "TOKN", "VIEW"]
_ALPHABET = string.ascii_lowercase + string.digits
_PATTERN = re.compile(r"[A-Z]{4}[a-z0-9]{28}")


def new_id(prefix: Prefix) -> str:
    """A new identifier, from 144 bits of chance."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(28))


def is_id(value: str, prefix: Prefix) -> bool:
    """Whether `value` has the form of an identifier with this prefix."""
    return bool(_PATTERN.fullmatch(value)) and value.startswith(prefix)


def check_id(value: str, prefix: Prefix) -> str:
    """`value`, if it has the form of an identifier with this prefix; else InvalidInput."""
    if not is_id(value, prefix):
        raise InvalidInput(
            f"An id must be {prefix} followed by 28 lower-case letters and digits",
            got=value[:60],
            fix="Copy the id from the list that shows it.",
        )
    return value
