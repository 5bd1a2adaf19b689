"""Small mutable JSON objects in a bucket, replaced only as they were when they were read."""

from __future__ import annotations

import random
import time
from typing import Any

import orjson

from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import check_segment, dump_json
from tidebook.store.objects.bucket import Bucket
from tidebook.store.objects.conditions import Conditions
from tidebook.store.side import Change

ATTEMPTS = 200  #: of a change that others are always faster than
_PAUSE = 0.05  #: seconds, at most, before the next attempt


def read(bucket: Bucket, prefix: str, name: str) -> dict[str, Any] | None:
    """The object; None where there is none, or it was removed. NotFound where it is no JSON object."""
    found = bucket.get(_key(prefix, name))
    return None if found is None else _value(found[0], prefix, name)


def amend(
    bucket: Bucket, conditions: Conditions, prefix: str, name: str, change: Change, *, make: bool = False
) -> dict[str, Any] | None:
    """Replaces the object by what `change` makes of it, None for none; begins anew where somebody else was faster.

    What is there but no JSON object is kept aside as `{name}.broken`. NotFound where there is nothing at `prefix`,
    unless `make`.
    """
    for _ in range(ATTEMPTS):
        with conditions.turn():
            done, after = _attempt(bucket, conditions, prefix, name, change, make)
        if done:
            return after
        time.sleep(random.uniform(0, _PAUSE))  # noqa: S311
    raise Conflict(
        "One may change this at a time", got=f"{name}, which others change again and again", fix="Try again."
    )


def _attempt(
    bucket: Bucket, conditions: Conditions, prefix: str, name: str, change: Change, make: bool
) -> tuple[bool, dict[str, Any] | None]:
    """Whether the change was made, and what the object is then."""
    key = _key(prefix, name)
    found = bucket.get(key)
    if found is None and prefix and not make and not bucket.any_below(f"{prefix}/"):
        raise NotFound("It must exist to be changed", got=prefix, fix="It may have been deleted.")
    before = _whole(bucket, found[0], prefix, name) if found is not None else None
    after = change(before)
    if after == before and (found is None or before is not None):
        return True, after
    data = dump_json(after)  # One that is removed stays as null: only so can nobody's change be lost.
    return conditions.create(key, data) if found is None else conditions.replace(key, data, found[1]), after


def _whole(bucket: Bucket, data: bytes, prefix: str, name: str) -> dict[str, Any] | None:
    try:
        return _value(data, prefix, name)
    except NotFound:
        bucket.put(_key(prefix, f"{name}.broken"), data)
        return None


def parsed(found: tuple[bytes, str] | None) -> dict[str, Any]:
    """The JSON object that was read, whatever it is of; {} where there is none."""
    try:
        value = orjson.loads(found[0]) if found is not None else {}
    except orjson.JSONDecodeError:
        value = {}
    return value if isinstance(value, dict) else {}


def _value(data: bytes, prefix: str, name: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = ...
    if value is not None and not isinstance(value, dict):
        raise NotFound(
            f"{name} must be a JSON object",
            got=f"another value in {prefix.rpartition('/')[2] or 'the store'}",
            fix="Restore it or delete it.",
        )
    return value


def _key(prefix: str, name: str) -> str:
    parts = [check_segment(part, "A path segment") for part in prefix.split("/")] if prefix else []
    return "/".join([*parts, check_segment(name, "The name of a record")])
