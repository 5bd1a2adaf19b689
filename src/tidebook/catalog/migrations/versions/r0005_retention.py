"""What projects keep, the daily cleanup, and the list of what is in the archive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the tables of policies, of the schedule and of the archive."""
    op.create_table(
        "retention_policies",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_retention_policies")),
    )
    op.create_table(
        "retention_schedule",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=True),
        sa.Column("last", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_schedule")),
    )
    op.create_table(
        "archived_things",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("archived", sa.BigInteger(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("item", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_archived_things")),
    )
    op.create_index(op.f("ix_archived_things_archived_id"), "archived_things", ["archived", "id"], unique=False)
