"""Takes the steps of calls in progress (D6, V2).

What a person wants is decided by `rules`, done at the telephone system, and written down with who did it; so
is what was refused. A phone is asked in only after its row is committed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from dialer.agents.queries import session_at
from dialer.calling import queries
from dialer.calling.committing import NodeLost, NoFreeLine, Pairing
from dialer.calling.engaged import Engaged
from dialer.calling.incall import outside, service
from dialer.calling.incall.following import InCallFollower
from dialer.calling.incall.rules import MODE, Actor, Refusal, Standing, may_ring, refusal
from dialer.calling.incall.states import INVITING, SUPERVISING, Party, Step
from dialer.calling.modes.manual import plain_number
from dialer.clock import Clock
from dialer.machine import IllegalMove
from dialer.nodes.rules import ALONE, Share
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.telephony.incall import TONES, PartyOrder
from dialer.telephony.port import LinkUnavailable, RequestRefused, Telephony, TelephonyError

log = structlog.get_logger(__name__)

_RING_SECONDS = 25
_MOST_TONES = 32

Told = dict[str, str | None]
"""What the event row of a step tells of it."""


class StepRefused(Exception):
    """A step was not taken, and that was written down. `detail` is what the other side said of it."""

    def __init__(self, why: Refusal, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else str(why))
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A step, and what it needs."""

    attempt_id: str
    step: Step
    by: Actor
    extension: str
    number: str
    digits: str
    at: datetime


async def _no_more_placing(_attempt_id: str) -> bool:
    return False


