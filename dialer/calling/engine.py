"""The dialling engine: a loop that pairs, one that listens, one that sweeps.

Decisions are made elsewhere and pure; here is only their order: commit, then act. An attempt is
committed before the agent's phone is asked to ring, and the go before the gate is opened.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling import queries, service
from dialer.calling.mailboxes import Mailboxes
from dialer.calling.placer import Placer
from dialer.calling.progress import Ending, Progress, conclude, observe
from dialer.calling.reserving import Pairing, could_reserve, reserve
from dialer.calling.service import EndRules
from dialer.calling.settings import CallingSettings
from dialer.calling.settler import Settler
from dialer.calling.status import EngineStatus
from dialer.clock import Clock
from dialer.ids import new_id
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit
from dialer.telephony.events import (
    AgentRinging,
    AgentUp,
    CallEvent,
    CustomerAnswered,
    CustomerRinging,
    LinkDown,
    LinkUp,
    PhoneState,
    TelephonyEvent,
)
from dialer.telephony.port import (
    CallOrder,
    LinkUnavailable,
    RequestRefused,
    RequestUncertain,
    Telephony,
)

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 1.0
# Events of a call may come after its end was written; so many ended calls are remembered.
_REMEMBERED = 5_000
_RETRY_SECONDS = 1.0
# Follow-ups become due by time alone, so the queue is looked at that often in any case.
_LOOK_SECONDS = 0.5
_NUDGE = "engine.nudge"
# The event rows after which a call may be possible that was not before; without an agent who waits, only
# those that bring one.
_BRINGS_AGENT = ("agent_session.ready", _NUDGE)
_BRINGS_WORK = (*_BRINGS_AGENT, "follow_up.planned", "follow_up.waiting", "attempt.ended")


class Step(StrEnum):
    """Points between two effects, where a crash would be the worst; named for drills."""

    ATTEMPT_COMMITTED = "attempt_committed"
    AGENT_UP = "agent_up"
    GO_COMMITTED = "go_committed"
    GO_SENT = "go_sent"


class Engine:
    """Places due calls to ready agents through `telephony`, for as long as it runs.

    `each_second` is what else time brings about; `passed` is told of each `Step`, for drills.
    """

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        settings: CallingSettings,
        clock: Clock,
        *,
        planning: PlanningSettings | None = None,
        each_second: Callable[[datetime], Awaitable[None]] | None = None,
        passed: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._library = library
        self._settings = settings
        self._planning = planning or PlanningSettings()
        self._site = EndRules(ZoneInfo(settings.time_zone), self._planning.max_tries)
        self._clock = clock
        self._each_second = each_second
        self._passed = passed
        self.run_id = new_id()
        self._seen: dict[str, Progress] = {}
        self._mailboxes: Mailboxes[CallEvent] = Mailboxes(self._on_call_event)
        self._settler = Settler(
            database,
            telephony,
            library,
            settings,
            clock,
            self.run_id,
            site=self._site,
            adopt=self._adopt,
            ended=self._forget,
        )
        self._placer = Placer(
            database,
            telephony,
            clock,
            lead_seconds=settings.page_lead_seconds,
            end=self._end,
            settle=lambda attempt_id: self._settler.settle([attempt_id]),
        )
        self._link = EngineStatus(self._pairing())
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._stopping = False
        self._settled = False
        self._agents_left = True

    @property
    def status(self) -> EngineStatus:
        """The engine now."""
        return EngineStatus(
            self._pairing(),
            self._link.link_up,
            self._link.link_reason,
            self._link.link_advice,
            self._settled,
            self._stopping,
        )

    def _pairing(self) -> Pairing:
        reachable = self._telephony.reachable_phones()
        return Pairing(self._settings, self._library, self.run_id, reachable, self._planning)

    async def run(self) -> None:
        """Dial until cancelled."""
        await self._telephony.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="engine-listen")
                tasks.create_task(self._dispatch(), name="engine-dispatch")
                tasks.create_task(self._sweep(), name="engine-sweep")
        finally:
            await self._mailboxes.stop()
            await self._telephony.stop()

    async def drain(self, grace: float) -> int:
        """Place no further call; wait up to `grace` seconds for those in flight.

        Returns how many are left. They go on in the telephone system and are adopted at the
        next start.
        """
        self._stopping = True
        await self._tell("engine.stopping", "engine")
        deadline = asyncio.get_running_loop().time() + grace
        while (left := await self._db.read(queries.count_in_flight)) and (
            asyncio.get_running_loop().time() < deadline
        ):
            await self._db.feed.wait(0.2)
        return left

    # --- pairing and placing -------------------------------------------------------------

    async def _dispatch(self) -> None:
        likely = False
        while True:
            mark = self._db.feed.mark()
            try:
                await self.dispatch_once(likely=likely)
            except Exception as error:
                # A full disk or a locked database must not end dialling for good.
                log.exception("Follow-ups cannot be dialled now.", action="dispatch", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            kinds = _BRINGS_WORK if self._agents_left else _BRINGS_AGENT
            likely = await self._db.feed.wait(_LOOK_SECONDS, since=mark, kinds=kinds)

    async def dispatch_once(self, *, likely: bool = False) -> int:
        """Commit to as many calls as there are ready agents and due follow-ups, and place them.

        Where a pair is `likely`, it is not asked first whether there is any.
        """
        if self._stopping or self._placer.held or not (self._link.link_up and self._settled):
            return 0
        if not likely and not await self._db.read(lambda c: could_reserve(c, self._pairing())):
            self._agents_left = False
            return 0
        now = self._clock()
        found = await self._db.write(lambda c: reserve(c, self._pairing(), now), urgent=True)
        self._agents_left = found.agents_left
        for order in found.orders:
            self._seen[order.attempt_id] = Progress()
            self._spawn(self._place(order))
        return len(found.orders)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)

    def _spawned(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # What it left undone is found by the sweep.
            log.error("Something was left undone.", action="engine_task", error=str(error))

    async def _place(self, order: CallOrder) -> None:
        self._passed(Step.ATTEMPT_COMMITTED)
        await self._placer.place(order)

    # --- listening -----------------------------------------------------------------------

    async def _listen(self) -> None:
        async for event in self._telephony.events():
            await self._on_event(event)

    async def _on_event(self, event: TelephonyEvent) -> None:
        match event:
            case LinkUp():
                await self._on_link_up(event)
            case LinkDown():
                await self._on_link_down(event)
            case CallEvent():
                self._mailboxes.put(event.attempt_id, event)
            case PhoneState():
                # Not awaited: a storm of registrations must not hold back the events of calls.
                self._spawn(self._tell("engine.phone", event.extension, reachable=event.reachable))
                self._db.feed.wake((_NUDGE,))

    async def _on_link_up(self, event: LinkUp) -> None:
        log.info("The link to the telephone system is up.", action="link_up", version=event.version)
        self._link = EngineStatus(self._pairing(), link_up=True)
        try:
            await self._db.write(lambda c: clear_alarm(c, "link_down", "asterisk", self._clock()))
            self._settled = await self._settler.settle_all()
            await self._tell("engine.settled", "engine", settled=self._settled)
        except Exception:
            # The sweep tries again: the link itself is fine.
            log.exception("What is in flight could not be settled.", action="link_up")
        self._db.feed.wake((_NUDGE,))

    async def _on_link_down(self, event: LinkDown) -> None:
        log.error(
            "The link to the telephone system is down.",
            action="link_down",
            reason=event.reason,
            advice=event.advice,
        )
        self._link = EngineStatus(self._pairing(), link_reason=event.reason, link_advice=event.advice)
        self._settled = False
        data = {"reason": event.reason, "advice": event.advice}
        try:
            await self._db.write(lambda c: raise_alarm(c, "link_down", "asterisk", self._clock(), data))
            await self._settler.doubt_all()
        except Exception:
            log.exception("The loss of the link could not be written down.", action="link_down")
        # What was seen before the gap is no longer the whole of any call.
        self._seen.clear()

    async def _on_call_event(self, attempt_id: str, event: CallEvent) -> None:
        if attempt_id not in self._seen and not await self._is_open(attempt_id):
            return
        seen = observe(self._seen.get(attempt_id) or Progress(whole=False), event)
        self._seen[attempt_id] = seen
        match event:
            case AgentRinging():
                await self._db.write(lambda c: service.note_agent_ringing(c, attempt_id, event.at))
            case AgentUp():
                await self._let_through(attempt_id)
            case CustomerRinging():
                await self._db.write(lambda c: service.note_customer_ringing(c, attempt_id, event.at))
            case CustomerAnswered():
                await self._db.write(lambda c: service.note_answered(c, attempt_id, event.at))
        if seen.over and seen.clear:
            await self._end(attempt_id, conclude(seen), ended_at=event.at)
        elif seen.over or (seen.agent_gone and not seen.whole):
            await self._settler.settle([attempt_id])

    async def _is_open(self, attempt_id: str) -> bool:
        """Whether events of a call that this run did not place matter: late ones do not."""
        if attempt_id in self._over:
            return False
        known = await self._db.read(lambda c: queries.attempt(c, attempt_id))
        return known is not None and known.ended_at is None

    async def _let_through(self, attempt_id: str) -> None:
        self._passed(Step.AGENT_UP)
        now = self._clock()
        granted = await self._db.write(
            lambda c: service.grant_go(c, attempt_id, self.run_id, now), urgent=True
        )
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
            await self._settler.settle([attempt_id])
        self._passed(Step.GO_SENT)

    async def _end(self, attempt_id: str, ending: Ending, *, ended_at: datetime | None = None) -> None:
        now = self._clock()
        await self._db.write(
            lambda c: service.end(
                c, attempt_id, ending, self._library, now, ended_at=ended_at, site=self._site
            )
        )
        self._forget(attempt_id)
        log.info(
            "An attempt has ended.",
            action="attempt_ended",
            attempt=attempt_id,
            outcome=ending.outcome.value,
        )

    async def _tell(self, kind: str, subject: str, **data: bool) -> None:
        """Leave an event row for the pages. Nothing depends on it."""
        try:
            await self._db.write(lambda c: emit(c, kind, subject, self._clock(), data))
        except Exception:
            log.exception("An event row could not be written.", action="tell", kind=kind)

    def _adopt(self, attempt_id: str, seen: Progress) -> None:
        self._seen[attempt_id] = seen

    def _forget(self, attempt_id: str) -> None:
        self._seen.pop(attempt_id, None)
        self._over.append(attempt_id)

    # --- sweeping ------------------------------------------------------------------------

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self._sweep_once(self._clock())
            except Exception:
                log.exception("A sweep could not be finished.", action="sweep")

    async def _sweep_once(self, now: datetime) -> None:
        if self._each_second is not None:
            await self._each_second(now)
        if not self._link.link_up:
            return
        if not self._settled:
            self._settled = await self._settler.settle_all()
            return
        placed, gone = now - self._settler.agent_time, now - self._settler.dial_time
        late = await self._db.read(lambda c: queries.overdue(c, placed_before=placed, go_before=gone))
        await self._settler.settle(late)
