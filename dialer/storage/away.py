"""A database server that is not there for now, as opposed to one that refuses what is asked (D7)."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

# Of PostgreSQL: it shuts down, died, or boots; it has no connection left.
_CODES = frozenset({"57P01", "57P02", "57P03", "53300"})


class DatabaseAway(SQLAlchemyError):
    """The server cannot be reached, or does not answer.

    Of a write nothing is kept, unless it was lost in its very commit: who wrote looks anew.
    """


def as_away(error: OSError | DBAPIError) -> DatabaseAway | None:
    """What this failure to reach the server means; None: the server answered, and refuses."""
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None)
        if not (error.connection_invalidated or code in _CODES):
            return None
    why = str(error).partition("\n")[0] or "no answer in time"
    return DatabaseAway(f"The database does not answer: {why}")
