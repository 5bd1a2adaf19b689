"""The tables of versions, all derived from the files."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Index, Integer, String, Table, Text, true

from tidebook.catalog.tables import ADDRESS, PROJECT, metadata

NUMBER = BigInteger().with_variant(Integer, "sqlite")

model_versions = Table(
    "model_versions",
    metadata,
    Column("n", NUMBER, primary_key=True),
    Column("address", ADDRESS, nullable=False, unique=True),
    Column("line", ADDRESS, nullable=False),  # the address without the version
    Column("mode", String(10), nullable=False),
    Column("scope", String(400), nullable=False, index=True),
    Column("aggregation", String(10)),
    Column("model_type", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("is_best", Boolean, nullable=False),
    Column("project", PROJECT, nullable=False, server_default="default"),
    Column("owner", String(200)),
    Column("pinned", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("wape", Double),  # of the validation, and its last day: they tell the best of a line
    Column("validated", String(40)),
    Column("loadable", Boolean, nullable=False, server_default=true()),  # what is not is never best
    Column("stamp", String(64), nullable=False),  # of the files that the row was made of
    Column("words", Text, nullable=False),  # what a search looks through, in lower case
    Index(None, "line", "version"),
    Index(None, "published", "version", "address"),
    Index(None, "model_type", "published", "version", "address"),
    Index(None, "project", "published", "version", "address"),
)

version_items = Table(  # apart from `model_versions`, so that looking through those stays quick
    "version_items",
    metadata,
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    Column("item", JSON, nullable=False),  # what lists show
)

version_metrics = Table(  # all values of a metric lie together
    "version_metrics",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
    Index(None, "name", "value", "version"),
    sqlite_with_rowid=False,
)

version_aliases = Table(
    "version_aliases",
    metadata,
    Column("alias", String(64), primary_key=True),
    Column("version", NUMBER, primary_key=True, autoincrement=False),
)

# All that a list is filtered by and searched through, in its order: SQLite then reads nothing else, and goes through
# 100,000 rows in 20 ms. Others limit the size of a key.
_ORDER = ("published", "version", "address")
_FILTERS = ("mode", "aggregation", "project", "owner", "archived")
for _name, _columns in (
    ("all", (*_ORDER, *_FILTERS, "model_type", "words")),
    ("type", ("model_type", *_ORDER, *_FILTERS)),
):
    Index(f"ix_model_versions_{_name}", *(model_versions.c[column] for column in _columns)).ddl_if(dialect="sqlite")
