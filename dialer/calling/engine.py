"""The dialling engine: a loop that pairs, one that listens, one that sweeps.

Decisions are made elsewhere and pure; here is only their order: commit, then act. An attempt is
committed before the agent's phone is asked to ring, and the go before the gate is opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from structlog.contextvars import bound_contextvars

from dialer.calling import queries
from dialer.calling.committing import NodeLost
from dialer.calling.crossing import give_way
from dialer.calling.following import Follower, Step
from dialer.calling.inbound.desk import CallerDesk
from dialer.calling.incall.steps import InCall
from dialer.calling.link import Link
from dialer.calling.modes.service import Taken
from dialer.calling.modes.timing import Timetable
from dialer.calling.placer import Placer
from dialer.calling.reserving import Pairing, could_reserve, reserve
from dialer.calling.service import EndRules
from dialer.calling.settings import CallingSettings
from dialer.calling.settler import Settler
from dialer.calling.status import EngineStatus
from dialer.calling.ticking import SECOND, ClockWatch, tick
from dialer.clock import Clock
from dialer.ids import new_id
from dialer.nodes.rules import ALONE, Share
from dialer.phonetests.worker import PhoneTester
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit
from dialer.telephony.events import (
    CallerLeft,
    CallEvent,
    CustomerCalls,
    LinkDown,
    LinkUp,
    PhoneState,
    TelephonyEvent,
)
from dialer.telephony.port import CallOrder, Telephony
from dialer.trunks.bucket import Buckets

__all__ = ["Engine", "Step"]

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
# Follow-ups become due by time alone, so the queue is looked at that often in any case.
_LOOK_SECONDS = 0.5
_NUDGE = "engine.nudge"
# The event rows after which a call may be possible that was not before; without an agent who waits, only
# those that bring one.
_BRINGS_AGENT = ("agent_session.ready", _NUDGE)
_BRINGS_WORK = (*_BRINGS_AGENT, "follow_up.planned", "follow_up.waiting", "attempt.ended")


class Engine:
    """Places due calls to ready agents through `telephony`, for as long as it runs.

    `each_second` is what else time brings about; `passed` is told of each `Step`, for drills; `share` is what
    the node has that `telephony` is the link to.
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
        each_second: Sequence[Callable[[datetime], Awaitable[None]]] = (),
        passed: Callable[[Step], None] = lambda _step: None,
        share: Share = ALONE,
    ) -> None:
        self._share = share
        self._db = database
        self._telephony = telephony
        self._library = library
        self._settings = settings
        self._planning = planning or PlanningSettings()
        self._site = EndRules(ZoneInfo(settings.time_zone), self._planning.max_tries, settings.breaker)
        self._clock = clock
        self._each_second = each_second
        self._passed = passed
        self.run_id = new_id()
        self._rates = Buckets(settings.trunks)
        self._desk = CallerDesk(
            database,
            telephony,
            clock,
            pairing=self._pairing,
            may_place=self._may_place,
            place=self._place_for_caller,
            drop=lambda attempt_id: self._placer.drop(attempt_id),  # noqa: PLW0108 - made below
            give_way=partial(give_way, site=self._site),
        )
        self.in_call = InCall(
            database,
            telephony,
            library,
            clock,
            pairing=self._pairing,
            spend=self._rates.spend,
            withdraw=lambda attempt_id: self._placer.withdraw(attempt_id),  # noqa: PLW0108 - made below
            share=share,
        )
        self._calls = Follower(
            database,
            telephony,
            library,
            clock,
            self.run_id,
            site=self._site,
            settle=self.settle,
            passed=passed,
            in_call=self.in_call,
            answered=self._desk.answered,
            over=lambda attempt_id: self._spawn(self._desk.ended(attempt_id)),
        )
        self._settler = Settler(
            database,
            telephony,
            library,
            settings,
            clock,
            self.run_id,
            site=self._site,
            adopt=self._calls.adopt,
            ended=self._calls.forget,
            share=share,
        )
        self._placer = Placer(
            database,
            telephony,
            clock,
            lead_seconds=settings.page_lead_seconds,
            end=self._calls.end,
            settle=lambda attempt_id: self._settler.settle([attempt_id]),
            node=share.name,
        )
        self._timetable = Timetable(
            database,
            clock,
            pairing=self._pairing,
            may_place=self._may_place,
            place=self._place_wanted,
            nudge=lambda: database.feed.wake((_NUDGE,)),
        )
        self._link = Link(
            database,
            clock,
            share,
            settle=self._settler.settle_all,
            doubt=self._settler.doubt_all,
            rebuild=self._rebuild,
        )
        self._tester = PhoneTester(database, telephony, clock, share)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._agents_left = True
        self._clock_watch = ClockWatch(clock, self._link.look_anew)

    @property
    def status(self) -> EngineStatus:
        """The engine now."""
        return EngineStatus(
            self._pairing(),
            self._link.up,
            self._link.reason,
            self._link.advice,
            self._link.settled,
            self._stopping,
        )

    def _pairing(self) -> Pairing:
        return Pairing(
            self._settings,
            self._library,
            self.run_id,
            self._telephony.reachable_phones(),
            self._planning,
            share=self._share,
            allowed=self._rates.allowed(),
        )

    async def run(self) -> None:
        """Dial until cancelled."""
        await self._telephony.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="engine-listen")
                tasks.create_task(self._dispatch(), name="engine-dispatch")
                tasks.create_task(self._timetable.run(), name="engine-timing")
                tasks.create_task(self._receive(), name="engine-receive")
                tasks.create_task(self._sweep(), name="engine-sweep")
                tasks.create_task(tick(self._each_second, self._clock), name="engine-each-second")
                tasks.create_task(self._tester.run(), name="engine-phone-tests")
                tasks.create_task(self._desk.run(), name="engine-callers")
                try:
                    await asyncio.Event().wait()
                finally:
                    # First of all: those who wait for a database that hangs would keep the link open (D8).
                    await self._telephony.stop()
        finally:
            await self._calls.stop()

    async def drain(self, grace: float) -> int:
        """Place no further call; wait up to `grace` seconds for those in flight.

        Returns how many are left. They go on in the telephone system and are adopted at the
        next start.
        """
        self._stopping = True
        await self._tell("engine.stopping", "engine")
        await self._tester.stop()
        deadline = asyncio.get_running_loop().time() + grace
        while (left := len(await self._db.read(lambda c: queries.in_flight(c, self._share)))) and (
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
        if not self._may_place():
            return 0
        if not likely and not await self._db.read(lambda c: could_reserve(c, self._pairing(), self._clock())):
            self._agents_left = False
            return 0
        now = self._clock()
        try:
            found = await self._db.write(
                lambda c: reserve(c, self._pairing(), now, spare=self._desk.waiting), urgent=True
            )
        except NodeLost:
            # Whoever has the node now calls; this engine is about to be stopped.
            return 0
        self._agents_left = found.agents_left
        for order in found.orders:
            self._rates.spend(order.trunk)
            self._calls.begin(order.attempt_id, customer_first=order.customer_first)
            self._spawn(self._place(order))
        return len(found.orders)

    def _may_place(self) -> bool:
        return not self._stopping and not self._placer.held and self._link.up and self._link.settled

    def _place_wanted(self, taken: Taken) -> None:
        self._rates.spend(taken.order.trunk)
        self._calls.begin(taken.order.attempt_id)
        self._spawn(self._place(taken.order, looked=taken.looked))

    def _place_for_caller(self, order: CallOrder) -> None:
        self._calls.begin(order.attempt_id)
        self._spawn(self._place(order))

    async def _receive(self) -> None:
        """Look for agents for the customers who wait on the line, whenever one becomes ready."""
        while True:
            mark = self._db.feed.mark()
            try:
                await self._desk.look()
            except Exception as error:
                log.exception("Callers cannot be put through now.", action="receive", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._db.feed.wait(SECOND, since=mark, kinds=_BRINGS_AGENT)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)

    def _spawned(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # What it left undone is found by the sweep.
            log.error("Something was left undone.", action="engine_task", error=str(error))

    async def _place(self, order: CallOrder, *, looked: bool = False) -> None:
        self._passed(Step.ATTEMPT_COMMITTED)
        with bound_contextvars(attempt=order.attempt_id):
            await self._placer.place(order, looked=looked)

    # --- listening -----------------------------------------------------------------------

    async def _listen(self) -> None:
        async for event in self._telephony.events():
            await self._on_event(event)

    async def _on_event(self, event: TelephonyEvent) -> None:
        match event:
            case LinkUp():
                await self._link.came_up(event)
                self._db.feed.wake((_NUDGE,))
            case LinkDown():
                await self._link.went_down(event)
                self._calls.lose_sight()
                self._desk.lose_sight()
            case CallEvent():
                self._calls.take(event)
            case CustomerCalls():
                self._spawn(self._desk.rang(event))
            case CallerLeft():
                self._spawn(self._desk.left(event))
            case PhoneState():
                # Not awaited: a storm of registrations must not hold back the events of calls.
                self._spawn(self._tell("engine.phone", event.extension, reachable=event.reachable))
                self._db.feed.wake((_NUDGE,))

    async def _rebuild(self) -> None:
        await self.in_call.rebuild()
        self._desk.look_back()

    async def settle(self, attempt_ids: Iterable[str]) -> None:
        """Find out how these attempts stand; those that are alive go on."""
        await self._settler.settle(attempt_ids)

    async def _tell(self, kind: str, subject: str, **data: bool) -> None:
        """Leave an event row for the pages. Nothing depends on it."""
        try:
            await self._db.write(lambda c: emit(c, kind, subject, self._clock(), data))
        except Exception:
            log.exception("An event row could not be written.", action="tell", kind=kind)

    # --- sweeping ------------------------------------------------------------------------

    async def _sweep(self) -> None:
        steps = (self._clock_watch.look, self._desk.tidy, self._link.catch_up, self._settle_late)
        while True:
            await asyncio.sleep(SECOND)
            for step in steps:
                try:
                    await step()
                except Exception:
                    # None of them holds up the others.
                    log.exception("A sweep could not be finished.", action="sweep")

    async def _settle_late(self) -> None:
        if not (self._link.up and self._link.settled):
            return
        now = self._clock()
        placed, gone = now - self._settler.agent_time, now - self._settler.dial_time
        late = await self._db.read(
            lambda c: queries.overdue(c, self._share, placed_before=placed, go_before=gone)
        )
        undone = set(self._calls.undone)
        if await self._settler.settle(undone.union(late)) and undone:
            await self.in_call.rebuild(undone)
            self._calls.undone -= undone
