"""Which columns of a table mean what."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ColumnMapping(BaseModel):
    """The meaning of a table's columns, stated once per dataset. What is not stated is guessed from the names."""

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
    known_future: tuple[str, ...] = Field((), description="Covariates whose future is known: promo, price, open.")
    past: tuple[str, ...] = Field((), description="Covariates known only afterwards: customers, weather.")
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
