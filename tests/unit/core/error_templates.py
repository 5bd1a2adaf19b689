"""Every text that the errors in the source can have, read from the source itself.

A text is a template: what is written there, with a hole `{1}`, `{2}`, … for each value. Where an f-string chooses
between texts (`{"a" if x else "b"}`), each is a template. A value that is a text of ours itself, such as what `nearest`
returns, leaves the hole `{1:text}`, and is a template of the role "words"; names joined by a comma leave `{1:list}`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product

from tests.unit.core.source import Module, Node, Place, called, modules

MOST = 64  #: alternatives of one text
FEW = 3  #: parts so few are written out

_JOINED = {", ": "list", " and ": "and", " or ": "or"}
_VALUE = "\0"  # marks a hole within a text; its kind follows, up to the next one
HOLE = _VALUE * 2
_WORD = re.compile(r"(?<![\w/.\0])[A-Za-z][a-z]*(?![\w/\0])")


class Reader:
    """Reads the templates of all modules."""

    def __init__(self) -> None:
        self.modules = modules()
        self.found: dict[tuple[str, str], str] = {}
        self._open: set[int] = set()

    def read(self) -> dict[tuple[str, str], str]:
        """(role, template) to the place where it is written; roles are rules, got, fixes, reasons and words."""
        kinds = self._kinds()
        for module in self.modules.values():
            for call in [call for calls in module.calls.values() for call in calls]:
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                if called(call) not in kinds and not {"got", "fix"} <= given.keys():
                    continue
                parts = {
                    "rules": call.args[0] if call.args else None,
                    "got": given.get("got"),
                    "fixes": given.get("fix"),
                }
                for role, node in parts.items():
                    if node is not None:
                        self._keep(role, self.texts(node, module.place(call)), module.where(node))
            self._read_reasons(module)
        return self.found

    def _read_reasons(self, module: Module) -> None:
        """What is said of runs and fields without an error: why one ended, what is wrong with one."""
        for node in module.nodes:
            said: list[ast.expr] = []
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="problems"), attr="append"), args=[text]):
                    said = [text]
                case ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError"), args=[text])):
                    said = [text] if {"specs", "schemas"} & set(module.path.parts) else []
                case (
                    ast.Assign(targets=[ast.Name(id="reason" | "problem")], value=text)
                    | ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value="reason" | "problem"))], value=text)
                ):
                    said = [text]
                case ast.FunctionDef(name="lost" | "_reason"):
                    said = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
            for text in said:
                self._keep("reasons", self.texts(text, module.place(text)), module.where(text))

    def texts(self, node: Node, place: Place) -> list[str]:
        """What an expression can be, with a mark for each hole."""
        if id(node) in self._open or len(self._open) > 60:
            return [_VALUE]
        self._open.add(id(node))
        try:
            return list(dict.fromkeys(self._texts(node, place)))[:MOST]
        finally:
            self._open.discard(id(node))

    def _texts(self, node: Node, place: Place) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield from map("".join, product(*(self._part(part, place) for part in parts)))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = (self._part(left, place), self._part(right, place))
                spoken = any(set(text) - {_VALUE} for texts in both for text in texts)
                yield from map("".join, product(*both)) if spoken else (HOLE,)
            case ast.IfExp(body=body, orelse=other):
                yield from self.texts(body, place)
                yield from self.texts(other, place)
            case ast.BoolOp(values=parts):
                for part in parts:
                    yield from self.texts(part, place)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                yield from self.texts(value, place)
            case ast.Subscript(value=value, slice=ast.Slice()):
                yield from self.texts(value, place)
            case ast.Subscript(value=value):
                yield from [text for part in self._written(value, place) for text in self.texts(part, place)] or [HOLE]
            case ast.Call(func=ast.Attribute(value=ast.Name() as value, attr="get"), args=[_, *default]):
                parts = [*self._written(value, place), *default]
                yield from [text for part in parts for text in self.texts(part, place)] or [HOLE]
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=""), attr="join"), args=[ast.GeneratorExp(elt=each)]
            ):
                yield from ("", *self.texts(each, place))
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(joint)), attr="join"), args=[parts]):
                ours = [text for part in self._joined(parts, place) for text in self.texts(part, place) if speaks(text)]
                self._keep("words", ours, place.module.where(node))
                yield _VALUE + ("texts" if ours and joint == ", " else _JOINED.get(joint, "")) + _VALUE
            case ast.Call():
                yield from self._returned(node, place)
            case ast.Name(id=name):
                yield from self._named(name, place)
            case _:
                yield HOLE

    def _part(self, node: Node, place: Place) -> list[str]:
        """What a part of a text can be: written out where it is chosen there, otherwise a hole."""
        match node:
            case ast.FormattedValue(conversion=-1, format_spec=None, value=value):
                return self._part(value, place)
            case ast.FormattedValue():
                return [HOLE]
            case ast.Constant() | ast.JoinedStr():
                return self.texts(node, place)
            case ast.IfExp(body=body, orelse=other):
                return [*self._part(body, place), *self._part(other, place)]
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join")):
                return self.texts(node, place)
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mult()):
                return [text, ""]
        found = self.texts(node, place)
        ours = [text for text in found if speaks(text)]
        if not ours:
            return found[:1] if len(found) == 1 and found[0].startswith(_VALUE) else [HOLE]
        if "" in found and all(text != text.strip() for text in ours):
            return ["", *ours]  # a part that may be left out, with the space before or after it
        if len(found) == len(ours) <= FEW and not any(_VALUE in text for text in found):
            return found
        self._keep("words", ours, place.module.where(node))
        return [_VALUE + "text" + _VALUE]

    def _joined(self, node: Node, place: Place) -> list[ast.expr]:
        """What a list holds that is joined into a text."""
        match node:
            case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each):
                return [each]
            case ast.List(elts=parts):
                return parts
            case ast.Name(id=name) if place.functions:
                return [
                    call.args[0]
                    for call in ast.walk(place.functions[0])
                    if isinstance(call, ast.Call)
                    and called(call) == "append"
                    and isinstance(call.func, ast.Attribute)
                    and isinstance(call.func.value, ast.Name)
                    and call.func.value.id == name
                ]
        return []

    def _returned(self, call: ast.Call, place: Place, item: int | None = None) -> Iterator[str]:
        module, function = self._function(called(call), self._home(call, place.module))
        if function is None or module is None:
            yield HOLE
            return
        inside = Place(module, (function, *module.place(function).functions))
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from self._item(node.value, inside, item)

    def _item(self, node: Node, place: Place, item: int | None) -> Iterator[str]:
        match node:
            case _ if item is None:
                yield from self.texts(node, place)
            case ast.Tuple(elts=parts):
                yield from self.texts(parts[item], place)
            case ast.Subscript(value=value) if written := self._written(value, place):
                for part in written:
                    yield from self._item(part, place, item)
            case ast.Call():
                yield from self._returned(node, place, item)
            case ast.IfExp(body=body, orelse=other):
                yield from self._item(body, place, item)
                yield from self._item(other, place, item)
            case _:
                yield HOLE

    def _named(self, name: str, place: Place) -> Iterator[str]:
        for function in place.functions:
            found = list(self._assigned(name, place.module, function))
            arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            if name in {argument.arg for argument in arguments}:
                found += self._passed(name, function, place.module)
            if found:
                yield from found
                return
        yield from list(self._assigned(name, place.module, None)) or [HOLE]

    def _assigned(self, name: str, module: Module, function: Node | None) -> Iterator[str]:
        """What a name is set to in a function, or outside of all."""
        for each in module.assigned.get(name, ()):
            if function in each.place.functions if function else not each.place.functions:
                yield from self._item(each.value, each.place, each.item)

    def _passed(self, name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Iterator[str]:
        """What callers give for a parameter."""
        arguments = [*function.args.posonlyargs, *function.args.args]
        names = [argument.arg for argument in arguments if argument.arg not in {"self", "cls"}]
        defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
        defaults |= {
            argument.arg: default
            for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            if default is not None
        }
        if name in defaults:
            yield from self.texts(defaults[name], Place(module))
        for caller in self._callers(function.name, module):
            for call in caller.calls.get(function.name, ()):
                given: dict[str | None, ast.expr] = {keyword.arg: keyword.value for keyword in call.keywords}
                given |= dict(zip(names, call.args, strict=False))
                if name in given and not isinstance(given[name], ast.Starred):
                    yield from self.texts(given[name], caller.place(call))

    def _callers(self, name: str, module: Module) -> list[Module]:
        dotted = next(key for key, value in self.modules.items() if value is module)
        whole = tuple(dotted.rsplit(".", 1))
        return [
            module,
            *(
                each
                for each in self.modules.values()
                if each.imports.get(name) == (dotted, name) or whole in each.imports.values()
            ),
        ]

    def _written(self, node: Node, place: Place) -> list[ast.expr]:
        """What is in a mapping or a tuple that is written out, there or where its name is set."""
        match node:
            case ast.Name(id=name):
                return [
                    part for each in place.module.assigned.get(name, ()) for part in self._written(each.value, place)
                ]
            case ast.Dict(values=parts) | ast.Tuple(elts=parts):
                return parts
        return []

    def _home(self, call: ast.Call, module: Module) -> Module:
        """The module of ours whose function is called by the module's name, else `module`."""
        match call.func:
            case ast.Attribute(value=ast.Name(id=name)) if name in module.imports:
                return self.modules.get(".".join(module.imports[name]), module)
        return module

    def _function(
        self, name: str, module: Module
    ) -> tuple[Module | None, ast.FunctionDef | ast.AsyncFunctionDef | None]:
        if name in module.functions:
            return module, module.functions[name]
        home, original = module.imports.get(name, ("", name))
        origin = self.modules.get(home) or self.modules.get(f"{home}.__init__")
        return (origin, origin.functions.get(original)) if origin else (None, None)

    def _kinds(self) -> set[str]:
        """The names of TidebookError and of all that is derived from it."""
        kinds = {"TidebookError"}
        classes = [node for module in self.modules.values() for node in module.nodes if isinstance(node, ast.ClassDef)]
        bases = {node.name: {getattr(base, "id", "") for base in node.bases} for node in classes}
        while more := {name for name, of in bases.items() if of & kinds} - kinds:
            kinds |= more
        return kinds

    def _keep(self, role: str, texts: list[str], where: str) -> None:
        for text in texts:
            if speaks(text):
                self.found.setdefault((role, numbered(text)), where)


def speaks(text: str) -> bool:
    """Whether a text with marked holes has words of its own, and not only what stays, such as a name or a path."""
    own = _VALUE.join(text.split(_VALUE)[::2]).strip()
    return " " in own and bool(_WORD.search(own))


def numbered(text: str) -> str:
    """A text with marked holes as a template."""
    parts = text.strip().split(_VALUE)
    return "".join(
        part.replace("{", "{{").replace("}", "}}")
        if i % 2 == 0
        else "{" + str(i // 2 + 1) + (f":{part}" if part else "") + "}"
        for i, part in enumerate(parts)
    )
