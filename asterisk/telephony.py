"""The telephony port on a real Asterisk: actions over the AMI link, events from it, proofs from CEL."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext

import structlog

from asterisk import orders
from asterisk.ami import AmiManager, AmiTimes, Fields, LinkFault
from asterisk.ami import faults as link_faults
from asterisk.ami.devices import Devices
from asterisk.ami.outbox import Outbox
from asterisk.callbook import AGENT_CONTEXT, FIRST_CONTEXT, SIDE, Call, CallBook, first_of, live_calls
from asterisk.callers import CALLER_CONTEXT, UP_EXTEN, Callers
from asterisk.cel import CelFile, CelLog, CelSource
from asterisk.incall import InCallActions
from asterisk.partybook import IN_CALL_EVENTS, PartyBook
from asterisk.phonetest import EchoTests
from asterisk.settings import AsteriskSettings
from asterisk.tls import context_of
from asterisk.translate import CALL_EVENTS, originate_attempt, translate
from dialer.figures import LinkFigures
from dialer.telephony.events import (
    CustomerCalls,
    HangupRequested,
    InCallEvent,
    LinkDown,
    LinkUp,
    TelephonyEvent,
)
from dialer.telephony.incall import PartyOrder
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder
from dialer.telephony.port import (
    CallerHears,
    CallOrder,
    CallTrail,
    GatePosition,
    LinkUnavailable,
    LiveCall,
    RequestRefused,
    RequestUncertain,
)

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 20_000
"""Call events that may wait for the reader: about a minute of the busiest hour's burst."""

