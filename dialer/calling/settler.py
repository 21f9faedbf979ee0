"""Settles attempts in doubt: gathers what is alive and what was logged, decides, applies (D7)."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from dialer.calling import queries, service
from dialer.calling.progress import Progress
from dialer.calling.queries import Attempt
from dialer.calling.service import EndRules
from dialer.calling.settings import CallingSettings
from dialer.calling.settling import Decision, Doubt, Settlement, settle
from dialer.calling.states import CallMode
from dialer.clock import Clock
from dialer.nodes.rules import ALONE, Share
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.telephony.outcomes import LegEvidence
from dialer.telephony.port import (
    CallTrail,
    LinkUnavailable,
    LiveCall,
    RequestRefused,
    RequestUncertain,
    Telephony,
    TrailUnreadable,
)

log = structlog.get_logger(__name__)

CANNOT = "settling it fails: give the log to the administrator"
"""Why an attempt stays in doubt whose settling raises."""


class Settler:
    """Decides what became of attempts in doubt. `adopt` is told of calls found alive, `ended` of others."""

    def __init__(
        self,
        database: Database,
        telephony: Telephony,
        library: Library,
        settings: CallingSettings,
        clock: Clock,
        run_id: str,
        *,
        site: EndRules,
        adopt: Callable[[str, Progress], None],
        ended: Callable[[str], None],
        share: Share = ALONE,
    ) -> None:
        self._db = database
        self._telephony = telephony
        self._library = library
        self._clock = clock
        self._run_id = run_id
        self._share = share
        self._site = site
        self._adopt = adopt
        self._ended = ended
        # Attempts whose unreadable log was told of: once is enough.
        self._unreadable: set[str] = set()
        # And those whose settling fails, with the error that was told.
        self._failing: dict[str, str] = {}
        # Since when the telephone system has not known them, on the event loop's clock: it is not stepped.
        self._absent_since: dict[str, float] = {}
        self._one_at_a_time = asyncio.Lock()
        margin = settings.settle_margin_seconds
        self._patience = timedelta(seconds=settings.page_lead_seconds + margin)
        self._gate = timedelta(seconds=settings.gate_seconds)
        self.agent_time = timedelta(
            seconds=settings.page_lead_seconds + settings.agent_ring_seconds + settings.gate_seconds + margin
        )
        self.dial_time = timedelta(seconds=settings.customer_ring_seconds + margin)

    async def doubt_all(self) -> None:
        """Put every attempt in flight in doubt."""
        for current in await self._in_flight():
            await self._doubt(current.id)

    async def settle_all(self) -> bool:
        """Settle every attempt in flight; False where the telephone system could not be asked."""
        return await self.settle([current.id for current in await self._in_flight()])

    async def _ours(self, attempt_ids: Iterable[str]) -> list[str]:
        # A call of another node is not alive at this one, which proves nothing (D8).
        ids = list(attempt_ids)
        if not (ids and self._share.others):
            return ids
        return await self._db.read(lambda conn: queries.at_node(conn, ids, self._share))

    async def _in_flight(self) -> list[Attempt]:
        return await self._db.read(lambda conn: queries.in_flight(conn, self._share))

    async def settle(self, attempt_ids: Iterable[str]) -> bool:
        """Settle these attempts; False where the telephone system could not be asked."""
        ids = await self._ours(attempt_ids)
        if not ids:
            return True
        async with self._one_at_a_time:
            doubted = [current for one in ids if (current := await self._doubt(one)) is not None]
            try:
                live = {call.attempt_id: call for call in await self._telephony.live_calls()}
            except (LinkUnavailable, RequestRefused, RequestUncertain) as error:
                log.warning("What is alive cannot be asked.", action="settle", error=str(error))
                return False
            for current in doubted:
                await self._settle_one(current, live.get(current.id))
            return True

    async def _doubt(self, attempt_id: str) -> Attempt | None:
        now = self._clock()
        return await self._db.write(lambda c: service.doubt(c, attempt_id, self._run_id, now))

    async def _settle_one(self, current: Attempt, live: LiveCall | None) -> None:
        with bound_contextvars(attempt=current.id):
            try:
                await self._look_into(current, live)
            except Exception as error:
                # One that cannot be settled holds up neither the others nor dialling. Where not even that can
                # be written down, nothing can: then the next sweep tries all of it again.
                gone = self._absent(current.id, live) >= self._patience
                await self._keep(current, Decision(Settlement.KEEP_UNKNOWN, CANNOT), gone=gone)
                if self._failing.get(current.id) != repr(error):
                    self._failing[current.id] = repr(error)
                    log.exception("An attempt in doubt cannot be settled.", action="settle", error=str(error))
            else:
                self._failing.pop(current.id, None)

    async def _look_into(self, current: Attempt, live: LiveCall | None) -> None:
        trail: CallTrail | None = None
        unreadable = ""
        try:
            trail = await self._telephony.trail(current.id)
        except TrailUnreadable as error:
            unreadable = str(error)
            if current.id not in self._unreadable:
                self._unreadable.add(current.id)
                log.error(unreadable, action="settle", attempt=current.id)
        now = self._clock()
        doubt = Doubt(
            go_at=current.go_at,
            answered_at=current.answered_at,
            doubted_at=current.doubted_at or now,
            absent=self._absent(current.id, live),
            patience=self._patience,
            customer_first=_is_first(current),
            ringing_at=current.ringing_at,
            gate=self._gate,
        )
        decision = settle(doubt, live, trail, now)
        await self._apply(current, decision, live, _evidence(live, trail, unreadable), now)
        if decision.settlement not in (Settlement.WAIT, Settlement.KEEP_UNKNOWN):
            self._unreadable.discard(current.id)
            log.info(
                "An attempt in doubt was settled.",
                action="settle",
                attempt=current.id,
                decided=decision.settlement.value,
                why=decision.why,
            )

    def _absent(self, attempt_id: str, live: LiveCall | None) -> timedelta:
        if live is not None:
            self._absent_since.pop(attempt_id, None)
            return timedelta(0)
        now = asyncio.get_running_loop().time()
        return timedelta(seconds=now - self._absent_since.setdefault(attempt_id, now))

    async def _apply(
        self,
        current: Attempt,
        decision: Decision,
        live: LiveCall | None,
        evidence: dict[str, str | None],
        now: datetime,
    ) -> None:
        attempt_id = current.id
        match decision.settlement:
            case Settlement.WAIT:
                return
            case Settlement.KEEP_UNKNOWN:
                await self._keep(current, decision, gone=True)
            case Settlement.END:
                await self._db.write(
                    lambda c: service.settle_end(
                        c, current, decision, self._library, evidence, now, site=self._site
                    )
                )
                self._absent_since.pop(attempt_id, None)
                self._ended(attempt_id)
            case Settlement.ADOPT_TALKING:
                assert live is not None
                self._adopt(attempt_id, _progress_of(live, current, decision))
                await self._db.write(lambda c: service.adopt_talking(c, current, decision, evidence, now))
            case Settlement.GRANT_GO | Settlement.OPEN_GATE_AGAIN | Settlement.ADOPT_DIALLING:
                assert live is not None
                self._adopt(attempt_id, _progress_of(live, current, decision))
                granted = await self._db.write(
                    lambda c: service.adopt_dialling(c, current, decision, self._run_id, evidence, now)
                )
                # Not granted: an event was quicker and has opened the gate.
                if granted and decision.settlement is not Settlement.ADOPT_DIALLING:
                    await self._open_gate(attempt_id)

    async def _keep(self, current: Attempt, decision: Decision, *, gone: bool) -> None:
        now = self._clock()
        await self._db.write(lambda c: service.keep_unknown(c, current, decision, now, gone=gone))

    async def _open_gate(self, attempt_id: str) -> None:
        try:
            await self._telephony.open_gate(attempt_id)
        except (LinkUnavailable, RequestRefused, RequestUncertain) as error:
            # Still in doubt: the next sweep finds it by its time.
            log.warning("The gate was not opened.", action="settle", attempt=attempt_id, error=str(error))


def _is_first(current: Attempt) -> bool:
    return current.mode == CallMode.CUSTOMER_FIRST


def _progress_of(live: LiveCall, current: Attempt, decision: Decision) -> Progress:
    # What a call that is alive has lost its own end will tell, but for an agent who has left it already.
    first = _is_first(current)
    agent_there = live.customer_answered and not live.awaits_agent if first else True
    return Progress(
        whole=True,
        customer_first=first,
        agent=LegEvidence(answered=agent_there),
        agent_gone=live.agent_gone,
        dialled=live.customer_dialled,
        customer=LegEvidence(answered=live.customer_answered),
        answered_at=decision.answered_at,
    )


def _evidence(live: LiveCall | None, trail: CallTrail | None, unreadable: str) -> dict[str, str | None]:
    seen: dict[str, str | None] = {"log_unreadable": unreadable} if unreadable else {}
    for source, value in (("live", live), ("log", trail)):
        if value is None:
            seen[source] = None
            continue
        for name, fact in asdict(value).items():
            if name != "attempt_id" and fact is not None:
                seen[f"{source}_{name}"] = str(fact)
    return seen
