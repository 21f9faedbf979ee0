"""Follows each call from its events to its end: commit, then act (D1, D7).

The go is committed before the gate is opened, and how a call ended before its agent is let go.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from dialer.calling import queries, service
from dialer.calling.engaged import Engaged
from dialer.calling.incall.steps import InCall
from dialer.calling.mailboxes import Mailboxes
from dialer.calling.progress import NOT_DIALLED, Ending, Progress, conclude, joined, observe
from dialer.calling.service import EndRules
from dialer.calling.states import CallMode
from dialer.clock import Clock
from dialer.halts.service import Halted
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.telephony.events import (
    AgentConnected,
    AgentRinging,
    AgentUp,
    AtGate,
    CallEvent,
    CustomerAnswered,
    CustomerRinging,
    InCallEvent,
    LegEnded,
)
from dialer.telephony.port import (
    LinkUnavailable,
    RequestRefused,
    RequestUncertain,
    Telephony,
    TelephonyError,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Events of a call may come after its end was written; so many ended calls are remembered.
_REMEMBERED = 5_000


class Step(StrEnum):
    """Points between two effects, where a crash would be the worst; named for drills."""

    ATTEMPT_COMMITTED = "attempt_committed"
    AGENT_UP = "agent_up"
    GO_COMMITTED = "go_committed"
    GO_SENT = "go_sent"


class Follower:
    """Follows calls; `settle` puts attempts in doubt, `passed` is told of each `Step`, `answered` and `over`
    of the attempts to which that happens."""

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        clock: Clock,
        run_id: str,
        *,
        site: EndRules,
        settle: Callable[[Iterable[str]], Awaitable[object]],
        passed: Callable[[Step], None],
        in_call: InCall,
        answered: Callable[[str], None] = lambda _attempt_id: None,
        over: Callable[[str], None] = lambda _attempt_id: None,
    ) -> None:
        self._answered, self._told_over = answered, over
        self._db = database
        self._telephony = telephony
        self._library = library
        self._clock = clock
        self._run_id = run_id
        self._site = site
        self._settle = settle
        self._passed = passed
        self._in_call = in_call
        # Calls of which an event could not be dealt with: the sweep settles them from what can be proven.
        self.undone: set[str] = set()
        self._seen: dict[str, Progress] = {}
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._mailboxes: Mailboxes[CallEvent] = Mailboxes(self._on_event)

    def begin(self, attempt_id: str, *, customer_first: bool = False) -> None:
        """A call of ours is about to be placed: all of it will be seen."""
        self._seen[attempt_id] = Progress(customer_first=customer_first)

    def take(self, event: CallEvent) -> None:
        """Deal with an event after all earlier ones of its call."""
        self._mailboxes.put(event.attempt_id, event)

    def adopt(self, attempt_id: str, seen: Progress) -> None:
        """Go on with a call that was found alive; since it was asked about, its events may have told more."""
        before = self._seen.get(attempt_id)
        self._seen[attempt_id] = joined(seen, before) if before is not None else seen

    def forget(self, attempt_id: str) -> None:
        """The call is over: what still comes of it is no news."""
        self._seen.pop(attempt_id, None)
        self._over.append(attempt_id)
        self._told_over(attempt_id)

    def lose_sight(self) -> None:
        """The link is down: what was seen before the gap is no longer the whole of any call."""
        self._seen.clear()

    async def stop(self) -> None:
        """Finish what is being dealt with."""
        await self._mailboxes.stop()

    async def end(self, attempt_id: str, ending: Ending, *, ended_at: datetime | None = None) -> None:
        """Write how a call ended."""
        now = self._clock()
        seen = self._seen.get(attempt_id)
        # Of a customer whom no agent met nothing was written at his answer.
        answered_at = seen.answered_at if seen is not None and seen.customer_first else None
        await self._write(
            lambda c: service.end(
                c,
                attempt_id,
                ending,
                self._library,
                now,
                answered_at=answered_at,
                ended_at=ended_at,
                site=self._site,
            )
        )
        self.forget(attempt_id)
        log.info(
            "An attempt has ended.",
            action="attempt_ended",
            attempt=attempt_id,
            outcome=ending.outcome.value,
        )

    async def _on_event(self, attempt_id: str, event: CallEvent) -> None:
        try:
            with bound_contextvars(attempt=attempt_id):
                await self._follow(attempt_id, event)
        except Exception:
            # What the event meant is not written, on a full disk or under another writer's lock.
            self.undone.add(attempt_id)
            raise

    async def _follow(self, attempt_id: str, event: CallEvent) -> None:
        if isinstance(event, InCallEvent):
            await self._in_call.on_event(event)
            return
        before = self._seen.get(attempt_id) or await self._not_seen_before(attempt_id)
        if before is None:
            return
        seen = self._seen[attempt_id] = observe(before, event)
        match event:
            case AgentRinging():
                await self._write(lambda c: service.note_agent_ringing(c, attempt_id, event.at))
            case AgentUp() | AtGate():
                await self._let_through(attempt_id)
            case CustomerRinging():
                await self._write(lambda c: service.note_customer_ringing(c, attempt_id, event.at))
            case AgentConnected():
                since = seen.answered_at
                await self._write(lambda c: service.note_answered(c, attempt_id, event.at, answered_at=since))
            case CustomerAnswered() if not seen.customer_first:
                await self._write(lambda c: service.note_answered(c, attempt_id, event.at))
                self._answered(attempt_id)
            case LegEnded():
                await self._in_call.on_event(event)
        if seen.over and seen.clear:
            await self.end(attempt_id, conclude(seen), ended_at=event.at)
        elif seen.over or (
            not seen.whole and (seen.agent_gone or (seen.customer_first and seen.customer_gone))
        ):
            await self._settle([attempt_id])

    async def _not_seen_before(self, attempt_id: str) -> Progress | None:
        """What is known of a call that this run did not place; None: its events are late, and matter not."""
        if attempt_id in self._over:
            return None
        known = await self._db.read(lambda c: queries.attempt(c, attempt_id))
        if known is None or known.ended_at is not None:
            return None
        return Progress(whole=False, customer_first=known.mode == CallMode.CUSTOMER_FIRST)

    async def _let_through(self, attempt_id: str) -> None:
        self._passed(Step.AGENT_UP)
        now = self._clock()
        try:
            granted = await self._write(lambda c: service.grant_go(c, attempt_id, self._run_id, now))
        except (Engaged, Halted) as error:
            log.info("The customer is not dialled.", action="grant_go", attempt=attempt_id, why=str(error))
            await self._turn_back(attempt_id)
            return
        if not granted:
            return
        self._passed(Step.GO_COMMITTED)
        try:
            await self._telephony.open_gate(attempt_id)
        except RequestRefused as error:
            # The agent left while we committed: the end of the leg tells the rest.
            log.info("The gate was not opened.", action="open_gate", attempt=attempt_id, error=str(error))
        except (LinkUnavailable, RequestUncertain) as error:
            log.warning(
                "It is not known whether the gate was opened.",
                action="open_gate",
                attempt=attempt_id,
                error=str(error),
            )
            await self._settle([attempt_id])
        self._passed(Step.GO_SENT)

    async def _turn_back(self, attempt_id: str) -> None:
        try:
            await self._telephony.hang_up(attempt_id)
        except TelephonyError as error:
            # He waits at the gate in vain, and the telephone system lets him go.
            log.warning("A phone stays up.", action="hang_up", attempt=attempt_id, error=str(error))
        await self.end(attempt_id, NOT_DIALLED)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        # The moves of one call are brief, and the next ones wait for them.
        return await self._db.write(work, urgent=True)
