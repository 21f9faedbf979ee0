"""How long each agent stays in a state, held against the longest that the state can last, all along (D5)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dialer.agents.queries import sessions
from dialer.agents.states import AgentState
from dialer.calling.watchdog import Times
from dialer.storage.database import Database

_LOOK_SECONDS = 0.5
# What settling gets beyond the time-outs, before an agent is let go without it.
_SETTLING = 30.0
# So long a supervisor or colleague who is asked into a call is rung.
_PARTY_RINGS = 25.0
# So long a pressed call waits for a line.
_FOR_A_LINE = 10.0
# No fault lasts longer: while the line stands still or the database is locked nothing can change.
_LONGEST_FAULT = 16.0
_LAST = 4.0


class Seen(NamedTuple):
    """An agent's session as it stands; `since` tells one stay from the next."""

    agent_id: str
    state: AgentState
    since: datetime
    attempt_id: str | None


def longest(times: Times, *, talk: float, preview: float, wrap_up: float) -> Mapping[AgentState, float]:
    """How many seconds each state can last at most while the service lives, by the site's time-outs.

    `talk`, `preview` and `wrap_up` are how long people take for each at most. A fault may come once
    in each.
    """
    agent, dial = times.agent.total_seconds(), times.dial.total_seconds()
    held = max(agent + _SETTLING, _PARTY_RINGS)
    without_faults = {
        AgentState.RESERVED: held,
        AgentState.RINGING: held,
        # Dialled, talked, and then in doubt until nobody waits for the proof any longer.
        AgentState.TALKING: dial + talk + dial + _SETTLING,
        AgentState.PREVIEW: preview + _FOR_A_LINE,
        AgentState.WRAP_UP: wrap_up,
    }
    return {state: seconds + _LONGEST_FAULT + _LAST for state, seconds in without_faults.items()}


class Stays:
    """Follows every session by a clock that nobody steps. Pure but for what it remembers."""

    def __init__(self, most: Mapping[AgentState, float]) -> None:
        self._most = most
        self._now: dict[str, tuple[Hashable, float]] = {}
        # The longest stay in each state, and every one that was too long: it is told once.
        self.longest: dict[str, float] = {}
        self._too_long: dict[Seen, float] = {}

    def see(self, sessions: Iterable[Seen], at: float, life: int) -> None:
        """Every session now; `life` counts the service's: what it remembers of times ends with it."""
        for one in sessions:
            key = (one, life)
            before = self._now.get(one.agent_id)
            if before is None or before[0] != key:
                self._now[one.agent_id] = before = (key, at)
            stayed = at - before[1]
            most = self._most.get(one.state)
            if most is None:
                continue
            self.longest[one.state] = max(self.longest.get(one.state, 0.0), round(stayed, 1))
            if stayed > most:
                self._too_long[one] = stayed

    @property
    def too_long(self) -> list[str]:
        """The stays that were longer than their state can last."""
        return [
            f"{one.agent_id} {one.state} {one.attempt_id}: "
            f"{stayed:.0f} s, at most {self._most[one.state]:.0f}"
            for one, stayed in self._too_long.items()
        ]


async def follow(database: Database, stays: Stays, life: Callable[[], Awaitable[int | None]]) -> None:
    """Look at all sessions until cancelled; `life` is None while no service works."""
    loop = asyncio.get_running_loop()
    while True:
        if (number := await life()) is not None:
            with contextlib.suppress(SQLAlchemyError):
                stays.see(await database.read(_sessions), loop.time(), number)
        await asyncio.sleep(_LOOK_SECONDS)


def _sessions(conn: Connection) -> list[Seen]:
    return [Seen(one.agent_id, one.state, one.since, one.attempt_id) for one in sessions(conn)]