class InCall:
    """The calls in progress at one telephone system; `share` is what the node has.

    `pairing` tells what an outgoing call goes by, and `spend` is told of the trunk of each one (D4);
    `withdraw` ends a call that has no channel yet, and says whether it was one.
    """

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        clock: Clock,
        *,
        pairing: Callable[[], Pairing],
        spend: Callable[[str], None] = lambda _trunk: None,
        withdraw: Callable[[str], Awaitable[bool]] = _no_more_placing,
        share: Share = ALONE,
        ring_seconds: int = _RING_SECONDS,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._clock = clock
        self._pairing, self._spend, self._withdraw = pairing, spend, withdraw
        self._ring_seconds = ring_seconds
        self._calls = InCallFollower(database, telephony, library, clock, share=share)
        self.on_event = self._calls.on_event
        self.rebuild = self._calls.rebuild

    async def act(
        self,
        attempt_id: str,
        step: Step,
        by: Actor,
        *,
        extension: str = "",
        number: str = "",
        digits: str = "",
    ) -> None:
        """Take a step. `extension` is the phone to ring, where one is rung, or `number` that of one outside.

        Raises:
            StepRefused: it was not taken; the event row `call.refused` says why.
        """
        wanted = _Wanted(attempt_id, step, by, extension, number, digits, self._clock())
        standing, why = await self._db.read(partial(self._look, wanted))
        if step is Step.DIGITS and not (0 < len(digits) <= _MOST_TONES and set(digits) <= TONES):
            why = why or Refusal.BAD_DIGITS
        if why is not None or standing is None:
            raise await self._refuse(wanted, why or Refusal.NO_TALK)
        self._calls.attend(attempt_id)
        try:
            told = await self._take(wanted, standing)
        except NoFreeLine as error:
            raise await self._refuse(wanted, Refusal.NO_LINE, error.reason) from error
        except Engaged as error:
            raise await self._refuse(wanted, Refusal.ENGAGED) from error
        except NodeLost as error:
            raise await self._refuse(wanted, Refusal.ELSEWHERE, str(error)) from error
        except LinkUnavailable as error:
            raise await self._refuse(wanted, Refusal.NO_LINK, str(error)) from error
        except TelephonyError as error:
            raise await self._refuse(wanted, Refusal.REFUSED, str(error)) from error
        except IllegalMove as error:
            raise await self._refuse(wanted, Refusal.BUSY, str(error)) from error
        await self._db.write(
            lambda c: service.step_done(c, attempt_id, step, by, wanted.at, **told), urgent=True
        )

    def _look(self, wanted: _Wanted, conn: Connection) -> tuple[Standing | None, Refusal | None]:
        standing = service.standing(conn, wanted.attempt_id)
        call = queries.attempt(conn, wanted.attempt_id)
        if standing is None or call is None:
            return None, Refusal.NO_TALK
        step, by = wanted.step, wanted.by
        why = refusal(standing, step, by)
        if why is not None or not standing.rings(step, by):
            return standing, why
        if wanted.number and step in INVITING:
            return standing, outside.refusal_of(conn, self._pairing(), call, wanted.number, by)
        reachable = self._telephony.reachable_phones()
        at_phone = session_at(conn, wanted.extension)
        return standing, may_ring(
            at_phone.state if at_phone else None,
            reachable=None if reachable is None else wanted.extension in reachable,
            own=at_phone is not None and at_phone.agent_id in (standing.agent_id, by.agent_id),
        )

    async def _take(self, wanted: _Wanted, standing: Standing) -> Told:
        step, mine, consulted = wanted.step, standing.of(wanted.by), standing.consulted
        if standing.rings(step, wanted.by):
            return await self._invite(wanted)
        if step in INVITING and consulted is not None:
            return await self._bring_in(step, consulted)
        if step in SUPERVISING and mine is not None:
            return await self._change(wanted.attempt_id, step, mine)
        if step is Step.LEAVE:
            return await self._leave(wanted.attempt_id, mine)
        return await self._handle(wanted, standing, mine)

    async def _handle(self, wanted: _Wanted, standing: Standing, mine: Party | None) -> Told:
        port, attempt_id, step = self._telephony, wanted.attempt_id, wanted.step
        match step:
            case Step.HANG_UP:
                if not await self._withdraw(attempt_id):
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
                await port.send_digits(attempt_id, wanted.digits)
                return {"count": str(len(wanted.digits))}  # which ones may be a secret of the customer's
            case Step.CANCEL | Step.BACK:
                for one in standing.parties:
                    if one.purpose in INVITING:
                        await port.drop_party(one.id)
        return {}

    async def _bring_in(self, step: Step, consulted: Party) -> Told:
        """With whom one of ours talked in private comes to the customer."""
        await self._db.write(lambda c: service.purpose(c, consulted.id, step))
        try:
            await self._telephony.move_party(consulted.id, MODE[step])
        except TelephonyError:
            await self._db.write(lambda c: service.purpose(c, consulted.id, Step.CONSULT))
            raise
        return {"party": consulted.id}

    async def _change(self, attempt_id: str, step: Step, mine: Party) -> Told:
        """The supervisor takes part in another way."""
        await self._db.write(lambda c: service.purpose(c, mine.id, step))
        if mine.mode is not MODE[step]:
            await self._telephony.move_party(mine.id, MODE[step])
        elif step is Step.TAKE_OVER:
            await self._calls.let_agent_leave(attempt_id)
        return {"party": mine.id}

    async def _leave(self, attempt_id: str, mine: Party | None) -> Told:
        if mine is None:
            await self._calls.let_agent_leave(attempt_id)
            return {}
        if mine.talks:
            await self._calls.resume_for(attempt_id)
        await self._telephony.drop_party(mine.id)
        return {"party": mine.id}

    async def _invite(self, wanted: _Wanted) -> Told:
        number = plain_number(wanted.number) if wanted.step in INVITING else ""
        commit = partial(self._commit_outside, wanted, number) if number else partial(self._commit, wanted)
        order = await self._db.write(commit, urgent=True)
        if order.trunk:
            self._spend(order.trunk)
        try:
            await self._telephony.add_party(order)
        except (LinkUnavailable, RequestRefused):
            await self._db.write(lambda c: service.party_ended(c, order.party_id, self._clock()), urgent=True)
            raise
        # Where the answer never came the row stays: its events, or the next link, tell what became of it.
        return {"party": order.party_id, "extension": order.extension}

    def _commit(self, wanted: _Wanted, conn: Connection) -> PartyOrder:
        extension, step = wanted.extension, wanted.step
        invited = service.invite(conn, wanted.attempt_id, step, wanted.by, extension, wanted.at)
        return PartyOrder(
            party_id=invited.id,
            attempt_id=wanted.attempt_id,
            extension=extension,
            mode=MODE[step],
            ring_seconds=self._ring_seconds,
        )

    def _commit_outside(self, wanted: _Wanted, number: str, conn: Connection) -> PartyOrder:
        attempt_id, step, pairing = wanted.attempt_id, wanted.step, self._pairing()
        line = outside.take_line(conn, pairing, attempt_id, number, wanted.at)
        invited = service.invite(
            conn, attempt_id, step, wanted.by, "", wanted.at, number=number, trunk=line.trunk
        )
        return PartyOrder(
            party_id=invited.id,
            attempt_id=attempt_id,
            number=line.number,
            trunk=line.trunk,
            caller_id=line.caller_id,
            mode=MODE[step],
            ring_seconds=pairing.settings.customer_ring_seconds,
        )

    async def _refuse(self, wanted: _Wanted, why: Refusal, detail: str = "") -> StepRefused:
        attempt_id, step, now = wanted.attempt_id, wanted.step, self._clock()
        await self._db.write(lambda c: service.step_refused(c, attempt_id, step, wanted.by, why, now, detail))
        log.info("A step in a call was refused.", action="in_call", attempt=attempt_id, step=step, why=why)
        return StepRefused(why, detail)
