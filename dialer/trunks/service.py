"""The one door through which a trunk's breaker changes (D4)."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, update

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.storage.transition import apply
from dialer.trunks.choosing import Breaker, Change, Verdict, after_call
from dialer.trunks.queries import breaker
from dialer.trunks.settings import DEFAULT_BREAKER, BreakerSettings
from dialer.trunks.states import MACHINE, BreakerEvent, BreakerState
from dialer.trunks.tables import trunk_states

ALARM = "trunk_broken"


def note_call(
    conn: Connection,
    trunk: str,
    attempt_id: str,
    told: Verdict,
    why: str,
    settings: BreakerSettings,
    now: datetime,
) -> None:
    """A call through this trunk is over; `why` is the cause in a few letters."""
    known = breaker(conn, trunk)
    if known is None and told is not Verdict.BAD:
        return
    change = after_call(known or Breaker(trunk), attempt_id, told, why, settings, now)
    if change is None:
        return
    if known is None:
        conn.execute(insert(trunk_states).values(**_row(Breaker(trunk))))
    _apply(conn, known or Breaker(trunk), change, now)


def note_reached(conn: Connection, trunk: str, attempt_id: str, now: datetime) -> None:
    """A customer's phone rings, or he answered: the trunk works, however long they talk."""
    known = breaker(conn, trunk)
    if known is not None and known.state is BreakerState.HALF_OPEN:
        note_call(conn, trunk, attempt_id, Verdict.GOOD, "", DEFAULT_BREAKER, now)


def try_again(conn: Connection, trunk: str, attempt_id: str, now: datetime, until: datetime) -> None:
    """This call tries a broken trunk; nothing heard of it `until` then, another one may.

    Raises:
        IllegalMove: another call does already.
    """
    broken = breaker(conn, trunk)
    if broken is not None and broken.state is BreakerState.HALF_OPEN and broken.is_due(now):
        # The one before has told nothing in its time: it is in doubt.
        lapsed = MACHINE.advance(broken.state, BreakerEvent.FAIL, now)
        apply(conn, trunk_states, trunk, lapsed, values={"probe": None})
    transition = MACHINE.advance(BreakerState.OPEN, BreakerEvent.TRY, now)
    apply(conn, trunk_states, trunk, transition, values={"probe": attempt_id, "retry_at": until})


def _apply(conn: Connection, before: Breaker, change: Change, now: datetime) -> None:
    values = _row(change.after)
    del values["name"], values["state"]
    if change.event is None:
        conn.execute(update(trunk_states).where(trunk_states.c.name == before.name).values(**values))
        return
    transition = MACHINE.advance(before.state, change.event, now)
    apply(conn, trunk_states, before.name, transition, values=values)
    if change.event is BreakerEvent.MEND:
        clear_alarm(conn, ALARM, before.name, now)
    else:
        raise_alarm(conn, ALARM, before.name, now, {"trunk": before.name, "why": change.after.why})


def _row(of: Breaker) -> dict[str, object]:
    return asdict(of)
