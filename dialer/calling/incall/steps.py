"""Takes the steps of calls in progress, and follows what comes of them (D6, V2).

What a person wants is decided by `rules`, done at the telephone system, and written down with who did it; so
is what was refused. A phone is asked in only after its row is committed. After a lost link everything is put
right from what is alive.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from dialer.agents.queries import session_at
from dialer.calling import queries
from dialer.calling.incall import service
from dialer.calling.incall.queries import open_parties, party
from dialer.calling.incall.rules import MODE, Actor, Refusal, Standing, may_ring, must_end, refusal
from dialer.calling.incall.states import INVITING, SUPERVISING, Party, Step
from dialer.clock import Clock
from dialer.followups.queries import follow_up
from dialer.machine import IllegalMove
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
from dialer.telephony.incall import TONES, PartyOrder
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import (
    LinkUnavailable,
    LiveCall,
    RequestRefused,
    Telephony,
    TelephonyError,
)

log = structlog.get_logger(__name__)

_RING_SECONDS = 25
# What the telephone system or this program does by itself.
ITSELF = Actor("")
_MOST_TONES = 32

Told = dict[str, str | None]
"""What the event row of a step tells of it."""


class StepRefused(Exception):
    """A step was not taken, and that was written down. `detail` is what the other side said of it."""

    def __init__(self, why: Refusal, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else str(why))
        self.why = why
        self.detail = detail


class InCall:
    """The calls in progress at one telephone system; `share` is what the node has."""

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        clock: Clock,
        *,
        share: Share = ALONE,
        ring_seconds: int = _RING_SECONDS,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._library = library
        self._clock = clock
        self._share = share
        self._ring_seconds = ring_seconds
        # Calls that do not end by themselves when one of two hangs up.
        self._attended: set[str] = set()

    async def act(
        self, attempt_id: str, step: Step, by: Actor, *, extension: str = "", digits: str = ""
    ) -> None:
        """Take a step. `extension` is the phone to ring, where one is rung.

        Raises:
            StepRefused: it was not taken; the event row `call.refused` says why.
        """
        now = self._clock()
        standing, why = await self._db.read(partial(self._look, attempt_id, step, by, extension))
        if step is Step.DIGITS and not (0 < len(digits) <= _MOST_TONES and set(digits) <= TONES):
            why = why or Refusal.BAD_DIGITS
        if why is not None or standing is None:
            raise await self._refuse(attempt_id, step, by, why or Refusal.NO_TALK)
        self._attended.add(attempt_id)
        try:
            await self._take(attempt_id, standing, step, by, extension, digits, now)
        except LinkUnavailable as error:
            raise await self._refuse(attempt_id, step, by, Refusal.NO_LINK, str(error)) from error
        except TelephonyError as error:
            raise await self._refuse(attempt_id, step, by, Refusal.REFUSED, str(error)) from error
        except IllegalMove as error:
            raise await self._refuse(attempt_id, step, by, Refusal.BUSY, str(error)) from error

    async def on_event(self, event: CallEvent) -> None:
        """Write down what the telephone system tells of a call in progress, and do what follows from it."""
        now, attempt_id = self._clock(), event.attempt_id
        match event:
            case PartyRinging():
                await self._write(lambda c: service.party_rings(c, event.party_id, now))
            case PartyUp():
                await self._write(lambda c: service.party_up(c, event.party_id, event.mode, now))
            case PartyEnded():
                await self._write(lambda c: service.party_ended(c, event.party_id, now, event.cause))
                await self._end_if_empty(attempt_id)
            case Entered(party_id=str() as party_id):
                await self._write(lambda c: service.entered(c, attempt_id, party_id, now))
                await self._came_in(attempt_id, party_id)
            case Left() if attempt_id in self._attended:
                await self._write(lambda c: service.left(c, attempt_id, event.party_id, now))
            case PhoneHeld() | PhoneResumed():
                self._attended.add(attempt_id)
                step = Step.HOLD if isinstance(event, PhoneHeld) else Step.RESUME
                await self._write(partial(self._note_key, attempt_id, step, now))
            case LegEnded() if attempt_id in self._attended:
                await self._leg_ended(attempt_id, event.leg, now)

    async def rebuild(self) -> None:
        """After a lost link: what is alive is true; phones that serve no call any more are hung up (D7).

        Raises:
            TelephonyError: the telephone system cannot be asked.
        """
        calls = {call.attempt_id: call for call in await self._telephony.live_calls()}
        alive = {one.party_id: one for one in await self._telephony.live_parties()}
        now = self._clock()
        self._attended = {one.attempt_id for one in alive.values()}
        ended = await self._db.write(partial(self._put_right, calls, set(alive), now))
        for one in alive.values():
            if one.party_id in ended or one.attempt_id not in calls:
                log.warning("A phone served no call any more.", action="in_call", attempt=one.attempt_id)
                await self._quietly(self._telephony.drop_party(one.party_id))
                continue
            if one.mode is not None:
                up = PartyUp(attempt_id=one.attempt_id, at=now, party_id=one.party_id, mode=one.mode)
                await self.on_event(up)
                moved = Entered if one.talking else Left
                await self.on_event(moved(attempt_id=one.attempt_id, at=now, party_id=one.party_id))
        for call in calls.values():
            if call.held or call.muted:
                self._attended.add(call.attempt_id)
            await self._put_call_right(call, now)

    # --- steps -------------------------------------------------------------------------------

    def _look(
        self, attempt_id: str, step: Step, by: Actor, extension: str, conn: Connection
    ) -> tuple[Standing | None, Refusal | None]:
        standing = service.standing(conn, attempt_id)
        if standing is None:
            return None, Refusal.NO_TALK
        why = refusal(standing, step, by)
        if why is None and self._rings(standing, step, by):
            reachable = self._telephony.reachable_phones()
            at_phone = session_at(conn, extension)
            why = may_ring(
                at_phone.state if at_phone else None,
                reachable=None if reachable is None else extension in reachable,
                own=at_phone is not None and at_phone.agent_id in (standing.agent_id, by.agent_id),
            )
        return standing, why

    @staticmethod
    def _rings(standing: Standing, step: Step, by: Actor) -> bool:
        return step in INVITING or (step in SUPERVISING and standing.of(by) is None)

    async def _take(
        self,
        attempt_id: str,
        standing: Standing,
        step: Step,
        by: Actor,
        extension: str,
        digits: str,
        now: datetime,
    ) -> None:
        mine = standing.of(by)
        if self._rings(standing, step, by):
            told = await self._invite(attempt_id, step, by, extension, now)
        elif step in SUPERVISING and mine is not None:
            told = await self._change(attempt_id, step, mine)
        elif step is Step.LEAVE:
            told = await self._leave(attempt_id, mine)
        else:
            told = await self._handle(attempt_id, standing, step, mine, digits)
        await self._write(lambda c: service.step_done(c, attempt_id, step, by, now, **told))

    async def _handle(
        self, attempt_id: str, standing: Standing, step: Step, mine: Party | None, digits: str
    ) -> Told:
        port = self._telephony
        match step:
            case Step.HANG_UP:
                await port.hang_up(attempt_id)
            case Step.HOLD:
                await port.hold(attempt_id)
            case Step.RESUME:
                await port.resume(attempt_id)
            case Step.MUTE | Step.UNMUTE:
                party_id = mine.id if mine else None
                await port.mute(attempt_id, step is Step.MUTE, party_id)
                return {"party": party_id}
            case Step.DIGITS:
                await port.send_digits(attempt_id, digits)
                return {"count": str(len(digits))}  # which ones may be a secret of the customer's
            case Step.CANCEL:
                for one in standing.parties:
                    if one.purpose in INVITING:
                        await port.drop_party(one.id)
        return {}

    async def _change(self, attempt_id: str, step: Step, mine: Party) -> Told:
        """The supervisor takes part in another way."""
        await self._db.write(lambda c: service.purpose(c, mine.id, step))
        if mine.mode is not MODE[step]:
            await self._telephony.move_party(mine.id, MODE[step])
        elif step is Step.TAKE_OVER:
            await self._let_agent_leave(attempt_id)
        return {"party": mine.id}

    async def _leave(self, attempt_id: str, mine: Party | None) -> Told:
        if mine is None:
            await self._let_agent_leave(attempt_id)
            return {}
        if mine.talks:
            await self._resume_for(attempt_id)
        await self._telephony.drop_party(mine.id)
        return {"party": mine.id}

    async def _invite(self, attempt_id: str, step: Step, by: Actor, extension: str, now: datetime) -> Told:
        invited = await self._db.write(
            lambda c: service.invite(c, attempt_id, step, by, extension, now), urgent=True
        )
        order = PartyOrder(
            party_id=invited.id,
            attempt_id=attempt_id,
            extension=extension,
            mode=MODE[step],
            ring_seconds=self._ring_seconds,
        )
        try:
            await self._telephony.add_party(order)
        except (LinkUnavailable, RequestRefused):
            await self._write(lambda c: service.party_ended(c, invited.id, self._clock()))
            raise
        # Where the answer never came the row stays: its events, or the next link, tell what became of it.
        return {"party": invited.id, "extension": extension, "agent": invited.agent_id}

    async def _refuse(
        self, attempt_id: str, step: Step, by: Actor, why: Refusal, detail: str = ""
    ) -> StepRefused:
        now = self._clock()
        await self._db.write(lambda c: service.step_refused(c, attempt_id, step, by, why, now, detail))
        log.info("A step in a call was refused.", action="in_call", attempt=attempt_id, step=step, why=why)
        return StepRefused(why, detail)

    # --- what follows ------------------------------------------------------------------------

    async def _came_in(self, attempt_id: str, party_id: str) -> None:
        known, standing = await self._db.read(lambda c: (party(c, party_id), service.standing(c, attempt_id)))
        if known is None or standing is None:
            return
        if standing.held:
            await self._quietly(self._resume_for(attempt_id))
        if known.purpose in (Step.TRANSFER, Step.TAKE_OVER) and standing.agent_here:
            await self._quietly(self._let_agent_leave(attempt_id))

    async def _let_agent_leave(self, attempt_id: str) -> None:
        await self._resume_for(attempt_id)
        await self._telephony.release_agent(attempt_id)

    async def _resume_for(self, attempt_id: str) -> None:
        """Whoever leaves must not leave the customer on hold."""
        standing = await self._db.read(lambda c: service.standing(c, attempt_id))
        if standing is not None and standing.held:
            await self._telephony.resume(attempt_id)
            now = self._clock()
            await self._write(lambda c: service.step_done(c, attempt_id, Step.RESUME, ITSELF, now))

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
        if standing is not None and standing.held is not (step is Step.HOLD):
            agent = Actor(standing.agent_id, standing.agent_id)
            service.step_done(conn, attempt_id, step, agent, now, key="phone")

    # --- after a lost link -------------------------------------------------------------------

    def _put_right(
        self, calls: dict[str, LiveCall], alive: Collection[str], now: datetime, conn: Connection
    ) -> set[str]:
        """End the rows of parties that are gone; gives those alive whose row says that they are over."""
        known: dict[str, Party] = {}
        for one in open_parties(conn):
            current = queries.attempt(conn, one.attempt_id)
            if current is None or not self._share.has_call(current.node):
                continue
            known[one.id] = one
            if one.id not in alive:
                service.party_ended(conn, one.id, now)
        for call in calls.values():
            service.found_live(conn, call.attempt_id, held=call.held, muted=call.muted)
        return {one for one in alive if one not in known}

    async def _put_call_right(self, call: LiveCall, now: datetime) -> None:
        current, standing, talkers = await self._db.read(
            lambda c: (
                queries.attempt(c, call.attempt_id),
                service.standing(c, call.attempt_id),
                _talkers(c, call.attempt_id),
            )
        )
        if current is None or current.answered_at is None:
            return
        here = call.customer_dialled
        if must_end(customer_here=here, agent_here=not call.agent_gone, talkers=talkers):
            await self._quietly(self._telephony.hang_up(call.attempt_id))
        elif call.agent_gone and standing is not None and standing.agent_here:
            await self._write(partial(self._agent_left, call.attempt_id, now))

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
