"""Names and values within what MLflow takes."""

from __future__ import annotations

import hashlib
import posixpath
import re

MAX_KEY, MAX_PARAM, MAX_TAG = 250, 6000, 8000  #: characters
_FORBIDDEN = re.compile(r"[^/\w.\- :]")


def key(name: str) -> str:
    """`name` as the key of a metric, param or tag: where it cannot be, made so and told apart by a digest."""
    plain = _FORBIDDEN.sub("_", name)
    usual = plain == name and len(name) <= MAX_KEY and posixpath.normpath(name) == name
    if usual and not name.startswith(("/", "..")) and name != ".":
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    parts = [part for part in plain.split("/") if part.strip(". ")]
    return f"{'/'.join(parts)[: MAX_KEY - 9]}_{digest}"


def project(experiment: str) -> str:
    """The name of an experiment as that of a project."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", experiment.lower()).strip("-")
    if plain == experiment.lower() and 0 < len(plain) <= 64:
        return plain
    digest = hashlib.sha256(experiment.encode()).hexdigest()[:8]
    return f"{plain[:55]}-{digest}".strip("-")
