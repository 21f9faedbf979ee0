"""What lies before an agent, in tests on rows."""

from sqlalchemy import Connection

from dialer.calling.committing import Pairing
from dialer.calling.modes import service
from dialer.calling.modes.service import Taken
from tests.support.core import at, pairing


def taken(conn: Connection, seconds: float, how: Pairing | None = None) -> list[Taken]:
    """What the engine commits to, so many seconds after NOW."""
    service.end_times(conn, at(seconds))
    return service.take_pressed(conn, how or pairing(), at(seconds))
