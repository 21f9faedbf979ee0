"""The AMI link: panoramisk's faults do not reach us, and the link is kept up for ever (D7, X2).

Longer than 400 lines because each fault of the library is one test, and they share one scripted server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from asterisk.ami import AmiManager, AmiTimes, LinkFault
from dialer.telephony.port import LinkUnavailable, RequestRefused, RequestUncertain
from tests.support.ami_server import Action, AmiServer, AmiSession, message

FAST = AmiTimes(
    connect=2,
    action=0.3,
    boot=0.3,
    ping_every=0.05,
    ping_answer=0.2,
    retry_first=0.01,
    retry_most=0.05,
    retry_refused=0.1,
)
PATIENT = AmiTimes(
    connect=2, action=5, boot=5, ping_every=60, retry_first=0.01, retry_most=0.02, retry_refused=0.02
)
ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/1001", "Async": "true"}


class Linked:
    """A manager with what it told."""

    def __init__(self, server: AmiServer, times: AmiTimes = PATIENT, **more: Any) -> None:
        self.faults: list[LinkFault] = []
        self.ups = 0
        self._changed = asyncio.Event()
        config = {"username": "huifang", "secret": "right", **more}
        self.manager = AmiManager(
            host="127.0.0.1",
            port=server.port,
            times=times,
            on_ready=self._ready,
            on_down=self._down,
            **config,
        )

    async def _ready(self) -> None:
        self.ups += 1
        self._changed.set()

    def _down(self, fault: LinkFault) -> None:
        self.faults.append(fault)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def up(self) -> AmiManager:
        self.manager.connect()
        await self.until(lambda: self.ups > 0)
        return self.manager


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    async with AmiServer() as server:
        yield server


@pytest.fixture
async def link(server: AmiServer) -> AsyncIterator[Callable[..., Linked]]:
    made: list[Linked] = []

    def make(times: AmiTimes = PATIENT, **more: Any) -> Linked:
        made.append(Linked(server, times, **more))
        return made[-1]

    yield make
    for one in made:
        await one.manager.aclose()


def silence(_: AmiSession, __: Action) -> None:
    """Asterisk does not answer."""


async def test_an_unanswered_originate_is_not_sent_again(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """Panoramisk sends it again on the next link, and its future never ends."""
    server.on["Originate"] = silence
    one = link()
    manager = await one.up()
    waiting = asyncio.ensure_future(manager.request(ORIGINATE))
    await server.until(lambda: len(server.asked("Originate")) == 1)
    server.session.drop()
    with pytest.raises(RequestUncertain, match="never came"):
        await waiting
    await one.until(lambda: one.ups == 2)
    await manager.request({"Action": "Ping"})  # all that was queued would have come before it
    assert len(server.asked("Originate")) == 1
    assert one.faults[0].advice


async def test_an_action_without_a_link_is_refused_at_once(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """Panoramisk queues it and fires it late; before the first link it raises AttributeError."""
    one = link()
    with pytest.raises(LinkUnavailable):
        await one.manager.request(ORIGINATE)
    manager = await one.up()
    server.session.drop()
    await one.until(lambda: len(one.faults) == 1)
    with pytest.raises(LinkUnavailable):
        manager.send_action(dict(ORIGINATE))
    await one.until(lambda: one.ups == 2)
    await manager.request({"Action": "Ping"})
    assert server.asked("Originate") == []


async def test_an_action_has_a_deadline_and_leaves_nothing_behind(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """D7."""
    server.on["Originate"] = silence
    manager = await link(FAST).up()
    with pytest.raises(RequestUncertain, match=r"0\.3 s"):
        await manager.request(ORIGINATE)
    await asyncio.sleep(0)
    assert not any(action["Action"] == "Originate" for action in manager.protocol.responses.values())


async def test_giving_up_on_an_action_does_not_swallow_its_late_event(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """After `wait_for` panoramisk keeps the entry, and the late OriginateResponse goes there."""
    asked: list[Action] = []
    server.on["Originate"] = lambda _, action: asked.append(action)
    manager = await link().up()
    seen: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    manager.register_event("OriginateResponse", lambda _, event: seen.put_nowait(event))
    waiting = asyncio.ensure_future(manager.request(ORIGINATE))
    await server.until(lambda: bool(asked))
    waiting.cancel()
    await asyncio.wait([waiting])
    assert manager.protocol.responses == {}
    server.session.answer(asked[0])
    server.session.send(message(Event="OriginateResponse", ActionID=asked[0]["ActionID"], Response="Failure"))
    assert (await asyncio.wait_for(seen.get(), 5))["Response"] == "Failure"


async def test_an_originate_response_reaches_the_callbacks(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """With panoramisk's defaults the event ends in the action's future."""

    def answer(session: AmiSession, action: Action) -> None:
        session.answer(action, Message="Originate successfully queued")
        session.send(message(Event="OriginateResponse", ActionID=action["ActionID"], Response="Success"))

    server.on["Originate"] = answer
    manager = await link().up()
    seen: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    manager.register_event("OriginateResponse", lambda _, event: seen.put_nowait(event))
    (response,) = await manager.request(ORIGINATE)
    assert response["Message"] == "Originate successfully queued"
    assert (await asyncio.wait_for(seen.get(), 5))["Response"] == "Success"


async def test_a_queue_action_does_not_hang(server: AmiServer, link: Callable[..., Linked]) -> None:
    """Panoramisk waits for ever after "Added interface to queue"."""
    server.on["QueueAdd"] = lambda session, action: session.answer(action, Message="Added interface to queue")
    manager = await link().up()
    assert len(await manager.request({"Action": "QueueAdd", "Queue": "q", "Interface": "Local/1@x"})) == 1


async def test_a_list_is_whole_and_its_events_are_not_told_to_others(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    server.devices = [{"Event": "DeviceStateChange", "Device": f"PJSIP/{n}"} for n in range(3)]
    manager = await link().up()
    seen: list[dict[str, str]] = []
    manager.register_event("DeviceState*", lambda _, event: seen.append(event))
    rows = await manager.request({"Action": "DeviceStateList"}, as_list=True)
    assert [row.get("Device") for row in rows] == [None, "PJSIP/0", "PJSIP/1", "PJSIP/2", None]
    assert seen == []


async def test_a_refused_list_ends_at_once(server: AmiServer, link: Callable[..., Linked]) -> None:
    server.on["Status"] = lambda session, action: session.answer(action, "Error", Message="Permission denied")
    manager = await link().up()
    with pytest.raises(RequestRefused, match=r"manager\.conf"):
        await manager.request({"Action": "Status"}, as_list=True)


async def test_a_character_split_over_two_reads_is_whole(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """Panoramisk decodes each read by itself, and drops what is no UTF-8."""
    manager = await link().up()
    seen: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    manager.register_event("X", lambda _, event: seen.put_nowait(event))
    raw = message(Event="X", Name="回访中心")
    cut = raw.index("访".encode()) + 1
    manager.protocol.data_received(raw[:cut])
    manager.protocol.data_received(raw[cut:])
    manager.protocol.data_received(b"Event: X\r\nName: caf\xe9!\r\n\r\n")
    assert [seen.get_nowait()["Name"], seen.get_nowait()["Name"]] == ["回访中心", "caf\ufffd!"]


async def test_every_cut_of_the_stream_gives_the_same_messages(link: Callable[..., Linked]) -> None:
    manager = await link().up()
    raw = (
        b"".join(message(Event="X", n=str(n), Name="张") for n in range(3))
        + b"\r\n"
        + message(Event="X", n="3")
    )
    for size in range(1, len(raw)):
        seen: list[str] = []
        manager.callbacks.clear()
        manager.patterns.clear()
        manager.register_event("X", lambda _, event, seen=seen: seen.append(event["n"]))
        for start in range(0, len(raw), size):
            manager.protocol.data_received(raw[start : start + size])
        assert seen == ["0", "1", "2", "3"]


async def test_a_failing_callback_does_not_end_the_link(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """An exception tears panoramisk's link down, with the rest of what was read."""
    manager = await link().up()
    seen: list[str] = []
    done = asyncio.Event()

    def fails(_: object, event: dict[str, str]) -> None:
        if event["n"] == "2":
            raise ValueError("boom")

    def notes(_: object, event: dict[str, str]) -> None:
        seen.append(event["n"])
        if event["n"] == "4":
            done.set()

    manager.register_event("X", fails)
    manager.register_event("X*", notes)
    server.session.send(b"".join(message(Event="X", n=str(n)) for n in range(5)))
    await asyncio.wait_for(done.wait(), 5)
    assert seen == ["0", "1", "2", "3", "4"]
    assert server.logins == 1


