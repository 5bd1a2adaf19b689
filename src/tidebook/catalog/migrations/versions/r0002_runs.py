"""Runs: their rows, what lists filter and sort by, and saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RUN = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LONG_TEXT = sa.Text().with_variant(sa.Text(collation="utf8mb4_bin"), "mysql")
_TEXTS = ("status", "project", "owner", "model_type", "scope", "stock_symbol", "task_id", "version", "dataset")
_NUMBERS = ("created", "updated", "finished", "duration")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "runs",
        sa.Column("n", _RUN, autoincrement=False, nullable=False),
        sa.Column("run_name", _exact(255), nullable=False),
        *(sa.Column(name, _exact(500), nullable=True) for name in _TEXTS),
        sa.Column("description", _LONG_TEXT, nullable=True),
        sa.Column("notes", _LONG_TEXT, nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=True),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.String(length=32), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_runs")),
        sa.UniqueConstraint("run_name", name=op.f("uq_runs_run_name")),
    )
    op.create_index(op.f("ix_runs_change"), "runs", ["change"], unique=False)
    for name in (*_TEXTS, *_NUMBERS):
        op.create_index(op.f(f"ix_runs_{name}_n"), "runs", [name, "n"], unique=False)
    op.create_table(
        "run_items",
        sa.Column("run", _RUN, autoincrement=False, nullable=False),
        sa.Column("item", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_run_items")),
    )
    op.create_table(
        "run_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", _exact(250), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_names")),
    )
    op.create_index(op.f("ix_run_names_kind_name"), "run_names", ["kind", "name"], unique=True)
    op.create_table(
        "run_values",
        sa.Column("name", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run", _RUN, autoincrement=False, nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", _exact(500), nullable=True),
        sa.PrimaryKeyConstraint("name", "run", name=op.f("pk_run_values")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_run_values_name_number_run"), "run_values", ["name", "number", "run"], unique=False)
    op.create_index(op.f("ix_run_values_name_text_run"), "run_values", ["name", "text", "run"], unique=False)
    op.create_table(
        "run_deletions",
        sa.Column("change", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_name", _exact(255), nullable=False),
        sa.Column("project", _exact(500), nullable=True),
        sa.Column("owner", _exact(500), nullable=True),
        sa.PrimaryKeyConstraint("change", name=op.f("pk_run_deletions")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("page", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_owner_page_name"), "saved_views", ["owner", "page", "name"], unique=False)


def _exact(length: int) -> sa.String:
    return (
        sa.String(length=length)
        .with_variant(sa.String(length=length, collation="utf8mb4_bin"), "mysql")
        .with_variant(sa.String(length=length, collation="C"), "postgresql")
    )
