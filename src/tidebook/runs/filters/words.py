"""A filter cut into words, quoted texts, operators, commas and parentheses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tidebook.core.errors import InvalidInput

MAX_LENGTH = 10_000  #: characters of a filter

_PATTERN = re.compile(
    r"""\s*(?:
        (?P<operator><=|>=|!=|==|=|<|>|~)
      | (?P<mark>[(),])
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<word>[^\s()<>=!~,"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A piece of a filter."""

    kind: Literal["word", "quoted", "operator", "mark", "end"]
    text: str  #: without quotes
    position: int  #: of its first character, from 1
    glued: bool  #: whether nothing stands between it and the piece before

    def __str__(self) -> str:
        """As messages show it."""
        return "the end" if self.kind == "end" else repr(self.text[:80])

    def is_keyword(self, *names: str) -> bool:
        """Whether it is one of these, unquoted, in whatever case."""
        return self.kind == "word" and self.text.lower() in names


def cut(text: str) -> list[Word]:
    """The pieces of `text`, the end as the last; InvalidInput where it is too long or holds what cannot be read."""
    if len(text) > MAX_LENGTH:
        raise InvalidInput(
            f"A filter must have at most {MAX_LENGTH:,} characters",
            got=f"{len(text):,}",
            fix="Use fewer conditions, or `in (…)`.",
            position=MAX_LENGTH + 1,
        )
    pieces: list[Word] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _PATTERN.match(text, at)
        if found is None:
            raise _unreadable(text, at + len(text[at:]) - len(text[at:].lstrip()))
        kind = found.lastgroup
        content = found.group(str(kind))
        start = found.end() - len(content)
        if any("\ud800" <= character <= "\udfff" for character in content):
            raise _unreadable(text, start)
        pieces.append(_word(str(kind), content, start, glued=start == at and at > 0))
        at = found.end()
    pieces.append(Word("end", "", len(text) + 1, glued=False))
    return pieces


def _word(kind: str, content: str, start: int, *, glued: bool) -> Word:
    match kind:
        case "quoted":
            return Word("quoted", _ESCAPED.sub(r"\1", content[1:-1]), start + 1, glued)
        case "operator":
            return Word("operator", "=" if content == "==" else content, start + 1, glued)
        case "mark":
            return Word("mark", content, start + 1, glued)
        case _:
            return Word("word", content, start + 1, glued)


def _unreadable(text: str, at: int) -> InvalidInput:
    opened = text[at] in "\"'"
    return InvalidInput(
        f"A text in quotes must end with a quote, from position {at + 1} on"
        if opened
        else f"A filter must be made of fields, operators and values, at position {at + 1}",
        got=repr(text[at : at + 20]),
        fix='Close the quote; a quote within the text is written \\".'
        if opened
        else "Operators are = != < <= > >= ~, in (…) and exists.",
        position=at + 1,
    )
