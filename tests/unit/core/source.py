"""The source as syntax trees: where a call stands, what a module takes from others."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tidebook

SOURCE = Path(tidebook.__file__).parent

Node = ast.AST


@dataclass(frozen=True)
class Place:
    """Where an expression is looked at: its module, and the functions around it from the innermost."""

    module: Module
    functions: tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...] = ()


@dataclass(frozen=True)
class Assigned:
    """What a name is set to."""

    value: ast.expr
    item: int | None  #: which of a tuple
    place: Place


@dataclass
class Module:
    """A file of the source."""

    path: Path
    tree: ast.Module
    nodes: list[Node] = field(init=False)
    parents: dict[Node, Node] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = list(ast.walk(self.tree))
        self.parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        return {node.name: node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    @cached_property
    def assigned(self) -> dict[str, list[Assigned]]:
        """Every name to all that it is set to."""
        found: dict[str, list[Assigned]] = {}
        for node in self.nodes:
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                names = list(enumerate(target.elts)) if isinstance(target, ast.Tuple) else [(None, target)]
                for item, name in names:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(Assigned(node.value, item, self.place(node)))
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Names taken from other modules of ours: the module and what it is called there."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in self.nodes
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tidebook")
            for alias in node.names
            if node.module
        }

    @cached_property
    def calls(self) -> dict[str, list[ast.Call]]:
        """All calls by the name of what is called."""
        found: dict[str, list[ast.Call]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Call):
                found.setdefault(called(node), []).append(node)
        return found

    def where(self, node: Node) -> str:
        """The file and line of `node`, for people."""
        return f"{self.path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"

    def place(self, node: Node) -> Place:
        """Where `node` stands."""
        around = []
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                around.append(node)
        return Place(self, tuple(around))


def modules() -> dict[str, Module]:
    """All modules by their dotted names."""
    return {
        ".".join(("tidebook", *path.relative_to(SOURCE).with_suffix("").parts)): Module(
            path, ast.parse(path.read_text(encoding="utf-8"))
        )
        for path in sorted(SOURCE.rglob("*.py"))
    }


def called(call: ast.Call) -> str:
    """The name of the function that is called."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
