"""Flat files of models such as kan_product_P001_v1.pth, as other programs name them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from tidebook.abc import Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import DataFault, InvalidInput, NotFound
from tidebook.core.files import write_json
from tidebook.core.scope import AGGREGATIONS, Address
from tidebook.registry.intake import take_in
from tidebook.registry.weights import DAMAGED, MODEL, UNTOLD, fault
from tidebook.store.copying import digest

_NAME = re.compile(r"(?P<type>[a-z0-9_]+?)_(?P<mode>product|store|global)_(?P<what>.+)_v(?P<number>[1-9]\d{0,8})\.pth")
_SCOPE = re.compile(r".+_all|.+_specific_.+")


def address_of(name: str) -> Address:
    """The version that a flat file is: `kan_product_P001_v1.pth` is product/P001_all/kan/v1.

    In global mode the aggregation stands before the number: `lstm_global_all_sum_v2.pth`.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise _unreadable(name)
    model_type, mode, what, number = match["type"], match["mode"], match["what"], match["number"]
    if mode == "global":
        scope, _, aggregation = what.rpartition("_")
        if aggregation not in AGGREGATIONS:
            raise _unreadable(name)
        return Address.parse(f"global/{scope or 'all'}/{aggregation}/{model_type}/v{number}")
    scope = what if _SCOPE.fullmatch(what) else f"{what}_all"
    return Address.parse(f"{mode}/{scope}/{model_type}/v{number}")


def take_in_file(store: Store, source: Path) -> tuple[Address, bool]:
    """Adds a flat file to its line, under its number or the next one; its address, and if it is new.

    The file is looked at and never loaded. The version says why it cannot be used: it is a pickle, or nothing tells
    what the model was trained on. DataFault where it is no model.
    """
    if not source.is_file():
        raise NotFound("The file must exist", got=str(source), fix="Check the path.")
    wanted = address_of(source.name)
    problem = fault(source) or UNTOLD
    if problem == DAMAGED:
        raise DataFault(
            "A file to import must hold the weights of a model",
            got=f"{source.name}, which is damaged or of another kind",
            fix="Copy it again, or save the weights with torch.save.",
        )
    own = wanted.scope.removesuffix("_all") if wanted.scope.endswith("_all") else None
    metadata = {
        "format_version": 1,
        "description": f"{wanted.model_type} · {wanted.mode} · {wanted.scope}",
        "timestamp": timestamp(datetime.fromtimestamp(source.stat().st_mtime, UTC)),
        "product_ids": [own] if own and wanted.mode == "product" else [],
        "store_ids": [own] if own and wanted.mode == "store" else [],
        "imported_from": source.name,
    }
    origin = digest(source).removeprefix("blake3:")[:32]
    with store.workspace(f"import {source.name} {origin}") as folder:
        write_json(folder / "metadata.json", metadata)
        files = {MODEL: source, "metadata.json": folder / "metadata.json"}
        return take_in(store, wanted, files, origin, problem=problem)


def _unreadable(name: str) -> InvalidInput:
    return InvalidInput(
        "A file of a model must be called {algorithm}_{mode}_{id}_v{N}.pth, in global mode "
        "{algorithm}_global_{scope}_{aggregation}_v{N}.pth",
        got=repr(name[:120]),
        fix="Rename it, for example to kan_product_P001_v1.pth.",
    )
