"""The adapter's promises that need an Asterisk which behaves badly (D7)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.ami import AmiTimes
from asterisk.settings import AsteriskSettings
from asterisk.telephony import QUEUE_LIMIT, AsteriskTelephony
from dialer.telephony.events import (
    AgentLegFailed,
    AgentUp,
    GateOpened,
    LinkDown,
    LinkUp,
    PhoneState,
    TelephonyEvent,
)
from dialer.telephony.port import CallOrder, GatePosition, RequestRefused, RequestUncertain
from tests.support.ami_server import Action, AmiServer, AmiSession, message

ATTEMPT = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAB"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
AGENT = {
    "Channel": "PJSIP/1001-1",
    "ChannelStateDesc": "Up",
    "Context": "huifang-agent",
    "Exten": "s",
    "Uniqueid": ATTEMPT,
    "Linkedid": ATTEMPT,
}
TIMES = AmiTimes(action=0.5, boot=1, ping_every=60, retry_first=0.01, retry_most=0.05, retry_refused=0.1)


def order(**more: str | int) -> CallOrder:
    values: dict[str, str | int] = {
        "attempt_id": ATTEMPT,
        "agent_extension": "1001",
        "customer_number": "13800138000",
    }
    return CallOrder(**{**values, **more})  # type: ignore[arg-type]


class Stage:
    """An adapter on a scriptable server, and what it told."""

    def __init__(self, server: AmiServer, folder: Path, queue_limit: int = QUEUE_LIMIT) -> None:
        settings = AsteriskSettings(
            host="127.0.0.1", port=server.port, secret="right", cel_file=folder / "cel.csv"
        )
        self.telephony = AsteriskTelephony(settings, clock=lambda: NOW, times=TIMES, queue_limit=queue_limit)
        self.server = server
        self.events: list[TelephonyEvent] = []
        self._changed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    def read(self) -> None:
        """Begin to take events."""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for event in self.telephony.events():
            self.events.append(event)
            self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def told(self, kind: type[TelephonyEvent], times: int = 1) -> None:
        await self.until(lambda: sum(isinstance(event, kind) for event in self.events) >= times)

    async def close(self) -> None:
        await self.telephony.stop()
        if self._reader is not None:
            await self._reader


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    async with AmiServer() as server:
        yield server


@pytest.fixture
async def stage(server: AmiServer, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(server, tmp_path)
    stage.read()
    await stage.telephony.start()
    await stage.told(LinkUp)
    yield stage
    await stage.close()


def user_event(name: str, **more: str) -> bytes:
    return message(Event="UserEvent", UserEvent=name, Attempt=ATTEMPT, **more)


async def test_what_is_read_before_the_link_is_up_is_told_after_it(server: AmiServer, tmp_path: Path) -> None:
    server.channels = [AGENT]
    answer = server._by_default

    def late(session: AmiSession, action: Action) -> None:
        session.send(user_event("HFAgentUp") + user_event("HFGo"))
        answer(session, action)

    server.on["Status"] = late
    stage = Stage(server, tmp_path)
    stage.read()
    await stage.telephony.start()
    await stage.told(GateOpened)
    assert [type(event) for event in stage.events] == [LinkUp, AgentUp, GateOpened]
    await stage.close()


async def test_an_overflow_alarms_resets_the_link_and_is_reconciled(
    server: AmiServer, tmp_path: Path
) -> None:
    """Never a silent drop: the events that fit, the alarm, and a fresh link once the reader has caught up."""
    stage = Stage(server, tmp_path, queue_limit=3)
    await stage.telephony.start()
    await server.until(lambda: bool(server.asked("Status")))
    server.session.send(
        b"".join(
            message(Event="UserEvent", UserEvent="HFAgentUp", Attempt=f"01JD9Z2V7Q3M8R5T6W1X4Y0Z{n:02}")
            for n in range(9)
        )
    )
    await asyncio.sleep(0.2)  # several pauses before a retry
    assert server.logins == 1, "no new link before the reader has caught up"
    stage.read()
    await stage.told(LinkUp, 2)
    kinds = [type(event) for event in stage.events]
    assert kinds == [LinkUp, AgentUp, AgentUp, LinkDown, LinkUp]
    down = stage.events[3]
    assert isinstance(down, LinkDown)
    assert "settled anew" in down.reason
    await stage.close()


async def test_a_call_that_is_accepted_and_never_told_of_is_uncertain(stage: Stage) -> None:
    with pytest.raises(RequestUncertain, match="event class call"):
        await stage.telephony.call_agent(order())


@pytest.mark.parametrize("answers", [True, False])
async def test_a_link_lost_while_a_call_is_placed_is_uncertain(stage: Stage, answers: bool) -> None:
    def lose(session: AmiSession, action: Action) -> None:
        if answers:
            session.answer(action)
            session.end()
        else:
            session.drop()

    stage.server.on["Originate"] = lose
    with pytest.raises(RequestUncertain):
        await stage.telephony.call_agent(order())
    await stage.told(LinkUp, 2)
    assert len(stage.server.asked("Originate")) == 1


async def test_an_originate_refused_by_asterisk_had_no_effect(stage: Stage) -> None:
    stage.server.on["Originate"] = lambda s, a: s.answer(a, "Error", Message="Permission denied")
    with pytest.raises(RequestRefused, match=r"manager\.conf"):
        await stage.telephony.call_agent(order())


async def test_the_originate_is_as_the_dialplan_wants_it(stage: Stage) -> None:
    def place(session: AmiSession, action: Action) -> None:
        session.answer(action)
        session.send(message(Event="Newchannel", **AGENT))

    stage.server.on["Originate"] = place
    await stage.telephony.call_agent(
        order(caller_id="4008001234", agent_ring_seconds=15, customer_ring_seconds=40)
    )
    raw = next(raw for raw in stage.server.raw if "Originate" in raw)
    lines = raw.strip().split("\r\n")
    for line in (
        "Channel: PJSIP/1001",
        f"ChannelId: {ATTEMPT}",
        "Context: huifang-agent",
        "Exten: s",
        "Priority: 1",
        "Async: true",
        "Timeout: 15000",
        "CallerID: <4008001234>",
        f"Variable: __HF_ATTEMPT={ATTEMPT}",
        "Variable: __HF_DIAL=PJSIP/13800138000@trunk",
        "Variable: __HF_RING=40",
    ):
        assert line in lines
    with pytest.raises(RequestRefused, match="alive"):
        await stage.telephony.call_agent(order())


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer_number": "138,Answer()"},
        {"customer_number": ""},
        {"customer_number": "1 2"},
        {"customer_number": "${X}"},
        {"customer_number": "1&SIP/2"},
        {"customer_number": "1\r\nAction: Hangup"},
        {"agent_extension": "1001@else"},
        {"agent_extension": "张三"},
        {"caller_id": "<1>"},
        {"attempt_id": "7"},
        {"attempt_id": ATTEMPT.lower()},
        {"agent_ring_seconds": 0},
        {"customer_ring_seconds": 100_000},
    ],
)
async def test_only_plain_values_reach_asterisk(stage: Stage, wrong: dict[str, str | int]) -> None:
    """X2: no injection into AMI or the dialplan."""
    with pytest.raises(RequestRefused, match=r"refused|set it between"):
        await stage.telephony.call_agent(order(**wrong))
    assert stage.server.asked("Originate") == []


async def test_a_gate_that_asterisk_says_was_left_stays_shut(stage: Stage) -> None:
    """Another process opened it, or its time was over, before our events say so."""
    stage.server.session.send(message(Event="Newchannel", **AGENT) + user_event("HFAgentUp"))
    await stage.told(AgentUp)
    stage.server.channels = [{**AGENT, "Exten": "go"}]
    with pytest.raises(RequestRefused, match="left the gate"):
        await stage.telephony.open_gate(ATTEMPT)
    assert stage.server.asked("Redirect") == []


async def test_a_gate_whose_redirect_was_not_answered_is_not_opened_again(stage: Stage) -> None:
    stage.server.channels = [AGENT]
    stage.server.on["Redirect"] = lambda *_: None
    stage.server.session.send(message(Event="Newchannel", **AGENT) + user_event("HFAgentUp"))
    await stage.told(AgentUp)
    with pytest.raises(RequestUncertain):
        await stage.telephony.open_gate(ATTEMPT)
    with pytest.raises(RequestRefused):
        await stage.telephony.open_gate(ATTEMPT)
    assert len(stage.server.asked("Redirect")) == 1


async def test_a_call_unknown_to_the_events_is_hung_up_all_the_same(stage: Stage) -> None:
    stage.server.channels = [AGENT]
    await stage.telephony.hang_up(ATTEMPT)
    assert [action["Channel"] for action in stage.server.asked("Hangup")] == ["PJSIP/1001-1"]


async def test_a_hangup_of_a_channel_that_is_gone_is_no_error(stage: Stage) -> None:
    stage.server.channels = [AGENT]
    stage.server.on["Hangup"] = lambda s, a: s.answer(a, "Error", Message="No such channel")
    await stage.telephony.hang_up(ATTEMPT)
    stage.server.on["Hangup"] = lambda s, a: s.answer(a, "Error", Message="Permission denied")
    with pytest.raises(RequestRefused):
        await stage.telephony.hang_up(ATTEMPT)


async def test_an_unregistered_phone_fails_without_a_channel(stage: Stage) -> None:
    def fail(session: AmiSession, action: Action) -> None:
        session.send(
            message(
                Event="OriginateResponse",
                ActionID=action["ActionID"],
                Response="Failure",
                Reason="0",
                Uniqueid="<null>",
            )
        )
        session.answer(action)

    stage.server.on["Originate"] = fail
    await stage.telephony.call_agent(order())
    await stage.told(AgentLegFailed)


async def test_after_a_restart_of_asterisk_another_start_time_is_told(stage: Stage) -> None:
    stage.server.start_date = "2026-11-23"
    stage.server.session.drop()
    await stage.told(LinkUp, 2)
    ups = [event for event in stage.events if isinstance(event, LinkUp)]
    assert ups[0].started_at != ups[1].started_at
    assert ups[0].version == "22.0.0"


async def test_a_start_time_of_1969_is_asked_again(server: AmiServer, tmp_path: Path) -> None:
    server.start_date = "1969-12-31"

    def core_status(session: AmiSession, action: Action) -> None:
        session.answer(action, CoreStartupDate=server.start_date, CoreStartupTime="16:00:00")
        server.start_date = "2026-11-22"

    server.on["CoreStatus"] = core_status
    stage = Stage(server, tmp_path)
    stage.read()
    await stage.telephony.start()
    await stage.told(LinkUp)
    assert stage.events == [
        LinkUp(at=NOW, version="22.0.0", started_at=datetime(2026, 11, 22, 16, tzinfo=UTC))
    ]
    await stage.close()


async def test_phones_are_followed_and_unknown_without_a_list(stage: Stage) -> None:
    assert stage.telephony.reachable_phones() == frozenset()
    for state in ("NOT_INUSE", "INUSE", "UNAVAILABLE"):
        stage.server.session.send(message(Event="DeviceStateChange", Device="PJSIP/1001", State=state))
    await stage.told(PhoneState, 2)
    assert stage.events[1:] == [PhoneState(at=NOW, extension="1001", reachable=r) for r in (True, False)]
    stage.server.on["DeviceStateList"] = lambda s, a: s.answer(a, "Error", Message="Invalid/unknown command")
    stage.server.session.drop()
    await stage.told(LinkUp, 2)
    assert stage.telephony.reachable_phones() is None


async def test_a_wrong_password_is_told_and_mends_itself(server: AmiServer, tmp_path: Path) -> None:
    server.secret = "changed"
    stage = Stage(server, tmp_path)
    stage.read()
    await stage.telephony.start()
    await stage.told(LinkDown)
    (down,) = stage.events
    assert isinstance(down, LinkDown)
    assert "secret" in down.advice
    server.secret = "right"
    await stage.told(LinkUp)
    await stage.close()


async def test_live_calls_ask_asterisk_not_the_memory(stage: Stage) -> None:
    stage.server.session.send(message(Event="Newchannel", **AGENT) + user_event("HFAgentUp"))
    await stage.told(AgentUp)
    assert await stage.telephony.live_calls() == ()
    stage.server.channels = [AGENT]
    (live,) = await stage.telephony.live_calls()
    assert live.gate is GatePosition.WAITING
