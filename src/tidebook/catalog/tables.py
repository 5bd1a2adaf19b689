"""The tables. What is derived from files can be deleted at any time; `sync` makes it again."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(32)
DIGEST = String(64)
ADDRESS = String(500)

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created", BigInteger, nullable=False),  # milliseconds since 1970, as in all tables
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("last_used", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("claimed_by", String(200)),  # the machine whose server runs it
    Column("stop_requested", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),  # grows with every change of any task
    Column("record", JSON, nullable=False),  # the content of task.json
    Index(None, "created", "id"),
    Index(None, "state", "created", "id"),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("address", ADDRESS, primary_key=True),
    Column("line", ADDRESS, nullable=False, index=True),  # the address without the version
    Column("mode", String(10), nullable=False),
    Column("scope", String(400), nullable=False),
    Column("aggregation", String(10)),
    Column("model_type", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("is_best", Boolean, nullable=False),
    Column("words", Text, nullable=False),  # what a search looks through, in lower case
    Column("item", JSON, nullable=False),  # what lists show
    Index(None, "published", "address"),
    Index(None, "model_type", "published", "address"),
)

prediction_history = Table(
    "prediction_history",
    metadata,
    Column("id", ID, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("model", ADDRESS, nullable=False, index=True),
    Column("path", Text, nullable=False),  # of the JSON file, below the home
    Column("is_archived", Boolean, nullable=False),
    Column("total", Float),
    Column("item", JSON, nullable=False),
    Index(None, "created", "id"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", ID, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("name", String(500), nullable=False),
    Column("stamp", BigInteger, nullable=False),  # modification time of dataset.json, nanoseconds
    Column("record", JSON, nullable=False),
    Index(None, "created", "id"),
)
