"""The algorithms and their forms, for those who must not import them: the server and the command line."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from tidebook import __version__
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import schema
from tidebook.core.environment import job_environment
from tidebook.core.errors import NotFound, TaskFailure
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings

FORMAT_VERSION = 1
TIMEOUT_SECONDS = 120


def described(settings: Settings) -> dict[str, Any]:
    """The content of the cache, made again by a process of its own when entry points or plug-ins have changed.

    TaskFailure where that process fails.
    """
    wanted = key(settings)
    kept = _cached(settings)
    if kept is not None and kept["key"] == wanted:
        return kept
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tidebook.jobs", "describe"],
            env=job_environment(settings, 1),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        failed = f"exit code {done.returncode}: {_last_line(done.stderr)}" if done.returncode else None
    except subprocess.TimeoutExpired:
        failed = f"no end after {TIMEOUT_SECONDS} s"
    made = None if failed else _cached(settings)
    if made is None:
        raise TaskFailure(
            "The algorithms must be importable in a process of their own",
            got=failed or "no description",
            fix=f"Run `python -m tidebook.jobs describe`, and look at the files in {settings.plugins}.",
        )
    return made


def describe(settings: Settings) -> dict[str, Any]:
    """Imports all algorithms, writes what they are into the cache, and returns it."""
    wanted = key(settings)
    found, faults = registry.collect(settings.plugins)
    document = {
        "format_version": FORMAT_VERSION,
        "key": wanted,
        "algorithms": [
            {
                "name": name,
                "title": one.algorithm.traits.title,
                "description": one.algorithm.traits.description,
                "description_zh": one.algorithm.traits.description_zh,
                "tag_type": one.algorithm.traits.tag_type,
                "neural": one.algorithm.traits.neural,
                "known_future": one.algorithm.traits.known_future,
                "past": one.algorithm.traits.past,
                "schema": schema(one.algorithm.Hyperparameters),
                "source": one.source,
            }
            for name, one in found.items()
        ],
        "errors": [{"source": fault.source, "error": fault.error} for fault in faults],
    }
    write_json(_path(settings), document)
    return document


def key(settings: Settings) -> str:
    """Changes when an entry point, a plug-in file or Tidebook itself does."""
    parts: list[Any] = [__version__, FORMAT_VERSION]
    parts += [[entry.name, entry.value, entry.dist.version if entry.dist else ""] for entry in registry.entries()]
    for path in registry.plugin_files(settings.plugins):
        stat = path.stat()
        parts.append([str(path.absolute()), stat.st_size, stat.st_mtime_ns])
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def _path(settings: Settings) -> Path:
    return settings.cache / "algorithms.json"


def _cached(settings: Settings) -> dict[str, Any] | None:
    try:
        document = read_json(_path(settings))
    except NotFound:
        return None
    valid = isinstance(document, dict) and document.get("format_version") == FORMAT_VERSION
    return document if valid else None


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "nothing was printed"
