"""Errors in the language of the reader.

An error is raised, kept and sent in English; who shows it turns it into another language here. `locales/errors.zh.json`
holds a translation for each template: an English text with a hole for each value. A hole may say what it takes:

    {1}        anything, which stays as it is
    {1:text}   a text of ours, which is translated too, or anything else, which stays
    {1:ours}   a text of ours only; with anything else the template does not apply
    {1:word}   anything without a space; {1:list}, {1:and}, {1:or} names joined by a comma, `and` or `or`
    {1:texts}  texts of ours, or words, joined by a comma

Where several templates apply, that with the most text of its own does. What says why something failed is found without
its full stop, too. Texts are searched for literally from left to
right, once each, so that no value, however long or odd, takes long or is changed. What is not translated stays English.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from tidebook.core.locales import LANGUAGES

_GOT = ", but got "  # between the rule of an error and the rest where it is one text
_PARTS = {"title": ("rules",), "rule": ("rules",), "got": ("got", "reasons"), "fix": ("fixes",)}
_REASONS = ("reasons",)
_ANY = ("words", "reasons", "got", "fixes", "rules")
_SENTENCES = ("fixes", "words")
_DEPTH = 6  # of texts within texts
_CUTS = 8  # places at which a text is taken apart, at most


def problem_in(language: str, problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem document with its title, rule, got, fix and detail in a language; all else stays."""
    book = _book(language)
    if book is None:
        return dict(problem)
    told = {
        name: book.text(text, roles) for name, roles in _PARTS.items() if isinstance(text := problem.get(name), str)
    }
    if isinstance(detail := problem.get("detail"), str):
        rule, got, fix = (problem.get(name) for name in ("rule", "got", "fix"))
        whole = detail == f"{rule}{_GOT}{got}. {fix}"
        told["detail"] = book.joined(told["rule"], told["got"], told["fix"]) if whole else book.text(detail, _REASONS)
    return {**problem, **told}


def text_in(language: str, text: str) -> str:
    """A text that says why something failed or what is wrong, perhaps a whole error in one, in a language."""
    book = _book(language)
    return text if book is None else book.text(text, _REASONS)


@dataclass(frozen=True)
class Template:
    """A text with holes, cut where they are: one literal more than holes."""

    literals: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]  #: what each is called, and what it takes

    @classmethod
    def of(cls, text: str) -> Template:
        """The template that is written as `text`; ValueError where it is not written well."""
        literals, holes = [""], []
        for literal, name, takes, _ in Formatter().parse(text):
            literals[-1] += literal
            if name is not None:
                holes.append((name, takes or ""))
                literals.append("")
        return cls(tuple(literals), tuple(holes))

    def values(self, text: str) -> list[str] | None:
        """What stands in the holes, from the left each as short as can be; None where the template does not apply."""
        first, last = self.literals[0], self.literals[-1]
        at, end = len(first), len(text) - len(last)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return None
        values = []
        for literal in self.literals[1:-1]:
            found = text.find(literal, at, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        return [*values, text[at:end]]

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with its holes filled by name."""
        parts = [self.literals[0]]
        for (name, _), literal in zip(self.holes, self.literals[1:], strict=True):
            parts += [values[name], literal]
        return "".join(parts)


class Book:
    """The translations into one language: by role (`rules`, `got`, `fixes`, …), and the signs that join their parts."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]], signs: Mapping[str, str]) -> None:
        self._signs = signs
        self._whole: dict[str, dict[str, str]] = {}
        self._templates: dict[str, list[tuple[Template, Template]]] = {}
        for role, of_role in texts.items():
            written = {**_stopless(of_role), **of_role} if role in _REASONS else of_role
            pairs = [(Template.of(english), Template.of(translated)) for english, translated in written.items()]
            self._whole[role] = {english.literals[0]: own.literals[0] for english, own in pairs if not english.holes}
            self._templates[role] = sorted(
                (pair for pair in pairs if pair[0].holes), key=lambda pair: -len("".join(pair[0].literals))
            )

    def text(self, text: str, roles: tuple[str, ...]) -> str:
        """`text` translated as one of these roles; as it is where it has no translation."""
        found = self._found(text, roles, _DEPTH)
        return text if found is None else found

    def joined(self, rule: str, got: str, fix: str) -> str:
        """A whole error as one text."""
        return self._signs["error"].format(rule=rule, got=got, fix=fix)

    def _found(self, text: str, roles: tuple[str, ...], depth: int) -> str | None:
        if not depth:
            return None
        for role in roles:
            if (whole := self._whole[role].get(text)) is not None:
                return whole
        if "reasons" in roles and (error := self._error(text, depth)) is not None:
            return error
        for role in roles:
            for template, translated in self._templates[role]:
                if (values := template.values(text)) is not None:
                    shown = self._shown(template, values, depth)
                    if shown is not None:
                        return translated.filled(shown)
        return self._sentences(text, depth) if "fixes" in roles else None

    def _shown(self, template: Template, values: list[str], depth: int) -> dict[str, str] | None:
        """The values as they are shown; None where one is not what its hole takes."""
        shown: dict[str, str] = {}
        for (name, takes), value in zip(template.holes, values, strict=True):
            put = self._put(value, takes, depth)
            if put is None:
                return None
            shown[name] = put
        return shown

    def _put(self, value: str, takes: str, depth: int) -> str | None:
        match takes:
            case "text" | "ours":
                found = self._found(value.strip(), _ANY, depth - 1)
                return value if found is None and takes == "text" else found
            case "texts":
                parts = [self._put(part, "ours", depth) or self._put(part, "word", depth) for part in value.split(", ")]
                known = [part for part in parts if part is not None]
                return self._signs["list"].join(known) if len(known) == len(parts) else None
            case "word":
                return None if not value or any(map(str.isspace, value)) else value
            case "list":
                return None if ". " in value else value.replace(", ", self._signs[takes])
            case "and" | "or":
                return value.replace(f" {takes} ", self._signs[takes])
        return value

    def _error(self, text: str, depth: int) -> str | None:
        """A whole error that is one text."""
        for at in _places(text, _GOT):
            rule = self._found(text[:at], _PARTS["rule"], depth - 1)
            if rule is None:
                continue
            rest = text[at + len(_GOT) :]
            for cut in _places(rest, ". "):
                fix = self._found(rest[cut + 2 :], _PARTS["fix"], depth - 1)
                if fix is not None:
                    return self.joined(rule, self.text(rest[:cut], _PARTS["got"]), fix)
        return None

    def _sentences(self, text: str, depth: int) -> str | None:
        """Several sentences, each of which is one of ours."""
        for end in ("? ", ". "):
            for at in _places(text, end):
                first = self._found(text[: at + 1], _SENTENCES, depth // 2)
                if first is not None:
                    rest = self._found(text[at + 2 :], _SENTENCES, depth - 1)
                    return None if rest is None else first + rest
        return None


def _places(text: str, part: str) -> Iterator[int]:
    """Where `part` stands in `text`, the first of them."""
    at = -1
    for _ in range(_CUTS):
        at = text.find(part, at + 1)
        if at < 0:
            return
        yield at


def _stopless(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that are a sentence, without its full stop: as they are told within another."""
    return {
        english[:-1]: translated.removesuffix("。") for english, translated in texts.items() if english.endswith(".")
    }


@cache
def _book(language: str) -> Book | None:
    if language == LANGUAGES[0] or language not in LANGUAGES:
        return None
    read = json.loads(files("tidebook.core").joinpath(f"locales/errors.{language}.json").read_text(encoding="utf-8"))
    return Book({role: texts for role, texts in read.items() if role != "signs"}, read["signs"])
