"""Which trunk carries each call, worked out in the unit of work that commits to it (D4).

Never more calls than a trunk has channels or its rate allows, none to a broken one, and one to a trunk
that is being tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, String, and_, column, func, or_, select, table, union_all

from dialer.calling.settings import CallingSettings
from dialer.calling.states import IN_FLIGHT, AttemptState, CallMode
from dialer.calling.tables import attempts, call_parties
from dialer.storage.prepared import Prepared
from dialer.trunks.choosing import Load, NoLine, choose, room, trunks_of
from dialer.trunks.numbers import as_dialled, caller_id_of
from dialer.trunks.queries import breakers
from dialer.trunks.service import try_again
from dialer.trunks.settings import TrunkSettings

# All that is needed of them here: `inbound`, whose they are, takes its lines from this module.
_tickets = table("tickets", column("trunk", String), column("state", String), column("attempt_id", String))
# What is in doubt and not alive holds no line.
_alive = and_(
    attempts.c.state.in_(IN_FLIGHT),
    or_(attempts.c.state != AttemptState.UNKNOWN, attempts.c.absent_at.is_(None)),
)
# Calls, the phones outside that were asked into them, and who rang, from his ringing to the end of his talk.
_in_flight = union_all(
    select(attempts.c.trunk).where(_alive, attempts.c.mode != CallMode.INBOUND),
    select(call_parties.c.trunk).where(call_parties.c.ended_at.is_(None), call_parties.c.number.is_not(None)),
    select(_tickets.c.trunk)
    .outerjoin(attempts, attempts.c.id == _tickets.c.attempt_id)
    .where(
        or_(_tickets.c.state == "ringing", and_(_tickets.c.state == "talking", _alive)),
    ),
).subquery()
_CARRIED = Prepared(select(_in_flight.c.trunk, func.count().label("calls")).group_by(_in_flight.c.trunk))
_ANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """What a call is placed on: the trunk, the number as it dials it, and what the customer sees."""

    trunk: str
    number: str
    caller_id: str
    tries: bool


def carried(conn: Connection) -> dict[str | None, int]:
    """Calls in flight, by trunk (None: it is not known); a phone outside that was asked into one is a call of
    its own there, and so is a customer who rings."""
    return {row[0]: row[1] for row in _CARRIED.rows(conn)}


class Lines:
    """The trunks of one node in one unit of work. `allowed` is what their rates still allow, by trunk."""

    def __init__(
        self,
        conn: Connection,
        settings: CallingSettings,
        now: datetime,
        *,
        allowed: Mapping[str, int],
        node: str = "",
        first: bool = True,
    ) -> None:
        self._conn = conn
        self._settings = settings
        self._now = now
        self._trunks = trunks_of(settings.trunks, node, first=first)
        self._in_flight = carried(conn)
        broken = breakers(conn)
        self._loads = {
            one.name: Load(self._in_flight.get(one.name, 0), allowed.get(one.name), broken.get(one.name))
            for one in self._trunks
        }

    @cached_property
    def in_flight(self) -> int:
        """Calls in flight when this began, over all trunks and nodes."""
        return sum(self._in_flight.values())

    @property
    def room(self) -> int:
        """How many more calls may be placed now: of these, each `take` gives a line."""
        trunks = sum(room(one, self._loads[one.name], self._now) for one in self._trunks)
        return max(0, min(trunks, self._settings.max_calls - self.in_flight, _ANY))

    @property
    def refusal(self) -> NoLine | None:
        """Why there is no line for a call now; None: there is one."""
        found = choose(self._trunks, self._loads, self._now)
        return found if isinstance(found, NoLine) else None

    def take(self, number: str, branch: str) -> Line | NoLine:
        """A line for one call to a customer of this branch; it counts from here on. See `begin`."""
        trunk = choose(self._trunks, self._loads, self._now)
        if isinstance(trunk, NoLine):
            return trunk
        load = self._loads[trunk.name]
        self._loads[trunk.name] = load.one_more()
        return self._line(trunk, number, branch, tries=load.tries)

    def begin(self, line: Line, attempt_id: str) -> None:
        """The attempt on this line is committed to: where it tries a broken trunk, nobody else does."""
        if line.tries:
            until = self._now + self._settings.longest_way
            try_again(self._conn, line.trunk, attempt_id, self._now, until)

    def _line(self, trunk: TrunkSettings, number: str, branch: str, *, tries: bool) -> Line:
        caller_id = caller_id_of(trunk, branch, self._settings.caller_id)
        return Line(trunk.name, as_dialled(number, trunk), caller_id, tries)
