"""Errors for people: the rule, what was got instead, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TidebookError(Exception):
    """What a user did or met that cannot go on.

    `rule` is a sentence without its full stop that says what must hold, `got` what was found instead, and
    `fix` what to do about it, as a sentence of its own. `details` are plain values for programs.
    """

    slug = "error"  #: Names the kind of error in problem documents.
    status = 400  #: The HTTP status that a server answers with.
    exit_code = 1  #: The exit code of the command line.

    def __init__(self, rule: str, *, got: object, fix: str, **details: object) -> None:
        self.rule = rule
        self.got = got if isinstance(got, str) else repr(got)
        self.fix = fix
        self.details = details
        super().__init__(f"{rule}, but got {self.got}. {fix}")

    def problem(self) -> dict[str, object]:
        """The error as the members of an RFC 9457 problem document."""
        return {
            "type": f"urn:tidebook:error:{self.slug}",
            "title": self.rule,
            "status": self.status,
            "detail": str(self),
            "rule": self.rule,
            "got": self.got,
            "fix": self.fix,
            **({"details": self.details} if self.details else {}),
        }

    @classmethod
    def from_problem(cls, problem: dict[str, object]) -> TidebookError:
        """The error that another process wrote down as a problem document."""
        slug = str(problem.get("type", "")).rsplit(":", 1)[-1]
        kinds = {kind.slug: kind for kind in _all_kinds(TidebookError)}
        details = problem.get("details")
        return kinds.get(slug, TidebookError)(
            str(problem.get("rule", problem.get("title", "The request must succeed"))),
            got=str(problem.get("got", "an error")),
            fix=str(problem.get("fix", "")),
            **(details if isinstance(details, dict) else {}),
        )


class InvalidInput(TidebookError):
    """A value that the user gave breaks a rule."""

    slug = "invalid-input"
    status = 422
    exit_code = 2


class DataFault(TidebookError):
    """The data itself breaks a rule and no treatment can mend it."""

    slug = "data-fault"
    status = 422
    exit_code = 3


class NotFound(TidebookError):
    """What was named does not exist, or no longer."""

    slug = "not-found"
    status = 404
    exit_code = 4


class Conflict(TidebookError):
    """The state of things does not allow it now."""

    slug = "conflict"
    status = 409
    exit_code = 5


class Unauthorized(TidebookError):
    """Nobody is logged in, or with a token that does not hold."""

    slug = "unauthorized"
    status = 401


class Forbidden(TidebookError):
    """It is outside what the user or the server may touch."""

    slug = "forbidden"
    status = 403


class TooLarge(TidebookError):
    """More was sent than is accepted."""

    slug = "too-large"
    status = 413


class StorageFailure(TidebookError):
    """The disk or the store did not take what was written: full, read-only or away."""

    slug = "storage-failure"
    status = 507
    exit_code = 6


class TaskFailure(TidebookError):
    """A computation ended without a result."""

    slug = "task-failure"
    status = 500
    exit_code = 7


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """A sentence that offers the names most like `name`, or counts those there are."""
    names = list(known)
    close = get_close_matches(name, names, n=count, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    if not names:
        return "There is none yet."
    shown = ", ".join(names[:count])
    return f"Known: {shown}." if len(names) <= count else f"Known: {shown} and {len(names) - count} more."


def _all_kinds(kind: type[TidebookError]) -> list[type[TidebookError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]
