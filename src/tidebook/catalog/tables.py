"""The tables. What is derived from files can be deleted at any time; `sync` makes it again."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
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
PROJECT = String(64)

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created", BigInteger, nullable=False),  # milliseconds since 1970, as in all tables
    Column("disabled", BigInteger),  # since when the user may not come in
    Column("removed", BigInteger),  # since when; the row stays, for what the user owns
)

projects = Table(
    "projects",
    metadata,
    Column("name", PROJECT, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("visibility", String(10), nullable=False),  # private or public
    Column("owner", ID),  # NULL: nobody but administrators manages it
    Column("created", BigInteger, nullable=False),
)

project_members = Table(
    "project_members",
    metadata,
    Column("project", PROJECT, ForeignKey("projects.name", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(20), nullable=False),
    Column("created", BigInteger, nullable=False),
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
    Column("project", PROJECT, nullable=False, server_default="default"),
    Column("owner", String(200)),
    Column("record", JSON, nullable=False),  # the content of task.json
    Index(None, "created", "id"),
    Index(None, "state", "created", "id"),
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
    Column("project", PROJECT, nullable=False, server_default="default"),
    Column("owner", String(200)),
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
    Column("project", PROJECT, nullable=False, server_default="default"),
    Column("owner", String(200)),
    Column("record", JSON, nullable=False),
    Index(None, "created", "id"),
)


def _exact(length: int) -> String:
    """Text that every database compares by its characters' code points, whatever language it is set to."""
    return (
        String(length)
        .with_variant(String(length, collation="utf8mb4_bin"), "mysql")
        .with_variant(String(length, collation="C"), "postgresql")
    )


RUN = BigInteger().with_variant(Integer, "sqlite")
LONG_TEXT = Text().with_variant(Text(collation="utf8mb4_bin"), "mysql")

runs = Table(
    "runs",
    metadata,
    Column("n", RUN, primary_key=True, autoincrement=False),
    Column("run_name", _exact(255), nullable=False, unique=True),
    Column("status", _exact(500)),
    Column("project", _exact(500)),
    Column("owner", _exact(500)),
    Column("model_type", _exact(500)),
    Column("scope", _exact(500)),
    Column("stock_symbol", _exact(500)),
    Column("task_id", _exact(500)),
    Column("version", _exact(500)),
    Column("dataset", _exact(500)),
    Column("description", LONG_TEXT),
    Column("notes", LONG_TEXT),
    Column("created", BigInteger),
    Column("updated", BigInteger),
    Column("finished", BigInteger),
    Column("duration", Double),  # seconds
    Column("lost", Boolean, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("live", Boolean, nullable=False),  # whether a process may be writing it
    Column("stamp", String(32), nullable=False),  # of the files that the row was made of
    Column("change", BigInteger, nullable=False, index=True),  # grows with every change of any run
    *(
        Index(None, name, "n")
        for name in (
            "status",
            "project",
            "owner",
            "model_type",
            "scope",
            "stock_symbol",
            "task_id",
            "version",
            "dataset",
            "created",
            "updated",
            "finished",
            "duration",
        )
    ),
)

run_items = Table(  # apart from `runs`, so that looking through those stays quick
    "run_items",
    metadata,
    Column("run", RUN, primary_key=True, autoincrement=False),
    Column("item", JSON, nullable=False),  # what lists show
)

run_names = Table(
    "run_names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),  # params, metrics or tags
    Column("name", _exact(250), nullable=False),
    Index(None, "kind", "name", unique=True),
)

run_values = Table(  # all values of a name lie together
    "run_values",
    metadata,
    Column("name", Integer, primary_key=True, autoincrement=False),
    Column("run", RUN, primary_key=True, autoincrement=False),
    Column("number", Double),
    Column("text", _exact(500)),
    Index(None, "name", "number", "run"),
    Index(None, "name", "text", "run"),
    sqlite_with_rowid=False,
)

run_deletions = Table(  # for those who follow the list
    "run_deletions",
    metadata,
    Column("change", BigInteger, primary_key=True, autoincrement=False),
    Column("run_name", _exact(255), nullable=False),
    Column("project", _exact(500)),
    Column("owner", _exact(500)),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", ID, primary_key=True),
    Column("owner", ID, nullable=False),
    Column("page", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("query", Text, nullable=False),  # of the page's URL
    Column("created", BigInteger, nullable=False),
    Index(None, "owner", "page", "name"),
)

retention_policies = Table(
    "retention_policies",
    metadata,
    Column("project", PROJECT, primary_key=True),
    Column("policy", JSON, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("changed_by", String(200)),
)

retention_schedule = Table(
    "retention_schedule",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one
    Column("is_on", Boolean, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("day", String(10)),  # YYYY-MM-DD that somebody cleans up for, or has
    Column("seen", BigInteger),  # when whoever does was last seen; NULL when it is done
    Column("last", JSON),  # what came of it
)

archived_things = Table(  # derived: what archived.json files say
    "archived_things",
    metadata,
    Column("kind", String(10), primary_key=True),
    Column("id", ADDRESS, primary_key=True),
    Column("archived", BigInteger, nullable=False),
    Column("project", PROJECT, nullable=False),
    Column("owner", String(200)),
    Column("item", JSON, nullable=False),  # what lists show
    Index(None, "archived", "id"),
)
