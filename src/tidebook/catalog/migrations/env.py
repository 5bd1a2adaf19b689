"""What Alembic runs: the revisions on the connection that it was handed."""

from __future__ import annotations

from alembic import context

from tidebook.catalog.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
