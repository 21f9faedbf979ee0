"""Keeps agents ready and forms saved while the service dies and comes back."""

import asyncio
import contextlib
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dialer.agents import service
from dialer.agents.queries import AgentSession, all_agents, session
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.queries import attempt
from dialer.clock import Clock, system_clock
from dialer.forms.queries import form_of
from dialer.forms.rules import Disposition
from dialer.forms.service import finish_wrap_up, save_form
from dialer.playbooks.library import Library
from dialer.storage.database import Database

_LOOK_SECONDS = 0.3


class Clerk:
    """Stands for the agents' hands; works on the database beside the service."""

    def __init__(self, database: Database, library: Library, clock: Clock = system_clock) -> None:
        self._db = database
        self._library = library
        self._clock = clock
        self.open = True

    async def work(self) -> None:
        """Work until cancelled; a database that cannot be written is tried again, as a person would."""
        while True:
            with contextlib.suppress(SQLAlchemyError):
                await self._db.write(self._look)
            await asyncio.sleep(_LOOK_SECONDS)

    def act(self, conn: Connection, current: AgentSession, now: datetime) -> None:
        """What an agent does whose session stands like this."""
        match current.state:
            case AgentState.PAUSED if self.open:
                service.ready(conn, current.agent_id, now)
            case AgentState.READY if not self.open:
                service.pause(conn, current.agent_id, PauseReason.OTHER, now)
            case AgentState.WRAP_UP if current.attempt_id is not None:
                if self.save_form(conn, current.agent_id, current.attempt_id, now):
                    finish_wrap_up(conn, current.agent_id, now)
                    if not self.open:
                        service.pause(conn, current.agent_id, PauseReason.OTHER, now)

    def save_form(self, conn: Connection, agent_id: str, attempt_id: str, now: datetime) -> bool:
        """Save the form, where it is not yet; False: the call is not over."""
        row = attempt(conn, attempt_id)
        if row is None or row.ended_at is None:
            return False
        if form_of(conn, attempt_id) is None:
            save_form(
                conn,
                self._library,
                agent_id=agent_id,
                attempt_id=attempt_id,
                disposition=Disposition.REFUSED,
                wishes="",
                call_again_at=None,
                now=now,
            )
        return True

    def _look(self, conn: Connection) -> None:
        now = self._clock()
        for agent in all_agents(conn):
            current = session(conn, agent.id)
            if current is None:
                service.sign_in(conn, agent.id, now)
            else:
                self.act(conn, current, now)
