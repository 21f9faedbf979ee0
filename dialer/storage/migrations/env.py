"""Alembic runs this to migrate on a connection that the caller gives."""

from alembic import context

from dialer.storage.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
