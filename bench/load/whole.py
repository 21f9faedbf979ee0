"""The whole service under load: its own process, database, panel and archive, beside Asterisk and sipp."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, select

from asterisk.ports import free_port
from bench.load.panel import Hands, Page, PanelError
from bench.load.sipp import HOST, Sipp, party
from bench.load.site import MakeSite, Site, SitePlan
from bench.load.stage import CUSTOMER_RING, Stage, talk_span
from bench.load.sums import Whole, agents_for, calls_in, recorded, spread
from bench.load.watching import CallTimes, Meter
from dialer.calling.queries import count_in_flight
from dialer.storage import feed
from dialer.storage.database import Database
from recordings.queries import waiting
from recordings.service import has_news
from recordings.states import RecordingState
from recordings.tables import recordings

_READY_A_SECOND = 8.0
_PAUSES_A_SECOND = 25.0
_START_SECONDS = 120.0
# Until the first calls are through, and from the last pause to the moment when all hang up.
_SETTLING_SECONDS = 5.0
_QUIET_SECONDS = 4.0
_OVER_SECONDS = 20.0
_ARCHIVE_SECONDS = 180.0
_LOOK_SECONDS = 0.5


async def measure_whole(
    stage: Stage,
    make_site: MakeSite,
    calls: int,
    seconds: float,
    talk_seconds: float,
    told: Callable[[str, float], None],
    profile: Path | None = None,
) -> Whole:
    """Keep `calls` up through the service for `seconds`, then let all customers hang up at once.

    `profile` is a file for what the service's main thread did, as of cProfile: it costs a part of the time.

    Raises:
        PanelError: the service does not start, or its panel fails.
    """
    agents = agents_for(calls, talk_seconds)
    ramp = agents / _READY_A_SECOND + _SETTLING_SECONDS
    closing = agents / _PAUSES_A_SECOND + _QUIET_SECONDS
    told("Filling the database", 0.0)
    site = await make_site(
        SitePlan(
            data_dir=stage.work / "data",
            asterisk=stage.server.connection(),
            extensions=stage.extensions[:agents],
            customers=calls_in(calls, talk_seconds, ramp + seconds + closing),
            panel_port=free_port(HOST, udp=False),
        )
    )
    run = _Run(stage, site, stage.trunk())
    try:
        await run.start(profile)
        end = ramp + seconds + closing
        talk = talk_span(talk_seconds)
        await run.trunk.start(party(stage.speech, ring=CUSTOMER_RING, talk=talk, end=time.time() + end))
        hang_up = time.monotonic() + end
        return await run.measure(calls, ramp, seconds, hang_up, told)
    finally:
        await run.stop()


class _Run:
    """One run of the service."""

    def __init__(self, stage: Stage, site: Site, trunk: Sipp) -> None:
        self._stage = stage
        self._site = site
        self.trunk = trunk
        self._times = CallTimes()
        self._hands = Hands(site)
        self._page = Page(site, self._hands.heard)
        self._database = Database(site.url)
        self._service: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self, profile: Path | None) -> None:
        """Start the service and open its pages."""
        await self._times.listen(self._stage.server.connection())
        await self._database.start()
        await self._hands.__aenter__()
        with (self._site.data_dir / "service.log").open("ab") as log:
            self._service = await asyncio.create_subprocess_exec(
                sys.executable,
                *(("-m", "cProfile", "-o", str(profile)) if profile else ()),
                *("-m", "dialer.app.cli", "serve", "--data", str(self._site.data_dir)),
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        deadline = time.monotonic() + _START_SECONDS
        while not await self._hands.answers():
            if self._service.returncode is not None or time.monotonic() > deadline:
                raise PanelError(f"The service did not start. It said: {self._said()}")
            await asyncio.sleep(0.2)
        # The plan of the day comes first: before it no call is made.
        while not await self._database.read(_planned):
            if time.monotonic() > deadline:
                raise PanelError(f"The service made no plan of the day. It said: {self._said()}")
            await asyncio.sleep(0.2)
        self._reading = asyncio.create_task(self._page.read())
        async with asyncio.timeout(_START_SECONDS):
            await self._page.connected.wait()

    async def measure(
        self, calls: int, ramp: float, seconds: float, hang_up: float, told: Callable[[str, float], None]
    ) -> Whole:
        """Everything from the first agent's Ready to the last recording in the archive."""
        assert self._service is not None and self._stage.server.pid is not None
        begun = time.monotonic()
        await self._hands.all_press("ready", _READY_A_SECOND)
        await _wait(begun + ramp, lambda left: told("Calls begin", 1 - left / ramp))
        meter = Meter(self._times, service=self._service.pid, asterisk=self._stage.server.pid)
        meter.start()
        until = time.monotonic() + seconds
        await _wait(until, lambda left: told(f"{self._times.up} calls up", 1 - left / seconds))
        await meter.stop()
        await self._hands.all_press("pause", _PAUSES_A_SECOND, reason="break")
        await _wait(hang_up - 0.3, lambda left: told("No more calls", 0.0))
        hung_up, lags = self._times.up, list(self._page.lags_ms)
        over = time.monotonic()
        settled = await self._over(told)
        rows = await self._database.read(_recordings)
        seconds_of = await asyncio.to_thread(self._archived, rows)
        known = self._times
        left = await asyncio.to_thread(lambda: len(list(self._stage.recordings.glob("*.wav"))))
        return Whole(
            calls=calls,
            up=meter.up,
            most_up=known.most_up,
            seconds=meter.seconds,
            placed=len(known.placed),
            failed=len(known.placed) - len(known.answered),
            recorded=recorded(
                known.answered,
                known.ended,
                seconds_of,
                {call: problems for call, (_, _, problems) in rows.items()},
            ),
            service=meter.usage["service"],
            asterisk=meter.usage["asterisk"],
            page_lag=spread(lags),
            last_lag=spread(self._page.lags_ms[len(lags) :]),
            events=len(self._page.lags_ms),
            hung_up=hung_up,
            unlinked=left,
            lost=len(known.answered.keys() - seconds_of.keys()),
            settled_seconds=round(settled - over, 1),
        )

    async def stop(self) -> None:
        """End the service and all that looked at it."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._hands.__aexit__()
        self._times.close()
        if self._service is not None and self._service.returncode is None:
            self._service.terminate()
            try:
                async with asyncio.timeout(_OVER_SECONDS):
                    await self._service.wait()
            except TimeoutError:
                self._service.kill()
                await self._service.wait()
        await self._database.stop()
        await self.trunk.stop()

    async def _over(self, told: Callable[[str, float], None]) -> float:
        """Wait until no call is under way and nothing waits to be archived; when that was."""
        deadline = time.monotonic() + _OVER_SECONDS + _ARCHIVE_SECONDS
        while time.monotonic() < deadline:
            under_way, left = await self._database.read(_left)
            if not under_way and not left and not self._times.up:
                break
            told(f"{left} recordings wait", 0.0)
            await asyncio.sleep(_LOOK_SECONDS)
        return time.monotonic()

    def _archived(self, rows: dict[str, tuple[str, str | None, list[str]]]) -> dict[str, float]:
        """Seconds of the shorter side of each recording in the archive, by call."""
        found = {}
        for call, (state, path, _) in rows.items():
            if state == RecordingState.ARCHIVED and path and (wav := self._site.archive / path).is_file():
                sides = json.loads(wav.with_suffix(".json").read_text("utf-8"))["channels"]
                found[call] = min(side["seconds"] or 0.0 for side in sides)
        return found

    def _said(self) -> str:
        text = (self._site.data_dir / "service.log").read_text("utf-8", errors="replace")
        return text.strip()[-800:]


async def _wait(until: float, tell: Callable[[float], None]) -> None:
    while (left := until - time.monotonic()) > 0:
        tell(left)
        await asyncio.sleep(min(left, _LOOK_SECONDS))


def _left(conn: Connection) -> tuple[int, int]:
    return count_in_flight(conn), waiting(conn) + has_news(conn)


def _planned(conn: Connection) -> bool:
    return bool(feed.after(conn, 0, kinds=("plan.released",), limit=1))


def _recordings(conn: Connection) -> dict[str, tuple[str, str | None, list[str]]]:
    query = select(recordings.c.attempt_id, recordings.c.state, recordings.c.path, recordings.c.problems)
    return {row.attempt_id: (row.state, row.path, list(row.problems)) for row in conn.execute(query)}