_START_TIME_TRIES = 10
# What tells after a restart which channel is what.
_VARIABLES = f"HF_ATTEMPT,HF_MUTED,HF_CALL,HF_MODE,HF_CALLER,HF_CALLED,{SIDE}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AsteriskTelephony(InCallActions):
    """`dialer.telephony.port.Telephony` over AMI.

    The link counts as up once Asterisk is fully booted and its live calls and phones have been listed.
    What was read before that moment is told after `LinkUp`.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        *,
        clock: Callable[[], datetime] = _utc_now,
        times: AmiTimes | None = None,
        cel: CelSource | None = None,
        ssl: SSLContext | None = None,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._clock = clock
        self._times = times or AmiTimes()
        self._log = CelLog(cel or CelFile(Path(settings.cel_file)))
        self._outbox: Outbox[TelephonyEvent] = Outbox(queue_limit)
        self._book = CallBook()
        self._parties = PartyBook(self._book)
        self._callers = Callers(settings.trunk_dials)
        self._devices = Devices(settings.agent_channel)
        self._up = False
        self._held: list[tuple[Fields, datetime]] = []
        self._signs: dict[str, asyncio.Future[None]] = {}
        self._manager = AmiManager(
            host=settings.host,
            port=settings.port,
            username=settings.username,
            secret=settings.secret,
            ssl=ssl or context_of(settings),
            times=self._times,
            on_ready=self._get_ready,
            on_down=self._went_down,
            hold=self._outbox.eased,
        )
        self._manager.figures.events = self._outbox.figures
        self._tests = EchoTests(self._manager, settings.agent_channel, self._times, self._hang_up_channel)
        for name in {*CALL_EVENTS, *IN_CALL_EVENTS, "DeviceStateChange"}:
            self._manager.register_event(name, self._on_message)

    @property
    def figures(self) -> LinkFigures:
        """What is counted of the link, for `/metrics`."""
        return self._manager.figures

    async def start(self) -> None:
        """See the port."""
        self._manager.connect()

    async def stop(self) -> None:
        """See the port."""
        await self._manager.aclose()
        self._forget()
        self._outbox.close()
        await self._log.close()

    def events(self) -> AsyncIterator[TelephonyEvent]:
        """See the port."""
        return self._outbox.read()

    def reachable_phones(self) -> frozenset[str] | None:
        """See the port."""
        return self._devices.reachable()

    async def call_agent(self, order: CallOrder) -> None:
        """See the port. Returns when the agent's channel exists, or has failed at once."""
        attempt_id = order.attempt_id
        customer_dial = self._settings.trunk_dials.get(order.trunk, self._settings.customer_dial)
        action = orders.originate(order, self._settings.agent_channel, customer_dial, secrets.token_hex(4))
        self._need_link()
        await self._tests.give_way(order.agent_extension)
        if attempt_id in self._book.calls or attempt_id in self._signs:
            raise RequestRefused(
                f"Attempt {attempt_id} is alive on the telephone system: it cannot be placed again."
            )
        if order.caller:
            self._book.call(attempt_id).caller = order.caller
        sign = self._signs[attempt_id] = asyncio.get_running_loop().create_future()
        try:
            asked = time.perf_counter()
            await self._manager.request(action)
            async with asyncio.timeout(self._times.action):
                await sign
            self.figures.placing.add(time.perf_counter() - asked)
        except TimeoutError:
            raise RequestUncertain(
                f"Asterisk accepted the call of attempt {attempt_id} and then told nothing of it. "
                "Check that the AMI user may read the event class call, and that no event filter hides "
                "Newchannel or OriginateResponse."
            ) from None
        finally:
            del self._signs[attempt_id]
            if not sign.cancel() and not sign.cancelled():
                sign.exception()  # looked at, in case the request itself had failed before

    async def call_customer(self, order: CallOrder) -> None:
        """See the port. Returns when the channel for the gate exists, or has failed at once."""
        await self.call_agent(order)

    async def open_gate(self, attempt_id: str) -> None:
        """See the port."""
        self._need_link()
        call = self._book.calls.get(attempt_id)
        name = call.at_gate if call is not None else None
        if call is None or name is None or call.gate is not GatePosition.WAITING:
            raise RequestRefused(f"Attempt {attempt_id} does not wait at the gate: nobody was dialled.")
        # Taken before the first await, so that of two requests one at most is sent.
        call.gate = GatePosition.PASSED
        await self._check_waits(call, name)
        if call.caller:
            await self._put_through(call, name)
        else:
            await self._manager.request(orders.redirect(name, FIRST_CONTEXT if call.first else AGENT_CONTEXT))

    async def tell_caller(self, call_id: str, hears: CallerHears) -> None:
        """See the port."""
        self._need_link()
        name = self._callers.name(call_id)
        if name is None:
            raise RequestRefused(f"The caller {call_id} is gone, or is put through already.")
        await self._manager.request(orders.redirect(name, CALLER_CONTEXT, hears.value))

    async def _put_through(self, call: Call, agent_name: str) -> None:
        """Bridge the customer who rang with the agent who waits; he is recorded from here on."""
        name = self._callers.name(call.caller)
        if name is None:
            raise RequestRefused(f"The customer of attempt {call.attempt_id} has hung up meanwhile.")
        await self._manager.request(orders.set_variable(name, "HF_ATTEMPT", call.attempt_id))
        await self._manager.request(orders.set_variable(name, "HF_AGENT", agent_name))
        self._book.join(call, call.caller, name)
        self._callers.put_through(call.caller)
        await self._manager.request(orders.redirect(name, CALLER_CONTEXT, UP_EXTEN))

    async def hang_up(self, attempt_id: str) -> None:
        """See the port."""
        self._need_link()
        call = self._book.calls.get(attempt_id)
        if call is None:  # not by what we heard: Asterisk knows for certain
            now = CallBook()
            now.restore(await self._status())
            call = now.call(attempt_id)
        call.told.add(HangupRequested)  # it is us: whatever Asterisk says of it, no party asked for the end
        for name in (*call.names(), *self._parties.names(attempt_id)):
            await self._hang_up_channel(name)

    async def live_calls(self) -> tuple[LiveCall, ...]:
        """See the port. Asks Asterisk, never the memory."""
        self._need_link()
        return live_calls(await self._status())

    async def trail(self, attempt_id: str) -> CallTrail:
        """See the port."""
        return await self._log.trail(attempt_id)

    async def let_go(self, since: datetime) -> tuple[CustomerCalls, ...]:
        """See the port."""
        return await self._log.let_go(since)

    async def add_party(self, order: PartyOrder) -> None:
        """See the port."""
        await self._tests.give_way(order.extension)
        await super().add_party(order)

    async def test_phone(self, order: PhoneTestOrder) -> PhoneHeard:
        """See the port."""
        self._need_link()
        return await self._tests.run(order)

    async def end_phone_test(self, test_id: str) -> None:
        """See the port."""
        self._need_link()
        await self._tests.end(test_id)

    async def _check_waits(self, call: Call, name: str) -> None:
        """Ask Asterisk itself: another process, or the gate's end, may have been faster than our events."""
        rows = await self._manager.request({"Action": "Status", "Channel": name}, as_list=True)
        for live in live_calls(rows[1:]):
            if live.attempt_id == call.attempt_id and live.gate is GatePosition.WAITING:
                return
        raise RequestRefused(f"Attempt {call.attempt_id} has left the gate: nobody was dialled.")

    async def _status(self) -> list[Fields]:
        rows = await self._manager.request({"Action": "Status", "Variables": _VARIABLES}, as_list=True)
        return rows[1:]

    def _need_link(self) -> None:
        if not self._up:
            raise LinkUnavailable(
                "There is no link to Asterisk: nothing was sent. Try again when the link is up."
            )

    # The link: what happens when it comes and goes.

    async def _get_ready(self) -> None:
        settings, *_ = await self._manager.request({"Action": "CoreSettings"})
        start = await self._start_time()
        await self._list_devices()
        rows = await self._status()
        self._book.restore(rows)
        self._parties.restore(rows)
        await self._tests.end_left_over(rows)
        self._up = True
        version = settings.get("AsteriskVersion", "")
        self._outbox.put_anyway(LinkUp(at=self._clock(), version=version, started_at=start))
        log.info(
            "The link to Asterisk is up.", action="ami_up", version=version, live_calls=len(self._book.calls)
        )
        for caller in self._callers.restore(rows, self._clock()):
            self._outbox.put_anyway(caller)
        held, self._held = self._held, []
        for fields, at in held:
            self._take(fields, at)

    async def _start_time(self) -> datetime | None:
        for _ in range(_START_TIME_TRIES):
            core, *_rest = await self._manager.request({"Action": "CoreStatus"})
            start = orders.started_at(core)
            if start is not None:
                return start
            await asyncio.sleep(0.2)
        return None

    async def _list_devices(self) -> None:
        try:
            rows = await self._manager.request({"Action": "DeviceStateList"}, as_list=True)
        except RequestRefused as error:
            log.warning(
                "Which phones can be rung is unknown: load res_manager_devicestate.so in Asterisk.",
                action="list_devices",
                error=str(error),
            )
        else:
            self._devices.restore(rows[1:])

    def _went_down(self, fault: LinkFault) -> None:
        self._forget()
        self._outbox.put_anyway(LinkDown(at=self._clock(), reason=fault.reason, advice=fault.advice))

    def _forget(self) -> None:
        self._up = False
        self._held.clear()
        self._devices.forget()
        self._tests.forget()
        for sign in self._signs.values():
            if not sign.done():
                sign.set_exception(
                    RequestUncertain(
                        "The link was lost before Asterisk told of the call: "
                        "whether the agent is rung is found out later."
                    )
                )

    # Messages: read, translated and queued in one go, in Asterisk's order.

    def _on_message(self, _: AmiManager, fields: Fields) -> None:
        at = self._clock()
        if self._up:
            self._take(fields, at)
        elif len(self._held) < self._outbox.limit:
            self._held.append((fields, at))
        else:
            self._overflow()

    def _take(self, fields: Fields, at: datetime) -> None:
        event: TelephonyEvent | None
        caller: TelephonyEvent | None = None
        in_call: tuple[InCallEvent, ...] = ()
        if fields["Event"] == "DeviceStateChange":
            event = self._devices.change(fields, at)
        else:
            self._tests.take(fields)
            # First who took part, then the leg: its end takes it out of the book.
            in_call = self._parties.take(fields, at)
            caller = self._callers.take(fields, at)
            event = translate(self._book, fields, at)
            if self._signs:
                self._note_sign(fields)
            self._follow(in_call)
        for one in (*in_call, event, caller):
            if one is not None and not self._outbox.put(one):
                self._overflow()

    def _note_sign(self, fields: Fields) -> None:
        """Wake the `call_agent` whose call this message proves to be under way, or over."""
        unique_id = fields.get("Uniqueid", "")
        attempt_id = originate_attempt(fields) or first_of(unique_id) or unique_id
        sign = self._signs.get(attempt_id)
        if sign is not None and not sign.done():
            sign.set_result(None)

    def _overflow(self) -> None:
        self._manager.reset(link_faults.overflowed(self._outbox.limit))
