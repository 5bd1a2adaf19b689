"""Versions that cannot be loaded are told apart: they are never best."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the column; stamps that no files have let the rows be made again from the files."""
    op.add_column("model_versions", sa.Column("loadable", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(sa.text("UPDATE model_versions SET stamp = '?'"))
