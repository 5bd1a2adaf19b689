"""A filter's text → its tree."""

from __future__ import annotations

from typing import cast

from tidebook.core.errors import InvalidInput
from tidebook.runs.filters.fields import GROUPS, Field, field
from tidebook.runs.filters.tree import (
    And,
    Comparison,
    Exists,
    Flag,
    Not,
    OneOf,
    Operator,
    Or,
    Tree,
    Value,
    fields_of,
)
from tidebook.runs.filters.values import value
from tidebook.runs.filters.words import Word, cut

MAX_DEPTH = 50  #: parentheses and `not` within each other
MAX_CONDITIONS = 200  #: comparisons, and values in lists

_KEYWORDS = ("and", "or", "not", "in", "exists")
_ARCHIVED = Field("archived", "flag")


def parse(text: str) -> Tree:
    """The tree of a filter. It leaves archived runs out unless the text names `archived`; an empty text only that.

    InvalidInput, with the position (from 1) in its details, where it cannot be read.
    """
    reader = _Reader(cut(text))
    tree = And(()) if reader.word.kind == "end" else reader.either(0)
    reader.expect_end()
    if _ARCHIVED in fields_of(tree):
        return tree
    shown = Comparison(_ARCHIVED, "=", Flag(value=False))
    return And((*tree.parts, shown)) if isinstance(tree, And) else And((tree, shown))


class _Reader:
    def __init__(self, words: list[Word]) -> None:
        self._words, self._at, self._conditions = words, 0, 0

    @property
    def word(self) -> Word:
        return self._words[self._at]

    def either(self, depth: int) -> Tree:
        parts = [self._all(depth)]
        while self.word.is_keyword("or"):
            self._at += 1
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def expect_end(self) -> None:
        if self.word.kind != "end":
            raise self._expected("`and`, `or` or the end", "Put a text with spaces in quotes.")

    def _all(self, depth: int) -> Tree:
        parts = [self._one(depth)]
        while self.word.is_keyword("and"):
            self._at += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise self._expected(f"no more than {MAX_DEPTH} levels", "Write it with fewer parentheses.")
        if self.word.is_keyword("not"):
            self._at += 1
            return Not(self._one(depth + 1))
        if self._mark("("):
            inner = self.either(depth + 1)
            if not self._mark(")"):
                raise self._expected("`)`, `and` or `or`", "Close the parenthesis.")
            return inner
        return self._condition()

    def _condition(self) -> Tree:
        asked = self._field()
        self._count()
        if self.word.kind == "operator":
            operator = cast("Operator", self.word.text)
            self._at += 1
            return Comparison(asked, operator, self._value(asked, operator))
        if self.word.is_keyword("exists"):
            self._at += 1
            return Exists(asked)
        if self.word.is_keyword("in"):
            self._at += 1
            return self._one_of(asked)
        if self.word.is_keyword("not") and self._words[self._at + 1].is_keyword("in", "exists"):
            self._at += 2
            return Not(self._one_of(asked) if self._words[self._at - 1].is_keyword("in") else Exists(asked))
        if asked.kind == "flag":
            return Comparison(asked, "=", Flag(value=True))
        raise self._expected("an operator", "Use = != < <= > >= ~, in (…) or exists.")

    def _field(self) -> Field:
        word = self.word
        if word.kind != "word" or word.is_keyword(*_KEYWORDS):
            raise self._expected("a field", "Write for example model_type = lstm or metrics.wape < 0.1.")
        self._at += 1
        name, following = word.text, self.word
        if name.endswith(".") and name[:-1] in GROUPS and following.kind == "quoted" and following.glued:
            self._at += 1
            name += following.text
        return field(name, word.position)

    def _value(self, asked: Field, operator: Operator) -> Value:
        word = self.word
        if word.kind not in {"word", "quoted"} or word.is_keyword(*_KEYWORDS):
            raise self._expected("a value", "Put a word that means something else here in quotes.")
        self._at += 1
        return value(asked, operator, word)

    def _one_of(self, asked: Field) -> Tree:
        if not self._mark("("):
            raise self._expected("`(`", "Write for example in (lstm, gru).")
        values = [self._value(asked, "=")]
        while self._mark(","):
            self._count()
            values.append(self._value(asked, "="))
        if not self._mark(")"):
            raise self._expected("`,` or `)`", "Close the list.")
        return OneOf(asked, tuple(values))

    def _mark(self, mark: str) -> bool:
        found = self.word.kind == "mark" and self.word.text == mark
        self._at += found
        return found

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise self._expected(f"no more than {MAX_CONDITIONS} conditions", "Ask for less at once.")

    def _expected(self, what: str, fix: str) -> InvalidInput:
        word = self.word
        return InvalidInput(
            f"A filter must have {what} at position {word.position}", got=str(word), fix=fix, position=word.position
        )
