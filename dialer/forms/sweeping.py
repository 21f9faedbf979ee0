"""What time alone brings about: wrap-ups that are over, or go on over an unsaved form (D5)."""

from datetime import datetime

from sqlalchemy import Connection

from dialer.agents.queries import AgentSession, wrap_ups
from dialer.agents.service import extend_wrap_up, release
from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentEvent
from dialer.alarms.service import raise_alarm
from dialer.forms.queries import form_of
from dialer.forms.service import OVER_TIME
from dialer.forms.wrap_up import WrapUp, wrap_up_step
from dialer.storage.database import Database

_DEFAULTS = AgentSettings()


async def sweep(database: Database, now: datetime, settings: AgentSettings = _DEFAULTS) -> None:
    """End the wrap-ups whose time is over and whose form is saved; extend the others."""
    if await database.read(lambda conn: bool(_due(conn, now, settings))):
        await database.write(lambda conn: end_wrap_ups(conn, now, settings))


def end_wrap_ups(conn: Connection, now: datetime, settings: AgentSettings = _DEFAULTS) -> int:
    """On to the next call for everyone whose wrap-up is over and whose form is saved; returns how many."""
    ended = 0
    for current, step in _due(conn, now, settings):
        if step is WrapUp.FINISH:
            release(conn, current, AgentEvent.WRAPPED_UP, now)
            ended += 1
        elif step is WrapUp.EXTEND:
            extend_wrap_up(conn, current, settings.wrap_up_extension_seconds, now)
        elif current.attempt_id is not None:
            raise_alarm(conn, OVER_TIME, current.attempt_id, now)
    return ended


def _due(conn: Connection, now: datetime, settings: AgentSettings) -> list[tuple[AgentSession, WrapUp]]:
    found: list[tuple[AgentSession, WrapUp]] = []
    for current in wrap_ups(conn):
        # Without an attempt there is no form that could be saved.
        saved = current.attempt_id is None or form_of(conn, current.attempt_id) is not None
        step = wrap_up_step(current, settings, now, form_saved=saved)
        if step is not WrapUp.WAIT:
            found.append((current, step))
    return found
