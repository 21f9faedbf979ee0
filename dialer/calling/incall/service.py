"""The one door through which a call in progress changes: its steps, its parties, who talks (D6, V2).

Every function runs inside one unit of work: what belongs together becomes durable together.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from dialer.agents import service as agent_service
from dialer.agents.queries import session, session_at
from dialer.agents.states import AgentEvent, AgentState
from dialer.calling.incall.queries import InCallRow, in_call, parties, party
from dialer.calling.incall.rules import MODE, Actor, Refusal, Standing
from dialer.calling.incall.states import MACHINE, Party, PartyEvent, PartyState, Step
from dialer.calling.incall.tables import in_calls, speaker_turns
from dialer.calling.queries import attempt
from dialer.calling.states import AttemptState
from dialer.calling.tables import call_parties
from dialer.followups.queries import follow_up
from dialer.followups.service import move_from
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.ids import new_id
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from dialer.telephony.incall import PartyMode

_ON_A_CALL = (AgentState.RESERVED, AgentState.RINGING, AgentState.TALKING)
# What the telephone system or this program does by itself.
ITSELF = Actor("")
# The call's own agent has a form to fill in; this is his time for it where the playbook is not known.
_WRAP_UP_SECONDS = 60


def standing(conn: Connection, attempt_id: str) -> Standing | None:
    """How a call stands; None where there is no such attempt, or it has ended."""
    current = attempt(conn, attempt_id)
    if current is None or current.state is AttemptState.ENDED:
        return None
    row = in_call(conn, attempt_id) or InCallRow(attempt_id)
    return Standing(
        agent_id=current.agent_id,
        talking=current.state is AttemptState.TALKING,
        agent_here=row.left_at is None,
        held=row.held,
        muted=row.muted,
        parties=tuple(parties(conn, attempt_id)),
    )


def step_done(
    conn: Connection, attempt_id: str, step: Step, by: Actor, now: datetime, **told: str | None
) -> None:
    """Somebody has taken a step: its event row, and what the call is in from now on."""
    match step:
        case Step.HOLD | Step.RESUME:
            _keep(conn, attempt_id, held=step is Step.HOLD)
        case Step.MUTE | Step.UNMUTE if told.get("party") is None:
            _keep(conn, attempt_id, muted=step is Step.MUTE)
        case Step.MUTE | Step.UNMUTE:
            change = update(call_parties).where(call_parties.c.id == told["party"])
            conn.execute(change.values(muted=step is Step.MUTE))
    emit(conn, f"call.{step}", attempt_id, now, {"by": by.name, **told})


def step_refused(
    conn: Connection, attempt_id: str, step: Step, by: Actor, why: Refusal, now: datetime, detail: str = ""
) -> None:
    """A step was not taken: its event row says why."""
    told = {"by": by.name, "step": step.value, "why": why.value, **({"detail": detail} if detail else {})}
    emit(conn, "call.refused", attempt_id, now, told)


def invite(
    conn: Connection,
    attempt_id: str,
    step: Step,
    by: Actor,
    extension: str,
    now: datetime,
    *,
    number: str | None = None,
    trunk: str | None = None,
) -> Party:
    """Ask a phone into a call. An agent who sits there is kept for it, and goes back to what he did.

    `number` is a phone outside, with the trunk that rings it, instead of an extension.

    Raises:
        IllegalMove: the agent there is not free any more.
    """
    if in_call(conn, attempt_id) is None:
        _begin(conn, attempt_id)
    at_phone = session_at(conn, extension) if number is None else None
    party_id = new_id()
    row = {
        "id": party_id,
        "attempt_id": attempt_id,
        "extension": extension,
        "agent_id": at_phone.agent_id if at_phone else None,
        "purpose": step,
        "mode": MODE[step],
        "state": PartyState.RINGING,
        "asked_by": by.name,
        "asked_at": now,
        "muted": False,
        "number": number,
        "trunk": trunk,
    }
    conn.execute(insert(call_parties).values(**row))
    if at_phone is not None:
        back = {"next_pause": at_phone.reason} if at_phone.state is AgentState.PAUSED else {}
        agent_service.move_from(
            conn, at_phone, AgentEvent.RESERVE, now, why=step.value, attempt_id=attempt_id, **back
        )
    # Whose number it is may be nobody's business who reads the events: it is in the row.
    told = {"attempt": attempt_id, "extension": extension, "outside": number is not None}
    emit(conn, "call_party.ringing", party_id, now, told)
    found = party(conn, party_id)
    assert found is not None
    return found


def purpose(conn: Connection, party_id: str, step: Step) -> None:
    """A party that is in the call is there for something else from now on."""
    conn.execute(update(call_parties).where(call_parties.c.id == party_id).values(purpose=step))


def party_rings(conn: Connection, party_id: str, now: datetime) -> None:
    """A party's phone rings."""
    known = party(conn, party_id)
    if known is None or known.agent_id is None:
        return
    on_it = session(conn, known.agent_id)
    if on_it is not None and on_it.attempt_id == known.attempt_id and on_it.state is AgentState.RESERVED:
        agent_service.move_from(conn, on_it, AgentEvent.RING, now)


