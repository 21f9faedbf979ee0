"""The one door of offers: laid before an agent, pressed, skipped, over, taken (D2).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, insert

from dialer.agents import service as agent_service
from dialer.agents.queries import Agent, agent, session
from dialer.agents.states import AgentEvent, AgentState, PauseReason
from dialer.calling.committing import NoFreeLine, Pairing, commit_to, judge
from dialer.calling.lines import Lines
from dialer.calling.modes.queries import Offer, held_for, offer_of, over, pressed
from dialer.calling.modes.states import MACHINE, OfferEvent, OfferState, Then
from dialer.calling.modes.tables import offers
from dialer.calling.states import CallMode
from dialer.followups import queries as follow_up_queries
from dialer.followups import service as follow_up_service
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.halts.queries import open_halts
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.planning.dialling import decided
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from dialer.telephony.port import CallOrder

# What an agent asks for by hand need not be due: all other gates count.
NOT_FOR_HAND = frozenset({"due"})
TRIAL = "trial"
NO_LINE, NO_LINK, PHONE, HALTED = "no_line", "no_link", "phone", "halted"
# Where time alone does not open a gate it is asked again so late.
_LOOK_AGAIN = timedelta(days=1)
# So long a call that is wanted waits for a line or for the agent's phone.
_PATIENCE = timedelta(seconds=10)


class BadSkip(ValueError):
    """A skip that is not taken. The message is a sentence for the agent."""


class Taken(NamedTuple):
    """A call that was committed to; `looked`: its page has been open for a while."""

    order: CallOrder
    looked: bool


def lay_before(
    conn: Connection,
    agent_id: str,
    owed: FollowUp,
    mode: CallMode,
    now: datetime,
    *,
    ends_at: datetime | None,
    then: Then,
) -> str:
    """Keep a follow-up and an agent for each other, and open its page; the offer's id.

    Raises:
        IllegalMove: one of them is not to be had.
    """
    follow_up_service.move_from(conn, owed, FollowUpEvent.DIAL, now)
    current = session(conn, agent_id)
    if current is None:
        raise IllegalMove(f"agent {agent_id} has not signed in")
    # Who was paused is paused again afterwards.
    kept: Mapping[str, str | None] = (
        {"next_pause": current.reason} if current.state is AgentState.PAUSED else {}
    )
    agent_service.move_from(conn, current, AgentEvent.OFFER, now, attempt_id=None, **kept)
    offer_id = new_id()
    row = {
        "id": offer_id,
        "follow_up_id": owed.id,
        "agent_id": agent_id,
        "mode": mode,
        "state": OfferState.OPEN,
        "offered_at": now,
        "ends_at": ends_at,
        "then": then,
        "playbook_version": owed.playbook_version,
    }
    conn.execute(insert(offers).values(**row))
    emit(conn, "offer.open", offer_id, now, {"agent": agent_id, "follow_up": owed.id, "mode": mode})
    return offer_id


def press(conn: Connection, agent_id: str, offer_id: str, now: datetime) -> None:
    """The agent wants the call: the engine commits to it and places it.

    Raises:
        IllegalMove: it does not lie before this agent any more.
    """
    _press(conn, _own(conn, agent_id, offer_id), now)


def skip(
    conn: Connection, agent_id: str, offer_id: str, reason: str, pairing: Pairing, now: datetime
) -> None:
    """The agent does not call now, for a reason: the follow-up goes back, and not to him again today.

    Raises:
        BadSkip: the site does not know this reason.
        IllegalMove: it does not lie before this agent any more.
    """
    if reason not in {one.id for one in pairing.settings.skip_reasons}:
        raise BadSkip("choose why you do not call now")
    current = _own(conn, agent_id, offer_id)
    _move(conn, current, OfferEvent.SKIP, now, reason=reason)
    _give_back(conn, current, reason, now, to_others=True)
    on_it = session(conn, agent_id)
    assert on_it is not None  # the offer was his
    agent_service.release(conn, on_it, AgentEvent.GIVE_BACK, now)


def end_times(conn: Connection, now: datetime) -> int:
    """Do what comes when the time of an offer is over; how many there were."""
    found = over(conn, now)
    for one in found:
        if one.then == Then.CALL:
            _press(conn, one, now)
            continue
        _move(conn, one, OfferEvent.EXPIRE, now)
        _give_back(conn, one, "time_over", now, to_others=True)
        agent_service.fail(conn, one.agent_id, PauseReason.PREVIEW_OVER, now)
    return len(found)


def take_pressed(conn: Connection, pairing: Pairing, now: datetime) -> list[Taken]:
    """Commit to the calls that are wanted, the gates asked once more; refuse those whose gate is shut.

    A call waits a few seconds for a line, and for its agent's phone to be reachable.
    """
    taken: list[Taken] = []
    wanted = pressed(conn)
    lines = pairing.lines(conn, now) if wanted else None
    for one in wanted:
        who, on_it = agent(conn, one.agent_id), session(conn, one.agent_id)
        owed = follow_up_queries.follow_up(conn, one.follow_up_id)
        held = owed is not None and owed.state is FollowUpState.CALLING
        looks = on_it is not None and on_it.state is AgentState.PREVIEW
        if who is None or owed is None or on_it is None or not held or not looks:
            _move(conn, one, OfferEvent.WITHDRAW, now)
            _let_go(conn, one, "withdrawn", now)
            continue
        at = replace(who, extension=on_it.extension or who.extension)
        if not pairing.share.has_phone(at.extension):
            continue  # the phone is another node's
        order = _commit(conn, pairing, one, at, owed, now, lines)
        if order is not None:
            looked = (now - one.offered_at).total_seconds() >= pairing.settings.page_lead_seconds
            taken.append(Taken(order, looked))
    return taken


def give_up_pressed(conn: Connection, pairing: Pairing, now: datetime) -> int:
    """No call can be placed: let those go who wait for one, rather than call them out of the blue later."""
    given_up = 0
    for one in pressed(conn):
        on_it = session(conn, one.agent_id)
        if on_it is None or not on_it.extension or pairing.share.has_phone(on_it.extension):
            _refuse(conn, one, NO_LINK, now)
            given_up += 1
    return given_up


def _commit(
    conn: Connection,
    pairing: Pairing,
    one: Offer,
    who: Agent,
    owed: FollowUp,
    now: datetime,
    lines: Lines | None,
) -> CallOrder | None:
    if open_halts(conn).of(owed.playbook):
        _refuse(conn, one, HALTED, now)
        return None
    waited = abs(now - (one.ends_at or one.offered_at))  # a clock that was put back ends it, too
    if pairing.reachable is not None and who.extension not in pairing.reachable:
        if waited > _PATIENCE:
            _refuse(conn, one, PHONE, now)
        return None
    passing = NOT_FOR_HAND if one.mode in (CallMode.MANUAL, CallMode.APPOINTMENT) else frozenset[str]()
    ((_, verdict),) = judge(conn, pairing, [owed], now, passing=passing)
    reason = verdict.reason if not verdict.allowed else not_on_trial(pairing, owed.number)
    if reason:
        decided(conn, [(owed, replace(verdict, allowed=False))], now)
        _refuse(conn, one, reason, now, until=verdict.put_off_until or now + _LOOK_AGAIN)
        return None
    try:
        order = commit_to(conn, pairing, who, owed, now, mode=CallMode(one.mode), held=True, lines=lines)
    except NoFreeLine:
        if waited > _PATIENCE:
            _refuse(conn, one, NO_LINE, now)
        return None
    _move(conn, one, OfferEvent.CALL, now, attempt_id=order.attempt_id)
    decided(conn, [(owed, verdict)], now, {owed.id: order.attempt_id})
    return order


def not_on_trial(pairing: Pairing, number: str) -> str:
    """`TRIAL` where trial mode keeps this number from being dialled (D10)."""
    return TRIAL if pairing.numbers is not None and number not in pairing.numbers else ""


def _refuse(conn: Connection, one: Offer, reason: str, now: datetime, until: datetime | None = None) -> None:
    _move(conn, one, OfferEvent.REFUSE, now, reason=reason)
    _let_go(conn, one, reason, now, until=until)


def _let_go(conn: Connection, one: Offer, why: str, now: datetime, until: datetime | None = None) -> None:
    """Give the follow-up back and let the agent go: no call comes of the offer."""
    _give_back(conn, one, why, now, until=until)
    on_it = session(conn, one.agent_id)
    if on_it is not None and on_it.state is AgentState.PREVIEW and held_for(conn, one.agent_id) is None:
        agent_service.release(conn, on_it, AgentEvent.GIVE_BACK, now)


def _give_back(
    conn: Connection,
    one: Offer,
    why: str,
    now: datetime,
    *,
    until: datetime | None = None,
    to_others: bool = False,
) -> None:
    owed = follow_up_queries.follow_up(conn, one.follow_up_id)
    if owed is None or owed.state is not FollowUpState.CALLING:
        return
    values: dict[str, object] = {}
    if until is not None:
        values["due_at"] = until
    if to_others and not owed.bound:
        # It would wait for somebody who does not want it.
        values["owner_id"] = None
    follow_up_service.move_from(conn, owed, FollowUpEvent.GIVE_BACK, now, **values)
    emit(conn, "follow_up.given_back", owed.id, now, {"agent": one.agent_id, "why": why})


def _press(conn: Connection, current: Offer, now: datetime) -> None:
    # From here on it waits for a line, not for the agent.
    _move(conn, current, OfferEvent.PRESS, now, ends_at=now)


def _own(conn: Connection, agent_id: str, offer_id: str) -> Offer:
    current = offer_of(conn, offer_id)
    if current is None or current.agent_id != agent_id:
        raise IllegalMove(f"offer {offer_id} does not lie before agent {agent_id}")
    return current


def _move(
    conn: Connection, current: Offer, event: OfferEvent, now: datetime, **values: str | datetime
) -> None:
    transition = MACHINE.advance(current.state, event, now)
    told = {name: value for name, value in values.items() if isinstance(value, str)}
    told |= {"agent": current.agent_id, "follow_up": current.follow_up_id}
    apply(conn, offers, current.id, transition, values=values, data=told)
