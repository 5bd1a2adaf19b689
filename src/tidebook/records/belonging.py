"""Whose a thing is: the project and the owner that its file names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidebook.core.errors import InvalidInput
from tidebook.records.labels import DEFAULT_PROJECT, NOWHERE, check_project


@dataclass(frozen=True)
class Belonging:
    """The project and the owner of a thing."""

    project: str = DEFAULT_PROJECT
    owner: str | None = None  #: the id of a user; None for what was made before there were users, or by nobody known


def belonging(value: Mapping[str, Any]) -> Belonging:
    """What the content of a file says; a file that names no project is in `default`.

    A file that could not be read, and so is empty here, might have named any: it is nobody's but the administrators'.
    """
    if not value:
        return Belonging(NOWHERE)
    owner = value.get("owner")
    try:
        project = check_project(value.get("project") or DEFAULT_PROJECT)
    except InvalidInput:
        project = NOWHERE
    return Belonging(project, owner if isinstance(owner, str) and owner else None)
