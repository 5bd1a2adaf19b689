"""What a model covers: mode, products, stores and aggregation, and the names made from them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, get_args

import orjson

from tidebook.core.errors import InvalidInput

Mode = Literal["product", "store", "global"]
Aggregation = Literal["sum", "mean", "median", "max", "min", "none"]
MODES: tuple[Mode, ...] = get_args(Mode)
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
ALL = "all"  #: The constant key of a missing product or store column.
MAX_SEGMENT_BYTES = 120
MAX_ADDRESS_BYTES = 1024  #: more than scope, aggregation and algorithm can make, less than a path can hold

_UNSAFE = re.compile(r"[^\w.-]|^\.+")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one model covers. An empty tuple of ids means all.

    In product mode `product_ids` holds exactly one product and `store_ids` the stores; in store mode the other
    way round. Only global mode has an aggregation; `none` keeps the series apart.
    """

    mode: Mode
    product_ids: tuple[str, ...] = ()  #: products covered, sorted
    store_ids: tuple[str, ...] = ()  #: stores covered, sorted
    aggregation: Aggregation | None = None  #: global mode: how the series become one

    def __post_init__(self) -> None:
        object.__setattr__(self, "product_ids", tuple(sorted(set(self.product_ids))))
        object.__setattr__(self, "store_ids", tuple(sorted(set(self.store_ids))))
        if self.mode not in MODES:
            raise InvalidInput(
                f"training_mode must be one of {', '.join(MODES)}", got=self.mode, fix="Choose one of these."
            )
        if self.mode == "global":
            if self.aggregation not in AGGREGATIONS:
                raise InvalidInput(
                    f"In global mode aggregation_method must be one of {', '.join(AGGREGATIONS)}",
                    got=self.aggregation,
                    fix="Use sum for one series of everything, none to train on all series as they are.",
                )
            return
        if self.aggregation is not None:
            raise InvalidInput(
                "aggregation_method is for global mode only",
                got=f"{self.aggregation} in {self.mode} mode",
                fix="Leave it out, or set training_mode to global.",
            )
        own = self.product_ids if self.mode == "product" else self.store_ids
        if len(own) != 1:
            raise InvalidInput(
                f"{self.mode.capitalize()} mode needs exactly one {self.mode}",
                got=f"{len(own)} ({', '.join(own[:3])})" if own else "none",
                fix=f"Name one in {self.mode}_ids, or use global mode with aggregation_method none for several.",
            )

    @property
    def product_id(self) -> str | None:
        """The product of product mode."""
        return self.product_ids[0] if self.mode == "product" else None

    @property
    def store_id(self) -> str | None:
        """The store of store mode."""
        return self.store_ids[0] if self.mode == "store" else None

    @property
    def name(self) -> str:
        """The scope in paths: `P001_all`, `S001_specific_P001_P002`, `stores/S001/products/P001`."""
        if self.mode == "global":
            parts = [
                part
                for kind, ids in (("stores", self.store_ids), ("products", self.product_ids))
                if ids
                for part in (kind, _list_segment(ids))
            ]
            return "/".join(parts) or ALL
        own, others = (
            (self.product_ids[0], self.store_ids) if self.mode == "product" else (self.store_ids[0], self.product_ids)
        )
        return _own_segment(own, others)

    def identifier(self, model_type: str) -> str:
        """The key of all versions of this scope and algorithm: `product_P001_all_lstm`."""
        return identifier(self.mode, self.name, model_type, self.aggregation)

    def folder(self, model_type: str) -> str:
        """The folder of the versions, below the store: `product/P001_all/lstm`, `global/all/sum/lstm`."""
        middle = [self.aggregation] if self.aggregation else []
        return "/".join([self.mode, self.name, *middle, model_type])

    def description(self, model_type: str) -> str:
        """The training description: one sentence used in logs, chart titles and metadata."""
        products = _spoken(self.product_ids, "product", "products")
        stores = _spoken(self.store_ids, "store", "stores")
        if self.mode == "product":
            what = f"{products} in {stores}"
        elif self.mode == "store":
            what = f"{stores}, {products}"
        elif not self.product_ids and not self.store_ids:
            what = "all series"
        else:
            what = f"{products} in {stores}"
        how = {None: "", "none": ", each series as it is"}.get(self.aggregation, f", {self.aggregation} of the series")
        return f"{model_type} · {self.mode} · {what}{how}"


