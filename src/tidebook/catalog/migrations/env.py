"""What Alembic runs: the revisions on the connection that it was handed."""

from __future__ import annotations

from alembic import context

from tidebook.catalog import version_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=version_tables.model_versions.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
