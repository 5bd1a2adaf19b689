"""What git says of the code that runs: commit, branch, and what differs from it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidebook.core.masking import masked

TIMEOUT_SECONDS = 10.0  #: for each question
MAX_DIFF_BYTES = 5 << 20

# Nothing that a repository's own settings could start, and nothing written into it.
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.pager=cat", "-c", "diff.external=", "--no-optional-locks")


@dataclass(frozen=True)
class State:
    """The state of a working tree; files that git does not know do not count."""

    facts: dict[str, Any]  #: commit, branch, dirty, remote, and whether the diff is cut
    diff: bytes  #: of tracked files against the commit, at most 5 MiB


def look(folder: Path) -> State | None:
    """The state of the working tree that `folder` is in; None where it is in none, or there is no git."""
    commit = _ask(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changed = _ask(folder, "status", "--porcelain", "--untracked-files=no")
    remote = _ask(folder, "remote", "get-url", "origin")
    diff, cut = _diff(folder) if changed else (b"", False)
    facts = {
        "commit": commit,
        "branch": _ask(folder, "symbolic-ref", "--short", "-q", "HEAD"),
        "dirty": None if changed is None else bool(changed),
        "remote": masked(remote) if remote else None,
        **({"diff_cut": True} if cut else {}),
    }
    return State(facts, diff)


def _command(*arguments: str) -> list[str]:
    return ["git", *_SAFE, *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _ask(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            _command(*arguments),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode(errors="replace").strip() if answer.returncode == 0 else None


def _diff(folder: Path) -> tuple[bytes, bool]:
    """The diff against the commit, and whether it was longer than what is kept."""
    command = _command("diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--no-textconv")
    try:
        with subprocess.Popen(
            command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            assert process.stdout is not None  # noqa: S101 - it was asked for
            content = process.stdout.read(MAX_DIFF_BYTES + 1)
            process.kill()
    except OSError:
        return b"", False
    return content[:MAX_DIFF_BYTES], len(content) > MAX_DIFF_BYTES
