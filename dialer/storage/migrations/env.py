"""Alembic runs this to migrate on a connection that the caller gives."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from dialer.storage.base import UtcDateTime, metadata


def _plain_type(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    # A migration must not change its meaning when our own types do.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_plain_type,
)
with context.begin_transaction():
    context.run_migrations()
