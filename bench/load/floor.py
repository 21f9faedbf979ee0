"""Asterisk alone: a client without any care keeps recorded calls up through the same dialplan."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from asterisk.server import AsteriskServer
from bench.load.sipp import Sipp, party
from bench.load.stage import CUSTOMER_RING, Stage, talk_span
from bench.load.sums import Step, recorded
from bench.load.watching import CallTimes, Meter, shorter_side
from bench.placing import RING_SECONDS, customer
from bench.raw_ami import header, is_call
from dialer.ids import new_id

CALLS_A_SECOND = 12
_LOOK_SECONDS = 0.05
# No new call so shortly before all hang up.
_LAST_CALL_SECONDS = 4.0
_OVER_SECONDS = 15.0


class Floor:
    """Keeps calls up: no state, no database, no care."""

    def __init__(self, server: AsteriskServer, extensions: Sequence[str]) -> None:
        self._settings = server.connection()
        self._free = deque(extensions)
        self._open: dict[str, str] = {}
        self._placed = 0
        self.times = CallTimes()

    async def keep_up(self, calls: int, until: float) -> None:
        """Have `calls` under way until the monotonic second `until`, whatever becomes of them."""
        await self.times.listen(self._settings)
        client = self.times.client
        assert client is not None
        client.take = self._take
        began = time.monotonic()
        while (now := time.monotonic()) < until - _LAST_CALL_SECONDS:
            allowed = (now - began) * CALLS_A_SECOND
            while len(self._open) < calls and self._free and self._placed < allowed:
                self._originate()
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(until - time.monotonic())

    async def over(self) -> None:
        """Wait until the last call is over, then log out."""
        deadline = time.monotonic() + _OVER_SECONDS
        while self._open and time.monotonic() < deadline:  # noqa: ASYNC110 - a poll disturbs less
            await asyncio.sleep(_LOOK_SECONDS)
        self.times.close()

    @property
    def placed(self) -> int:
        """Calls placed."""
        return self._placed

    def _originate(self) -> None:
        assert self.times.client is not None
        call, extension = new_id(), self._free.popleft()
        self._open[call] = extension
        number = customer(self._placed)
        self._placed += 1
        self.times.client.send(
            ("Variable", f"__HF_ATTEMPT={call}"),
            ("Variable", f"__HF_DIAL={self._settings.customer_dial.format(number=number)}"),
            ("Variable", f"__HF_RING={RING_SECONDS}"),
            Action="Originate",
            Channel=self._settings.agent_channel.format(extension=extension),
            ChannelId=call,
            Context="huifang-agent",
            Exten="s",
            Priority="1",
            Timeout=str(RING_SECONDS * 1000),
            Async="true",
        )

    def _take(self, message: bytes) -> None:
        self.times.take(message)
        if message.startswith(b"Event: UserEvent") and b"\r\nUserEvent: HFAgentUp" in message:
            assert self.times.client is not None
            self.times.client.send(
                Action="Redirect",
                Channel=header(message, b"Channel"),
                Context="huifang-agent",
                Exten="go",
                Priority="1",
            )
        elif message.startswith((b"Event: Hangup\r", b"Event: OriginateResponse\r")):
            call = header(message, b"Uniqueid")
            gone = message.startswith(b"Event: Hangup\r") or b"\r\nResponse: Failure" in message
            if gone and is_call(call) and (extension := self._open.pop(call, None)) is not None:
                self._free.append(extension)


async def measure_step(stage: Stage, trunk: Sipp, calls: int, seconds: float, talk_seconds: float) -> Step:
    """Keep `calls` up for `seconds` after they have been placed, then let all customers hang up at once."""
    assert stage.server.pid is not None
    floor = Floor(stage.server, stage.extensions)
    length = calls / CALLS_A_SECOND + CUSTOMER_RING[1] + seconds
    await trunk.start(
        party(stage.speech, ring=CUSTOMER_RING, talk=talk_span(talk_seconds), end=time.time() + length)
    )
    meter = Meter(floor.times, asterisk=stage.server.pid)
    try:
        keeping = asyncio.create_task(floor.keep_up(calls, time.monotonic() + length))
        await asyncio.sleep(length - seconds)
        meter.start()
        await asyncio.sleep(max(0.0, seconds - _LAST_CALL_SECONDS))
        await meter.stop()
        await keeping
        await floor.over()
    finally:
        floor.times.close()
        await trunk.stop()
    times = floor.times
    lengths = await asyncio.to_thread(shorter_side, stage.recordings, times.answered)
    await asyncio.to_thread(stage.clear_recordings)
    return Step(
        calls=calls,
        up=round(meter.up),
        placed=floor.placed,
        recorded=recorded(times.answered, times.ended, lengths),
        asterisk=meter.usage["asterisk"],
    )
