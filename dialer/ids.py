"""Identifiers: ULIDs, sorted by the time they were made, 26 characters of [0-9A-Z].

Safe for a channel id, a file name and a shell argument.
"""

from ulid import ULID


def new_id() -> str:
    """A new identifier."""
    return str(ULID())
