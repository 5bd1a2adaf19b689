"""What lists of versions filter by: aliases, metrics, pin and archive, each where it is found quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables anew; their rows are made again from the files."""
    op.drop_table("model_versions")
    op.create_table(
        "model_versions",
        sa.Column("n", _NUMBER, nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("line", sa.String(length=500), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("aggregation", sa.String(length=10), nullable=True),
        sa.Column("model_type", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("is_best", sa.Boolean(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False, server_default="default"),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("wape", sa.Double(), nullable=True),
        sa.Column("validated", sa.String(length=40), nullable=True),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("address", name=op.f("uq_model_versions_address")),
    )
    for columns in (
        ["scope"],
        ["line", "version"],
        ["published", "version", "address"],
        ["model_type", "published", "version", "address"],
        ["project", "published", "version", "address"],
    ):
        op.create_index(op.f(f"ix_model_versions_{'_'.join(columns)}"), "model_versions", columns, unique=False)
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql" and _has_trigrams():
        op.create_index(
            "ix_model_versions_words",
            "model_versions",
            ["words"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        )
    if dialect == "sqlite":
        order, filters = ["published", "version", "address"], ["mode", "aggregation", "project", "owner", "archived"]
        everything = [*order, *filters, "model_type", "words"]
        op.create_index("ix_model_versions_all", "model_versions", everything, unique=False)
        op.create_index("ix_model_versions_type", "model_versions", ["model_type", *order, *filters], unique=False)
    op.create_table(
        "version_items",
        sa.Column("version", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("item", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_version_items")),
    )
    op.create_table(
        "version_metrics",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_version_metrics")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_version_metrics_name_value_version"), "version_metrics", ["name", "value", "version"], unique=False
    )
    op.create_table(
        "version_aliases",
        sa.Column("alias", sa.String(length=64), nullable=False),
        sa.Column("version", _NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("alias", "version", name=op.f("pk_version_aliases")),
    )


def _has_trigrams() -> bool:
    """Whether PostgreSQL has the extension that finds parts of words, or lets it be added. Without it a search reads
    all rows."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return False
    return True
