"""Follows what comes of calls in progress, and does what has to follow from it (D6, D7, V2).

After a lost link everything is put right from what is alive.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from dialer.calling import queries
from dialer.calling.incall import service
from dialer.calling.incall.queries import attended, in_call, open_parties, party
from dialer.calling.incall.rules import Actor, must_end
from dialer.calling.incall.states import Party, Step
from dialer.clock import Clock
from dialer.followups.queries import follow_up
from dialer.nodes.rules import ALONE, Share
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.telephony.events import (
    CallEvent,
    Entered,
    Left,
    LegEnded,
    PartyEnded,
    PartyRinging,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.incall import LiveParty, PartyMode
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import LiveCall, Telephony, TelephonyError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the rows say of what is alive: parties that are over there; calls in which there was a private
    talk; calls in which somebody has taken a step."""

    over: frozenset[str]
    private: frozenset[str]
    attended: frozenset[str]


class InCallFollower:
    """Follows the calls in progress at one telephone system; `share` is what the node has."""

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        clock: Clock,
        *,
        share: Share = ALONE,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._library = library
        self._clock = clock
        self._share = share
        # Calls that do not end by themselves when one of two hangs up.
        self._attended: set[str] = set()

    def attend(self, attempt_id: str) -> None:
        """From now on this call may be more than a talk of two."""
        self._attended.add(attempt_id)

    async def on_event(self, event: CallEvent) -> None:
        """Write down what the telephone system tells of a call in progress, and do what follows from it."""
        now, attempt_id = self._clock(), event.attempt_id
        match event:
            case PartyRinging():
                await self._write(lambda c: service.party_rings(c, event.party_id, now))
            case PartyUp():
                await self._write(lambda c: service.party_up(c, event.party_id, event.mode, now))
            case PartyEnded():
                await self._party_ended(event, now)
            case Entered(party_id=str() as party_id):
                await self._write(lambda c: service.entered(c, attempt_id, party_id, now))
                await self._came_in(attempt_id, party_id)
            case Entered() if attempt_id in self._attended:  # the agent, back from a private talk
                await self._write(lambda c: service.entered(c, attempt_id, None, now))
            case Left() if attempt_id in self._attended:
                await self._write(lambda c: service.left(c, attempt_id, event.party_id, now))
            case PhoneHeld() | PhoneResumed():
                self._attended.add(attempt_id)
                step = Step.HOLD if isinstance(event, PhoneHeld) else Step.RESUME
                await self._write(partial(self._note_key, attempt_id, step, now))
            case LegEnded() if attempt_id in self._attended:
                await self._leg_ended(attempt_id, event.leg, now)

    async def rebuild(self, only: Collection[str] | None = None) -> None:
        """After a lost link: what is alive is true; phones that serve no call any more are hung up (D7).

        `only` these calls, where it was their news that could not be written down. May be done again.

        Raises:
            TelephonyError: the telephone system cannot be asked.
            ExceptionGroup: of these calls it is not done; of the others it is.
        """
        # Before it is asked: who hangs up meanwhile is in the answer still, and told of by his event alone.
        self._attended |= await self._db.read(attended)
        asked = await self._telephony.live_calls()
        calls = {one.attempt_id: one for one in asked if only is None or one.attempt_id in only}
        alive = {
            one.party_id: one
            for one in await self._telephony.live_parties()
            if only is None or one.attempt_id in only
        }
        now = self._clock()
        found = await self._db.write(partial(self._put_right, calls, set(alive), now, only))
        self._attended &= {one.attempt_id for one in asked}
        with_others = [one.attempt_id for one in alive.values()]
        self._attended |= found.attended.union(with_others)
        failed: list[Exception] = []
        for attempt_id in dict.fromkeys((*calls, *with_others, *found.private)):
            own = [one for one in alive.values() if one.attempt_id == attempt_id]
            try:
                await self._put_one_right(attempt_id, calls.get(attempt_id), own, found, now)
            except Exception as error:
                # One that cannot be put right holds up none of the others.
                failed.append(error)
        if failed:
            raise ExceptionGroup("calls in progress could not be put right", failed)

    async def let_agent_leave(self, attempt_id: str) -> None:
        """The agent leaves the call to others of ours.

        Raises:
            TelephonyError: he is still in it.
        """
        await self.resume_for(attempt_id)
        await self._telephony.release_agent(attempt_id)

    async def resume_for(self, attempt_id: str) -> None:
        """End a hold that nobody of ours is there to end: the customer is never left waiting.

        Raises:
            TelephonyError: he still waits.
        """
        standing = await self._db.read(lambda c: service.standing(c, attempt_id))
        if standing is not None and standing.held:
            await self._telephony.resume(attempt_id)
            now = self._clock()
            await self._write(lambda c: service.step_done(c, attempt_id, Step.RESUME, service.ITSELF, now))

    # --- what follows ------------------------------------------------------------------------

    async def _came_in(self, attempt_id: str, party_id: str) -> None:
        known, standing = await self._db.read(lambda c: (party(c, party_id), service.standing(c, attempt_id)))
        if known is None or standing is None:
            return
        if standing.held:
            await self._quietly(self.resume_for(attempt_id))
        if known.purpose in (Step.TRANSFER, Step.TAKE_OVER) and standing.agent_here:
            await self._quietly(self.let_agent_leave(attempt_id))

    async def _party_ended(self, event: PartyEnded, now: datetime) -> None:
        known = await self._db.read(lambda c: party(c, event.party_id))
        await self._write(lambda c: service.party_ended(c, event.party_id, now, event.cause))
        await self._end_if_empty(event.attempt_id)
        if known is not None and known.consulted:  # who talked with it is back with the customer
            await self._quietly(self.resume_for(event.attempt_id))

    async def _leg_ended(self, attempt_id: str, leg: Leg, now: datetime) -> None:
        if leg is Leg.CUSTOMER:
            # Those of ours who are left would sit in the bridge with nobody.
            await self._quietly(self._telephony.hang_up(attempt_id))
            self._attended.discard(attempt_id)
            return
        talkers = await self._db.read(lambda c: _talkers(c, attempt_id))
        if must_end(customer_here=True, agent_here=False, talkers=talkers):
            await self._quietly(self._telephony.hang_up(attempt_id))
        else:
            await self._write(partial(self._agent_left, attempt_id, now))

    async def _end_if_empty(self, attempt_id: str) -> None:
        standing = await self._db.read(lambda c: service.standing(c, attempt_id))
        if standing is None:
            return
        talkers = sum(one.talks for one in standing.parties)
        if must_end(customer_here=True, agent_here=standing.agent_here, talkers=talkers):
            await self._quietly(self._telephony.hang_up(attempt_id))

    def _agent_left(self, attempt_id: str, now: datetime, conn: Connection) -> None:
        current = queries.attempt(conn, attempt_id)
        owed = follow_up(conn, current.follow_up_id) if current else None
        playbook = self._library.find(owed.playbook, owed.playbook_version) if owed else None
        service.agent_left(conn, attempt_id, playbook.wrap_up_seconds if playbook else None, now)

    def _note_key(self, attempt_id: str, step: Step, now: datetime, conn: Connection) -> None:
        standing = service.standing(conn, attempt_id)
        if standing is None or standing.consulted is not None:
            return  # the key of the phone held whom he talks with in private
        if standing.held is not (step is Step.HOLD):
            agent = Actor(standing.agent_id, standing.agent_id)
            service.step_done(conn, attempt_id, step, agent, now, key="phone")

    # --- after a lost link -------------------------------------------------------------------

    def _put_right(
        self,
        calls: dict[str, LiveCall],
        alive: Collection[str],
        now: datetime,
        only: Collection[str] | None,
        conn: Connection,
    ) -> _Found:
        """End the rows of parties that are gone, and note hold and mute as they are."""
        known: dict[str, Party] = {}
        for one in open_parties(conn):
            current = queries.attempt(conn, one.attempt_id)
            mine = current is not None and self._share.has_call(current.node)
            if not mine or not (only is None or one.attempt_id in only):
                continue
            known[one.id] = one
            if one.id not in alive:
                service.party_ended(conn, one.id, now)
        for call in calls.values():
            service.found_live(conn, call.attempt_id, held=call.held, muted=call.muted)
        return _Found(
            over=frozenset(one for one in alive if one not in known),
            private=frozenset(one.attempt_id for one in known.values() if one.consulted),
            attended=frozenset(one for one in calls if in_call(conn, one) is not None),
        )

    async def _put_one_right(
        self,
        attempt_id: str,
        call: LiveCall | None,
        parties: Sequence[LiveParty],
        found: _Found,
        now: datetime,
    ) -> None:
        aside = False
        for one in parties:
            in_private = one.mode is PartyMode.CONSULT
            # Whom nobody of ours came to talk with would wait in vain.
            if one.party_id in found.over or call is None or (in_private and not call.held):
                log.warning("A phone served no call any more.", action="in_call", attempt=attempt_id)
                await self._quietly(self._telephony.drop_party(one.party_id))
                continue
            aside = aside or in_private
            await self._party_is_there(one, now)
        if call is not None:
            await self._put_call_right(call, now, aside=aside)
        if attempt_id in found.private and not aside:
            await self._quietly(self.resume_for(attempt_id))

    async def _party_is_there(self, one: LiveParty, now: datetime) -> None:
        if one.mode is None:
            return
        attempt_id, party_id = one.attempt_id, one.party_id
        await self.on_event(PartyUp(attempt_id=attempt_id, at=now, party_id=party_id, mode=one.mode))
        if one.mode is not PartyMode.CONSULT:
            moved = Entered if one.talking else Left
            await self.on_event(moved(attempt_id=attempt_id, at=now, party_id=party_id))

    async def _put_call_right(self, call: LiveCall, now: datetime, *, aside: bool) -> None:
        """`aside`: one of ours talks with somebody in private."""
        attempt_id = call.attempt_id
        current, standing, talkers = await self._db.read(
            lambda c: (
                queries.attempt(c, attempt_id),
                service.standing(c, attempt_id),
                _talkers(c, attempt_id),
            )
        )
        if current is None or current.answered_at is None:
            return
        if not call.agent_gone and attempt_id in self._attended:
            moved = Left if aside and not talkers else Entered
            await self.on_event(moved(attempt_id=attempt_id, at=now, party_id=None))
        here = call.customer_dialled
        if must_end(customer_here=here, agent_here=not call.agent_gone, talkers=talkers):
            await self._quietly(self._telephony.hang_up(attempt_id))
        elif call.agent_gone and standing is not None and standing.agent_here:
            await self._write(partial(self._agent_left, attempt_id, now))

    async def _quietly(self, request: Awaitable[None]) -> None:
        try:
            await request
        except TelephonyError as error:
            log.warning("A call in progress could not be put right.", action="in_call", error=str(error))

    async def _write(self, work: Callable[[Connection], None]) -> None:
        await self._db.write(work, urgent=True)


def _talkers(conn: Connection, attempt_id: str) -> int:
    standing = service.standing(conn, attempt_id)
    return sum(one.talks for one in standing.parties) if standing else 0
