"""The agents' hands as people are: one presses at once, one looks too long, one forgets the form."""

import random
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents.queries import AgentSession
from dialer.agents.states import AgentState
from dialer.app.drill.clerk import Clerk
from dialer.calling.committing import Pairing
from dialer.calling.modes import service as modes
from dialer.calling.modes.queries import held_for
from dialer.calling.modes.states import OfferState
from dialer.clock import Clock
from dialer.playbooks.library import Library
from dialer.storage.database import Database

# Of a hundred offers: pressed at once, skipped; the others lie there until their time is over.
_PRESSED, _SKIPPED = 70, 82
# Of a hundred forms: finished at once, only saved (time alone ends the wrap-up); the others come late.
_FINISHED, _SAVED = 70, 85
_LATE = timedelta(seconds=8)

LATEST_FORM = _LATE.total_seconds() + 2.0
"""So many seconds after the call at most a form is saved."""


class Hands(Clerk):
    """What each does is drawn from the seed and the call."""

    def __init__(
        self, database: Database, library: Library, clock: Clock, pairing: Pairing, seed: int
    ) -> None:
        super().__init__(database, library, clock)
        self._pairing = pairing
        self._seed = seed

    def act(self, conn: Connection, current: AgentSession, now: datetime) -> None:
        """See `Clerk`."""
        match current.state:
            case AgentState.PREVIEW:
                self._decide(conn, current.agent_id, now)
            case AgentState.WRAP_UP if current.attempt_id is not None and self.open:
                drawn = self._drawn(current.attempt_id)
                if drawn < _FINISHED or (drawn >= _SAVED and abs(now - current.since) >= _LATE):
                    super().act(conn, current, now)
                elif drawn < _SAVED:
                    self.save_form(conn, current.agent_id, current.attempt_id, now)
            case _:
                super().act(conn, current, now)

    def _decide(self, conn: Connection, agent_id: str, now: datetime) -> None:
        offer = held_for(conn, agent_id)
        if offer is None or offer.state is not OfferState.OPEN:
            return
        drawn = self._drawn(offer.id)
        if not self.open or _PRESSED <= drawn < _SKIPPED:
            reason = self._pairing.settings.skip_reasons[0].id
            modes.skip(conn, agent_id, offer.id, reason, self._pairing, now)
        elif drawn < _PRESSED:
            modes.press(conn, agent_id, offer.id, now)

    def _drawn(self, what: str) -> float:
        return random.Random(f"{self._seed}/{what}").uniform(0, 100)
