"""A call that an agent asks for by hand: of a follow-up again, or to a number (D2).

It goes through the same gates, limits and lines as every other call; only "not before" does not count.
"""

from datetime import datetime

from sqlalchemy import Connection

from dialer.agents.queries import Agent, agent, on_duty_of, session
from dialer.agents.states import AgentState
from dialer.calling.committing import Pairing, judge, passed_over
from dialer.calling.matching import is_named, may_take
from dialer.calling.modes import adhoc
from dialer.calling.modes.service import HALTED, NO_LINE, NOT_FOR_HAND, PHONE, lay_before, not_on_trial, press
from dialer.calling.modes.states import Then
from dialer.calling.states import CallMode
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.states import FollowUpState
from dialer.halts.queries import open_halts
from dialer.planning.rules.gates import Gate
from dialer.trunks.choosing import NoLine

MANUAL_KIND = "manual-call"
BUSY, NOT_WAITING, NUMBER, FORGOTTEN, NOT_YOURS = "busy", "state", "number", "do_not_call", "agent"
_SHORTEST, _LONGEST = 3, 20


class NotNow(Exception):
    """The call is not placed. `reason` is a gate or one of the words of this module; `gate` tells more."""

    def __init__(self, reason: str, gate: Gate | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gate = gate


def call_again(conn: Connection, pairing: Pairing, agent_id: str, follow_up_id: str, now: datetime) -> str:
    """Let the engine call the customer of this follow-up for this agent; the offer's id.

    Raises:
        NotNow: it may not be called now.
    """
    who = _free(conn, pairing, agent_id)
    owed = follow_up(conn, follow_up_id)
    if owed is None or owed.state is not FollowUpState.WAITING:
        raise NotNow(NOT_WAITING)
    return _call(conn, pairing, who, owed, now)


def call_number(
    conn: Connection, pairing: Pairing, agent_id: str, text: str, now: datetime, *, branch: str
) -> str:
    """Let the engine call a number for this agent; the offer's id.

    What waits for the number's owner is called about; where nothing does, a follow-up of the site's playbook
    for such calls is made.

    Raises:
        NotNow: it may not be called now, or is no number.
    """
    who = _free(conn, pairing, agent_id)
    number = plain_number(text)
    if not number:
        raise NotNow(NUMBER)
    known = adhoc.customer_of(conn, number)
    owed = adhoc.open_follow_up(conn, known.id) if known else None
    if owed is None or owed.number != number or not _may(conn, pairing, who, owed, now):
        playbook = pairing.library.get(pairing.settings.manual_playbook)
        owed = adhoc.make(
            conn,
            playbook,
            number,
            kind=MANUAL_KIND,
            branch=branch,
            reason="manual",
            now=now,
            owner_id=agent_id,
        )
    if owed is None:
        raise NotNow(FORGOTTEN)
    return _call(conn, pairing, who, owed, now)


def plain_number(text: str) -> str:
    """The digits of a number as people type it; "" where it is none."""
    kept = "".join(sign for sign in text.strip() if sign not in " -()（）　")
    digits = kept.removeprefix("+86") if kept.startswith("+86") else kept
    plain = digits.removeprefix("+")
    if not (plain.isascii() and plain.isdigit() and _SHORTEST <= len(plain) <= _LONGEST):
        return ""
    return digits


def _free(conn: Connection, pairing: Pairing, agent_id: str) -> Agent:
    who, on_it = agent(conn, agent_id), session(conn, agent_id)
    if who is None or on_it is None or on_it.state not in (AgentState.READY, AgentState.PAUSED):
        raise NotNow(BUSY)
    extension = on_it.extension or who.extension
    if pairing.reachable is not None and extension not in pairing.reachable:
        raise NotNow(PHONE)
    return who


def _may(conn: Connection, pairing: Pairing, who: Agent, owed: FollowUp, now: datetime) -> bool:
    on_duty = on_duty_of(conn, {owed.owner_id} if owed.owner_id else ())
    return is_named(who, owed.playbook, pairing.named) and may_take(who, owed, on_duty, now, pairing.named)


def _call(conn: Connection, pairing: Pairing, who: Agent, owed: FollowUp, now: datetime) -> str:
    if not _may(conn, pairing, who, owed, now):
        raise NotNow(NOT_YOURS)
    if open_halts(conn).of(owed.playbook):
        raise NotNow(HALTED)
    if reason := not_on_trial(pairing, owed.number):
        raise NotNow(reason)
    ((_, verdict),) = judge(conn, pairing, [owed], now, passing=NOT_FOR_HAND)
    if not verdict.allowed:
        over = passed_over(pairing, NOT_FOR_HAND)
        shut = [gate for gate in verdict.gates if not gate.passed and gate.name not in over]
        raise NotNow(verdict.reason if not shut else shut[0].name, shut[0] if shut else None)
    if isinstance(pairing.lines(conn, now).refusal, NoLine):
        raise NotNow(NO_LINE)
    offer_id = lay_before(conn, who.id, owed, CallMode.MANUAL, now, ends_at=None, then=Then.CALL)
    press(conn, who.id, offer_id, now)
    return offer_id
