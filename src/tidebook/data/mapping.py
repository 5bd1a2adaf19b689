"""Which columns of a table mean what: stated once per dataset, guessed from the names where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.core.errors import InvalidInput, nearest

NAMES: dict[str, tuple[str, ...]] = {
    "date": ("date", "ds", "day", "trade_date", "timestamp", "time", "日期", "销售日期"),
    "target": (
        *("sales", "y", "target", "quantity", "qty", "demand", "units", "close", "value"),
        *("销量", "销售量", "销售数量", "销售额"),
    ),
    "product": (
        *("product_id", "product", "drug_id", "item_id", "item", "sku", "symbol", "stock_symbol"),
        *("药品编号", "药品编码", "商品编号", "商品编码", "产品编号", "药品", "商品", "产品"),
    ),
    "store": (
        *("store_id", "store", "shop_id", "shop"),
        *("店铺编号", "门店编号", "门店编码", "店铺", "门店"),
    ),
}
KNOWN_FUTURE = (
    *("promo", "promotion", "price", "open", "is_open", "school_holiday", "state_holiday", "holiday"),
    *("促销", "价格", "营业", "节假日"),
)
PAST = ("customers", "客流", "客流量")
OPEN = ("open", "is_open", "营业")
PRICES = {"high", "low", "close"}  #: where these stand, `open` is the first price of a trading day


class ColumnMapping(BaseModel):
    """The meaning of a table's columns. What is not stated is guessed from the names."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"store": "store_id", "date": "date", "target": "sales", "known_future": ["promo", "open"]}]
        },
    )

    date: str | None = Field(None, description="The column of days.")
    target: str | None = Field(None, description="The column to forecast.")
    product: str | None = Field(None, description="The column of products; a table may have none.")
    store: str | None = Field(None, description="The column of stores; a table may have none.")
    known_future: tuple[str, ...] | None = Field(
        None,
        description="Covariates whose future is known: promo, price, open. Empty: none; null: as the names suggest.",
    )
    past: tuple[str, ...] | None = Field(
        None,
        description="Covariates known only afterwards: customers, weather. Empty: none; null: as the names suggest.",
    )
    static: tuple[str, ...] = Field((), description="Attributes that do not change within a series.")
    open: str | None = Field(
        None, description="The known-future column that is 0 on closed days, when nothing is sold."
    )
    country: str | None = Field(
        None, pattern=r"^[A-Z]{2}$", description="ISO code of the country whose holidays count, such as CN."
    )
    encoding: Literal["utf-8", "gb18030"] | None = Field(
        None, description="Encoding of a CSV file; default: UTF-8 if it is valid, else GB18030."
    )

    @property
    def covariates(self) -> tuple[str, ...]:
        """All covariates and attributes."""
        return (*(self.known_future or ()), *(self.past or ()), *self.static)


def guess(columns: Mapping[str, str]) -> ColumnMapping:
    """The meaning of columns (name → type) as their names suggest it; None where nothing does."""
    lower = {name.lower(): name for name in columns}

    def first(candidates: tuple[str, ...]) -> str | None:
        return next((lower[name] for name in candidates if name in lower), None)

    roles = {role: first(names) for role, names in NAMES.items()}
    if roles["date"] is None:
        days = [name for name, kind in columns.items() if kind.startswith("Date")]
        roles["date"] = days[0] if len(days) == 1 else None
    if roles["product"] is None and roles["store"] is None and "unique_id" in lower:
        roles["product"] = lower["unique_id"]
    taken = set(roles.values())
    if lower.keys() >= PRICES and "open" in lower:
        taken.add(lower["open"])
    known_future = tuple(lower[name] for name in KNOWN_FUTURE if name in lower and lower[name] not in taken)
    return ColumnMapping(
        date=roles["date"],
        target=roles["target"],
        product=roles["product"],
        store=roles["store"],
        known_future=known_future,
        past=tuple(lower[name] for name in PAST if name in lower and lower[name] not in taken),
        open=_opening(known_future),
    )


def resolve(mapping: ColumnMapping | None, columns: Mapping[str, str]) -> ColumnMapping:
    """`mapping` with what it leaves open filled in from the names of `columns` (name → type).

    InvalidInput where a column that was named does not exist, has two meanings, or no date or target is found.
    """
    mapping = mapping or ColumnMapping()
    _check_names(mapping, columns)
    stated = {getattr(mapping, role) for role in NAMES} | set(mapping.covariates)
    guessed = guess({name: kind for name, kind in columns.items() if name not in stated})
    filled = mapping.model_copy(
        update={
            name: getattr(guessed, name) for name in (*NAMES, "known_future", "past") if getattr(mapping, name) is None
        }
    )
    known_future = filled.known_future or ()
    if filled.open is None:
        filled = filled.model_copy(update={"open": _opening(known_future)})
    elif filled.open not in known_future:
        filled = filled.model_copy(update={"known_future": (*known_future, filled.open)})
    for role in ("date", "target"):
        if getattr(filled, role) is None:
            raise InvalidInput(
                f"A table must have a column for the {role}",
                got=f"none that looks like one among {', '.join(list(columns)[:12])}",
                fix=f"Name it in the mapping ({role}), on the command line with --{role}-column.",
            )
    _check_meanings(filled)
    return filled


def _opening(known_future: tuple[str, ...]) -> str | None:
    return next((name for name in known_future if name.lower() in OPEN), None)


def _check_names(mapping: ColumnMapping, columns: Mapping[str, str]) -> None:
    named = [(role, getattr(mapping, role)) for role in (*NAMES, "open")]
    named += [(role, name) for role in ("known_future", "past", "static") for name in getattr(mapping, role) or ()]
    for role, name in named:
        if name is not None and name not in columns:
            raise InvalidInput(
                f"The column for {role} must be in the table", got=name, fix=nearest(name, columns), column=name
            )


def _check_meanings(mapping: ColumnMapping) -> None:
    meanings: dict[str, str] = {}
    pairs = [(getattr(mapping, role), role) for role in NAMES]
    pairs += [(name, role) for role in ("known_future", "past", "static") for name in getattr(mapping, role) or ()]
    for name, role in pairs:
        if name is None:
            continue
        if name in meanings:
            raise InvalidInput(
                "A column must have one meaning",
                got=f"{name} as {meanings[name]} and as {role}",
                fix="Name it once.",
                column=name,
            )
        meanings[name] = role