async def test_the_only_callback_may_fail_too(server: AmiServer, link: Callable[..., Linked]) -> None:
    manager = await link().up()
    done = asyncio.Event()

    def fails(*_: object) -> None:
        raise ValueError("boom")

    manager.register_event("X", fails)
    manager.register_event("Y", lambda *_: done.set())
    server.session.send(message(Event="X") + message(Event="Y"))
    await asyncio.wait_for(done.wait(), 5)
    assert server.logins == 1


async def test_a_coroutine_function_is_no_callback(link: Callable[..., Linked]) -> None:
    """Its runs would overtake each other, and nobody would see their errors."""

    async def callback(*_: object) -> None:
        """Never called."""

    with pytest.raises(TypeError, match="plain function"):
        link().manager.register_event("X", callback)


async def test_only_wanted_events_are_decoded(
    server: AmiServer, link: Callable[..., Linked], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = await link().up()
    decoded: list[bytes] = []

    def parse(raw: bytes) -> dict[str, str]:
        decoded.append(raw)
        return {"Event": "X"}

    monkeypatch.setattr("asterisk.ami.wire.parse", parse)
    manager.register_event("X", lambda *_: None)
    manager.protocol.data_received(
        message(Event="VarSet", Variable="x") + message(Event="X") + message(Event="Y")
    )
    assert decoded == [b"Event: X"]


async def test_a_callback_registered_late_is_called(server: AmiServer, link: Callable[..., Linked]) -> None:
    manager = await link().up()
    manager.protocol.data_received(message(Event="X"))
    seen: list[object] = []
    manager.register_event("X", lambda *args: seen.append(args))
    manager.protocol.data_received(message(Event="X"))
    assert len(seen) == 1


async def test_a_link_that_does_not_answer_pings_is_dead(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """Panoramisk never looks at the answer."""
    one = link(FAST)
    await one.up()
    server.on["Ping"] = silence
    await one.until(lambda: len(one.faults) == 1)
    assert "ping" in one.faults[0].reason
    del server.on["Ping"]
    await one.until(lambda: one.ups >= 2)


async def test_a_refused_ping_is_an_answer(server: AmiServer, link: Callable[..., Linked]) -> None:
    """While Asterisk waits for calls to end before it stops, it refuses actions.

    The link still tells of them.
    """
    server.on["Ping"] = lambda session, action: session.answer(
        action, "Error", Message="Asterisk is shutting down"
    )
    one = link(FAST)
    await one.up()
    await server.until(lambda: len(server.asked("Ping")) >= 3)
    assert (server.logins, one.faults) == (1, [])


async def test_a_wrong_password_is_told_with_advice_and_mends_itself(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    """Panoramisk says nothing, and tries at a fixed interval for ever."""
    server.secret = "changed"
    one = link(FAST)
    one.manager.connect()
    await one.until(lambda: len(one.faults) == 1)
    assert "secret" in one.faults[0].advice
    assert "huifang" in one.faults[0].reason
    assert one.faults[0].slow
    await server.until(lambda: server.logins >= 2)
    assert len(one.faults) == 1, "the same reason is told once"
    server.secret = "right"
    await one.until(lambda: one.ups == 1)


async def test_the_answer_to_the_login_counts_though_the_connection_ends_with_it(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    def refuse(session: AmiSession, action: Action) -> None:
        session.answer(action, "Error", Message="Authentication failed")
        session.end()

    server.on["Login"] = refuse
    one = link()
    one.manager.connect()
    await one.until(lambda: bool(one.faults))
    assert "Authentication failed" in one.faults[0].reason


async def test_a_login_refused_because_asterisk_stops_is_no_wrong_password(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    server.on["Login"] = lambda s, a: s.answer(a, "Error", Message="Asterisk is shutting down")
    one = link()
    one.manager.connect()
    await one.until(lambda: bool(one.faults))
    assert one.faults[0].reason == "Asterisk is shutting down."


async def test_close_ends_everything(server: AmiServer, link: Callable[..., Linked]) -> None:
    """Panoramisk reconnects after `close()` while a reconnect waits."""
    one = link()
    manager = await one.up()
    server.session.drop()
    await one.until(lambda: len(one.faults) == 1)
    await manager.aclose()
    logins = server.logins
    assert manager.connect().done()
    await asyncio.sleep(0.1)  # several times the pause before a retry
    assert server.logins == logins
    with pytest.raises(LinkUnavailable):
        await manager.request({"Action": "Ping"})


async def test_close_fails_who_waits(server: AmiServer, link: Callable[..., Linked]) -> None:
    server.on["Originate"] = silence
    manager = await link().up()
    waiting = asyncio.ensure_future(manager.request(ORIGINATE))
    await server.until(lambda: bool(server.asked("Originate")))
    manager.close()
    with pytest.raises(RequestUncertain):
        await waiting


async def test_nothing_can_be_injected(server: AmiServer, link: Callable[..., Linked]) -> None:
    """X2."""
    manager = await link().up()
    with pytest.raises(RequestRefused, match="line break"):
        await manager.request({**ORIGINATE, "CallerID": "x\r\n\r\nAction: Hangup\r\nChannel: /.*/"})
    await manager.request({"Action": "Ping"})
    assert server.asked("Hangup") == []
    assert server.asked("Originate") == []
    assert manager.protocol.responses == {}


async def test_the_link_counts_as_up_only_when_asterisk_is_booted(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    server.boots = False
    one = link(FAST)
    one.manager.connect()
    await one.until(lambda: len(one.faults) == 1)
    assert "read = system" in one.faults[0].advice
    assert one.ups == 0


async def test_shutdown_ends_the_link_and_it_comes_back(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    one = link()
    await one.up()
    server.session.send(
        message(Event="Shutdown", Privilege="system,all", Shutdown="Cleanly", Restart="False")
    )
    await one.until(lambda: one.ups == 2)
    assert [fault.reason for fault in one.faults] == ["Asterisk is shutting down."]


async def test_an_asterisk_that_is_away_is_tried_for_ever(
    server: AmiServer, link: Callable[..., Linked]
) -> None:
    one = link(FAST)
    await one.up()
    await server.stop()
    await one.until(lambda: any("cannot be reached" in fault.reason for fault in one.faults))
    await asyncio.sleep(0.3)  # several tries
    await server.listen()
    await one.until(lambda: one.ups == 2)
    assert [fault.reason.split(" (")[0] for fault in one.faults][1:] == [
        f"Asterisk cannot be reached at 127.0.0.1:{server.port}"
    ], "each reason is told once"


async def test_what_is_no_asterisk_is_told(link: Callable[..., Linked]) -> None:
    async def http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    wrong = await asyncio.start_server(http, "127.0.0.1", 0)
    server = AmiServer()
    server.port = wrong.sockets[0].getsockname()[1]
    one = Linked(server, FAST)
    one.manager.connect()
    await one.until(lambda: bool(one.faults))
    assert "not Asterisk" in one.faults[0].reason
    await one.manager.aclose()
    wrong.close()


async def test_a_message_without_an_end_ends_the_link(server: AmiServer, link: Callable[..., Linked]) -> None:
    one = link()
    manager = await one.up()
    manager.protocol.data_received(b"Event: X\r\nA: " + b"x" * (1 << 20))
    await one.until(lambda: one.ups == 2)
    assert "longer" in one.faults[0].reason


def test_the_pause_between_tries_grows_is_capped_and_jittered() -> None:
    times = AmiTimes(retry_first=0.5, retry_most=15, retry_refused=20)
    fault, refused = LinkFault("a", "b"), LinkFault("a", "b", slow=True)
    assert [times.pause(n, fault, 1.0) for n in (0, 1, 2, 3, 10, 1000)] == [0.5, 1, 2, 4, 15, 15]
    assert times.pause(0, fault, 0.0) == 0.25
    assert times.pause(0, refused, 1.0) == 20