def party_up(conn: Connection, party_id: str, mode: PartyMode, now: datetime) -> None:
    """A party takes part in this way."""
    known = party(conn, party_id)
    if known is None or known.state is PartyState.ENDED:
        return
    told = {"attempt": known.attempt_id, "mode": mode.value}
    if known.state is PartyState.RINGING:
        up = MACHINE.advance(known.state, PartyEvent.ANSWER, now)
        apply(conn, call_parties, party_id, up, values={"mode": mode, "up_at": now}, data=told)
    elif known.mode is not mode:
        conn.execute(update(call_parties).where(call_parties.c.id == party_id).values(mode=mode))
        emit(conn, "call_party.moved", party_id, now, told)
    if mode is PartyMode.CONSULT:
        _in_private(conn, known, now)
    elif known.mode is PartyMode.CONSULT:
        left(conn, known.attempt_id, party_id, now)
    on_it = session(conn, known.agent_id) if known.agent_id else None
    if on_it is not None and on_it.attempt_id == known.attempt_id and on_it.state in _ON_A_CALL[:2]:
        agent_service.move_from(conn, on_it, AgentEvent.TALK, now)


def _in_private(conn: Connection, known: Party, now: datetime) -> None:
    """One of ours talks with this party in private: the customer waits, and the recording has music."""
    row = in_call(conn, known.attempt_id)
    if row is not None and not row.held:
        step_done(conn, known.attempt_id, Step.HOLD, ITSELF, now)
    entered(conn, known.attempt_id, known.id, now, private=True)


def party_ended(conn: Connection, party_id: str, now: datetime, cause: int | None = None) -> None:
    """A party's phone has hung up, or was not to be had; its agent goes on with what he did before."""
    known = party(conn, party_id)
    if known is None or known.state is PartyState.ENDED:
        return
    left(conn, known.attempt_id, party_id, now)
    told = {"attempt": known.attempt_id, "answered": known.up_at is not None, "cause": cause}
    end = MACHINE.advance(known.state, PartyEvent.END, now)
    apply(conn, call_parties, party_id, end, values={"ended_at": now, "cause": cause}, data=told)
    _let_go(conn, known, now)


def entered(
    conn: Connection, attempt_id: str, party_id: str | None, now: datetime, *, private: bool = False
) -> None:
    """Somebody is with the customer. Nothing is kept of a call that nobody was asked into.

    `private`: not with the customer, but with the one of ours who was, and who has left him to wait.
    """
    if in_call(conn, attempt_id) is None or _open_turn(conn, attempt_id, party_id) is not None:
        return
    known = party(conn, party_id) if party_id else None
    current = attempt(conn, attempt_id)
    own = current.agent_id if current and party_id is None else None
    row = {
        "attempt_id": attempt_id,
        "party_id": party_id,
        "agent_id": known.agent_id if known else own,
        "began_at": now,
        "private": private,
    }
    conn.execute(insert(speaker_turns).values(**row))
    told = {"party": party_id, "agent": row["agent_id"]}
    emit(conn, "call.private" if private else "call.entered", attempt_id, now, told)


