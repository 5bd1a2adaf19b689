"""Users who are disabled or gone, projects with members, and the project and owner of everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

DERIVED = ("tasks", "model_versions", "prediction_history", "datasets")  #: made again from the files, now with both


def upgrade() -> None:
    """Adds tables and columns, and the project that always exists."""
    op.add_column("users", sa.Column("disabled", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("removed", sa.BigInteger(), nullable=True))
    projects = op.create_table(
        "projects",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projects")),
    )
    op.bulk_insert(
        projects, [{"name": "default", "title": "Default", "visibility": "public", "owner": None, "created": 0}]
    )
    op.create_table(
        "project_members",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.name"], name=op.f("fk_project_members_project_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_project_members_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project", "user_id", name=op.f("pk_project_members")),
    )
    op.create_index(op.f("ix_project_members_user_id"), "project_members", ["user_id"], unique=False)
    for table in DERIVED:
        op.execute(sa.delete(sa.table(table)))
        op.add_column(table, sa.Column("project", sa.String(length=64), nullable=False, server_default="default"))
        op.add_column(table, sa.Column("owner", sa.String(length=200), nullable=True))