def identifier(mode: str, name: str, model_type: str, aggregation: str | None) -> str:
    """`{mode}_{scope}_{model_type}`, in global mode `{mode}_{scope}_{aggregation}_{model_type}`."""
    return "_".join([mode, name, *([aggregation] if mode == "global" and aggregation else []), model_type])


@dataclass(frozen=True)
class Address:
    """Where a version or its line of versions lives in the store, read from the path alone."""

    mode: Mode
    scope: str  #: the scope's name, with '/' in global mode
    aggregation: str | None
    model_type: str
    version: int | None  #: None for the whole line

    @property
    def folder(self) -> str:
        """`product/P001_all/lstm`."""
        middle = [self.aggregation] if self.aggregation else []
        return "/".join([self.mode, self.scope, *middle, self.model_type])

    @property
    def identifier(self) -> str:
        """`product_P001_all_lstm`."""
        return identifier(self.mode, self.scope, self.model_type, self.aggregation)

    def __str__(self) -> str:
        return self.folder if self.version is None else f"{self.folder}/v{self.version}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in `product/P001_all/lstm/v3` or, for the line, `product/P001_all/lstm`."""
        if len(text.encode(errors="replace")) > MAX_ADDRESS_BYTES:
            raise _bad_address(text)
        parts = text.strip("/").split("/")
        version = int(parts.pop()[1:]) if re.fullmatch(r"v[1-9]\d{0,8}", parts[-1]) else None
        mode = parts[0]
        if any(part in {"", ".", ".."} for part in parts):
            raise _bad_address(text)
        if mode in {"product", "store"} and len(parts) == 3:
            return cls("product" if mode == "product" else "store", parts[1], None, parts[2], version)
        if mode == "global" and len(parts) >= 4 and parts[-2] in AGGREGATIONS:
            return cls("global", "/".join(parts[1:-2]), parts[-2], parts[-1], version)
        raise _bad_address(text)


def split_alias(text: str) -> tuple[str, str | None]:
    """`product/P001_all/lstm@production` as the address of the line and the alias; None where there is none."""
    head, separator, alias = text.rpartition("@")
    return (head, alias) if separator and "/" not in alias else (text, None)


def _bad_address(text: str) -> InvalidInput:
    return InvalidInput(
        "A model's address must be {mode}/{scope}/{model_type}, in global mode "
        "global/{scope}/{aggregation}/{model_type}, and for one version end in /v{N}",
        got=repr(text[:120]),
        fix="Copy it from `tidebook models list`, for example product/P001_all/lstm/v1.",
    )


def _spoken(ids: tuple[str, ...], one: str, many: str) -> str:
    if not ids:
        return f"all {many}"
    if len(ids) == 1:
        return f"{one} {ids[0]}"
    return f"{many} {', '.join(ids)}" if len(ids) <= 4 else f"{len(ids)} {many}"


def _own_segment(own: str, others: tuple[str, ...]) -> str:
    name = f"{own}_specific_{'_'.join(others)}" if others else f"{own}_{ALL}"
    head, separator, tail = name.partition("_specific_")
    if separator:
        readable = (head, tuple(tail.split("_"))) == (own, others)
    else:
        readable = not others
    return _segment(name, [own, *others], len(others), readable)


def _list_segment(ids: tuple[str, ...]) -> str:
    name = "_".join(ids)
    return _segment(name, list(ids), len(ids), tuple(name.split("_")) == ids)


def _segment(name: str, ids: list[str], count: int, readable: bool) -> str:
    """`name` where it says its ids without doubt and fits a path; else cut, with the count and a digest."""
    safe = _UNSAFE.sub("-", name)
    if readable and safe == name and len(name.encode()) <= MAX_SEGMENT_BYTES:
        return name
    digest = hashlib.sha256(orjson.dumps([*ids, count])).hexdigest()[:10]
    ending = f"~{count}~{digest}"
    return safe.encode()[: MAX_SEGMENT_BYTES - len(ending)].decode(errors="ignore") + ending
