"""labels.json beside a run's record: what people say of it, and may change at any time."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import orjson

from tidebook.core.errors import InvalidInput, NotFound, nearest
from tidebook.core.files import MAX_RECORD_BYTES, storage_errors, write_json

FILE = "labels.json"
DEFAULT_PROJECT = "default"
NOWHERE = (
    "?"  #: in place of a project that cannot be read: no project's name, so that nobody is shown what is not theirs
)
MAX_KEY, MAX_VALUE, MAX_NOTES, MAX_OWNER = 100, 500, 20_000, 200  #: characters
MAX_TAGS = 500  #: of a run
_PROJECT = re.compile(r"[a-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Labels:
    """The labels of a run; where there is no file, these defaults."""

    project: str = DEFAULT_PROJECT
    owner: str | None = None  #: the id of a user
    tags: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    pinned: bool = False  #: shown before the others
    archived: bool = False  #: left out of lists

    def to_json(self) -> dict[str, Any]:
        """The content of labels.json."""
        return {
            "format_version": 1,
            **{each.name: getattr(self, each.name) for each in fields(self)},
            "tags": dict(self.tags),
        }


def read(folder: Path, problems: list[str] | None = None) -> Labels:
    """The labels of the run in `folder`. What is missing or wrong is as by default, and is told in `problems`."""
    told = [] if problems is None else problems
    try:
        size = (folder / FILE).stat().st_size
        if size > MAX_RECORD_BYTES:
            told.append(f"{FILE} is too large: {size:,} bytes, more than {MAX_RECORD_BYTES:,}")
            return Labels(NOWHERE)
        value = orjson.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return Labels()
    except (OSError, orjson.JSONDecodeError) as error:
        told.append(f"{FILE} is not readable: {error}")
        return Labels(NOWHERE)
    if not isinstance(value, dict):
        told.append(f"{FILE} is not a JSON object")
        return Labels(NOWHERE)
    labels = Labels()
    for name in _NAMES & value.keys():
        try:
            labels = replace(labels, **{name: _checked(name, value[name])})
        except InvalidInput as error:
            told.append(f"{FILE}: {error}")
            labels = replace(labels, project=NOWHERE) if name == "project" else labels
    return labels


def change(
    folder: Path,
    *,
    tag: Mapping[str, Any] | None = None,
    using: Callable[[Labels], Mapping[str, Any]] | None = None,
    **changes: Any,
) -> Labels:
    """Replaces the fields given, and returns all labels. Changes of several processes wait for each other.

    `tags` replaces all tags; `tag` adds to them or overwrites, and removes where the value is None. `using` gives
    fields that depend on the labels as they are then; nobody else changes them meanwhile. InvalidInput for an unknown
    field or a value that breaks a rule, NotFound where there is no such run.
    """
    checked = check(changes)
    added = _tags({key: value for key, value in (tag or {}).items() if value is not None})
    with _alone(folder):
        before = read(folder)
        after = replace(before, **checked, **(check(using(before)) if using else {}))
        kept = {key: value for key, value in after.tags.items() if key not in (tag or {})}
        after = replace(after, tags=_counted({**kept, **added}))
        if after != before:
            write_json(folder / FILE, after.to_json(), later=True)
    return after


def check(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Labels` given, as they would be kept; InvalidInput where one is unknown or breaks a rule."""
    for name in changes:
        if name not in _NAMES:
            raise InvalidInput(
                f"A label must be one of {', '.join(sorted(_NAMES))}", got=name, fix=nearest(name, _NAMES)
            )
    return {name: _checked(name, value) for name, value in changes.items()}


def check_project(name: str) -> str:
    """`name`, if a project can be called that; else InvalidInput."""
    if not isinstance(name, str) or not _PROJECT.fullmatch(name):
        raise InvalidInput(
            "A project's name must be 1 to 64 of the characters a-z, 0-9, '-' and '_'",
            got=_shown(name),
            fix="Write it in lower case, such as demand-east.",
        )
    return name


_NAMES = frozenset(each.name for each in fields(Labels))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The lock is on the folder itself, so that it needs no file of its own.
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("A run must exist to be labelled", got=folder.name, fix="It may have been deleted.") from error
    try:
        with storage_errors(folder / FILE):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _checked(name: str, value: Any) -> Any:
    match name:
        case "project":
            return check_project(value)
        case "tags":
            return _tags(value)
        case "pinned" | "archived":
            return _of_type(name, value, bool, "true or false")
        case "owner":
            return None if value is None else _text("owner", value, MAX_OWNER)
        case _:
            return _text(name, value, MAX_NOTES, control=True)


def _tags(value: Any) -> dict[str, str]:
    tags = _of_type("tags", value, Mapping, "a dictionary")
    return _counted({_key(key): _text(f"tag {key!r}"[:60], _written(inner), MAX_VALUE) for key, inner in tags.items()})


def _counted(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MAX_TAGS:
        raise InvalidInput(
            f"A run must have at most {MAX_TAGS} tags",
            got=f"{len(tags):,}",
            fix="Put what people do not search by into config.json or a table.",
        )
    return tags


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key.strip():
        raise InvalidInput("A tag must have a name of text", got=repr(key)[:80], fix='Write it like team="east".')
    return _text("name of a tag", key, MAX_KEY)


def _written(value: Any) -> Any:
    """Numbers and truth values as people write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _text(what: str, value: Any, longest: int, *, control: bool = False) -> str:
    text = str(_of_type(what, value, str, "text"))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(
            f"The {what} must be text that UTF-8 can hold", got=ascii(text)[:80], fix="Decode it rightly."
        )
    if len(text) > longest or (not control and _CONTROL.search(text)):
        raise InvalidInput(
            f"The {what} must be text of at most {longest} characters" + ("" if control else ", in one line"),
            got=f"{len(text)} characters, {text[:40]!r}",
            fix="Shorten it." if len(text) > longest else "Leave line ends and control characters out.",
        )
    return text


def _of_type(what: str, value: Any, kind: type, meaning: str) -> Any:
    if not isinstance(value, kind):
        raise InvalidInput(f"The {what} must be {meaning}", got=_shown(value), fix=f"Give {meaning}.")
    return value


def _shown(value: Any) -> str:
    """A value for people; of one that may be nested without end, only what it is."""
    if isinstance(value, str):
        return repr(value[:80])
    return repr(value)[:80] if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"