def left(conn: Connection, attempt_id: str, party_id: str | None, now: datetime) -> None:
    """Somebody of ours is no longer with the customer."""
    turn = _open_turn(conn, attempt_id, party_id)
    if turn is None:
        return
    conn.execute(update(speaker_turns).where(speaker_turns.c.id == turn).values(ended_at=now))
    emit(conn, "call.left", attempt_id, now, {"party": party_id})


def agent_left(conn: Connection, attempt_id: str, wrap_up_seconds: int | None, now: datetime) -> None:
    """The call's own agent has left it to others: it goes on, and he has time for the form (D6)."""
    row, current = in_call(conn, attempt_id), attempt(conn, attempt_id)
    if row is None or row.left_at is not None or current is None or current.state is AttemptState.ENDED:
        return
    left(conn, attempt_id, None, now)
    _keep(conn, attempt_id, left_at=now, muted=False)
    emit(conn, "call.agent_left", attempt_id, now, {"agent": current.agent_id})
    owed = follow_up(conn, current.follow_up_id)
    if owed is not None and owed.state is FollowUpState.CALLING:
        move_from(conn, owed, FollowUpEvent.TALKED, now, reason="answered")
    on_it = session(conn, current.agent_id)
    if on_it is not None and on_it.attempt_id == attempt_id and on_it.state in _ON_A_CALL:
        agent_service.start_wrap_up(conn, current.agent_id, wrap_up_seconds or _WRAP_UP_SECONDS, now)


def found_live(conn: Connection, attempt_id: str, *, held: bool, muted: bool) -> None:
    """After a lost link: what the telephone system says of hold and mute is true."""
    row = in_call(conn, attempt_id)
    if row is None and not (held or muted):
        return
    if row is None:
        _begin(conn, attempt_id)
    if row is None or (row.held, row.muted) != (held, muted):
        _keep(conn, attempt_id, held=held, muted=muted)


def let_helpers_go(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The attempt has ended: nobody is with the customer any more, and agents who helped are free."""
    if in_call(conn, attempt_id) is None:
        return
    ending = speaker_turns.c.attempt_id == attempt_id, speaker_turns.c.ended_at.is_(None)
    conn.execute(update(speaker_turns).where(*ending).values(ended_at=now))
    conn.execute(update(in_calls).where(in_calls.c.attempt_id == attempt_id).values(held=False))
    for known in parties(conn, attempt_id):
        _let_go(conn, known, now)


def has_left(conn: Connection, attempt_id: str) -> bool:
    """Whether the call's own agent has left it to others."""
    row = in_call(conn, attempt_id)
    return row is not None and row.left_at is not None


def _begin(conn: Connection, attempt_id: str) -> None:
    """From now on more than two may be in this call: up to here its agent was with the customer."""
    conn.execute(insert(in_calls).values(attempt_id=attempt_id, held=False, muted=False))
    current = attempt(conn, attempt_id)
    if current is not None and current.answered_at is not None:
        entered(conn, attempt_id, None, current.answered_at)


def _keep(conn: Connection, attempt_id: str, **values: bool | datetime) -> None:
    if in_call(conn, attempt_id) is None:
        _begin(conn, attempt_id)
    conn.execute(update(in_calls).where(in_calls.c.attempt_id == attempt_id).values(**values))


def _open_turn(conn: Connection, attempt_id: str, party_id: str | None) -> int | None:
    who = speaker_turns.c.party_id
    query = select(speaker_turns.c.id).where(
        speaker_turns.c.attempt_id == attempt_id,
        speaker_turns.c.ended_at.is_(None),
        who.is_(None) if party_id is None else who == party_id,
    )
    found: int | None = conn.execute(query).scalar()
    return found


def _let_go(conn: Connection, known: Party, now: datetime) -> None:
    on_it = session(conn, known.agent_id) if known.agent_id else None
    if on_it is not None and on_it.attempt_id == known.attempt_id and on_it.state in _ON_A_CALL:
        agent_service.release(conn, on_it, AgentEvent.NOT_REACHED, now, why=known.purpose)
