"""Datasets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer, Sentence
from tidebook.specs import ColumnMapping


class Finding(Answer):
    """Something that the audit found in the data."""

    code: str = Field(description="What kind of finding it is.", examples=["gap"])
    severity: Literal["error", "warning", "info"] = Field(description="error: cannot be trained on as it is.")
    column: str | None = Field(None, description="The column it is about.")
    count: int = Field(description="How many rows or days.")
    series_count: int = Field(description="How many series.")
    examples: list[Any] = Field(description="A few of them.")
    treatment: str = Field(description="What will be done about it.", examples=["closed"])
    sentence: Sentence = Field(description="The finding in words.")


class Audit(Answer):
    """What the audit found."""

    summary: dict[str, Any] = Field(description="rows, series, products, stores, first_date, last_date, days, columns.")
    findings: list[Finding] = Field(description="The worst first.")


class Column(Answer):
    """A column of a table."""

    name: str = Field(examples=["sales"])
    type: str = Field(description="Its type in Polars' words.", examples=["Float64"])


class Dataset(Answer):
    """A registered dataset."""

    id: str = Field(description="DSET and 28 characters.", examples=["DSET0123456789abcdefghijklmnop01"])
    name: str = Field(description="A name for people.", examples=["Drug stores"])
    path: str = Field(description="The file that holds the rows.", examples=["/data/sales.parquet"])
    uploaded: bool = Field(description="Whether the file was uploaded, and goes when the dataset is deleted.")
    mapping: ColumnMapping = Field(description="Which columns mean what.")
    fingerprint: str = Field(description="Changes when the content changes.")
    size_bytes: int
    rows: int
    series: int
    products: int = Field(description="How many products; 0 without a product column.")
    stores: int = Field(description="How many stores; 0 without a store column.")
    first_date: str | None = Field(examples=["2022-01-01"])
    last_date: str | None = Field(examples=["2024-12-31"])
    columns: list[Column]
    audit: Audit
    created_at: str = Field(description="When it was registered, ISO 8601.")
    project: str = Field(description="The project that it belongs to.", examples=["default"])
    owner: str | None = Field(description="Id of the user who registered it; null where nobody is known.")


class DatasetPage(Answer):
    """A page of datasets, newest first."""

    items: list[Dataset]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")


class NewDataset(BaseModel):
    """The request to register a file that the server can read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "path": "/data/sales.parquet",
                    "name": "Drug stores",
                    "mapping": {"store": "store_id", "date": "date", "target": "sales", "known_future": ["promo"]},
                }
            ]
        },
    )

    path: str = Field(min_length=1, max_length=4096, description="A file inside one of the server's data_roots.")
    name: str | None = Field(None, max_length=200, description="A name for people; default: the file's.")
    project: str = Field("default", pattern=r"^[a-z0-9_-]{1,64}$", description="The project that it belongs to.")
    mapping: ColumnMapping | None = Field(None, description="What is not stated is guessed from the columns' names.")


class Preview(Answer):
    """The first rows of a dataset."""

    columns: list[Column]
    rows: list[list[Any]] = Field(description="One list for each row, in the order of the columns.")


class Ids(Answer):
    """Products or stores of a dataset."""

    items: list[str] = Field(description="Those that match, at most `limit`.", examples=[["P001", "P002"]])
    total: int = Field(description="How many match.", examples=[2])


class SeriesValues(Answer):
    """The target of one series, or of the sum of several, day by day."""

    dates: list[str] = Field(examples=[["2024-12-30", "2024-12-31"]])
    values: list[float | None] = Field(description="null where nothing was observed.", examples=[[12.0, None]])
    mask: list[bool] = Field(description="Whether the day was observed.", examples=[[True, False]])
