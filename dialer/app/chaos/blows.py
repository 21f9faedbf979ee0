"""Deals one fault: waits for its moment, does it, and puts right what a person would put right."""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from asterisk.server import ServerError
from dialer.app.chaos.plan import Blow, Fault, Window
from dialer.app.chaos.power import lose_tail
from dialer.app.chaos.stage import Stage
from dialer.app.chaos.stream import Side, foreign_events

# A moment that does not come by then is not waited for any longer.
_PATIENCE_SECONDS = 30.0
_LINK_SECONDS = 60.0
_LOOK_SECONDS = 0.01
_ASTERISK_AWAY_SECONDS = (0.0, 2.5)
_START_TRIES = 3


class Blows:
    """Deals faults to what stands on `stage`."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self._stage = stage
        self._dice = dice
        self._kinds: Mapping[Blow, Callable[[Fault], Awaitable[None]]] = {
            Blow.KILL_SERVICE: lambda _: stage.service.kill(),
            Blow.KILL_ASTERISK: lambda _: stage.server.kill(),
            Blow.POWER_CUT: self._cut_power,
            Blow.CUT: lambda _: stage.proxy.cut(),
            Blow.TEAR_ORDERS: partial(self._tear, Side.ORDERS),
            Blow.TEAR_NEWS: partial(self._tear, Side.NEWS),
            Blow.STALL: lambda fault: asyncio.sleep(fault.seconds),
            Blow.SWALLOW_ORDERS: partial(self._swallow, Side.ORDERS),
            Blow.SWALLOW_NEWS: partial(self._swallow, Side.NEWS),
        }

    async def deal(self, fault: Fault) -> bool:
        """Deal it and wait until it is over; False where its moment did not come, so it came at any."""
        await self._link()
        done = asyncio.Event()
        began = asyncio.Event()

        async def strike() -> None:
            began.set()
            try:
                await self._first(fault)
            finally:
                done.set()

        if fault.window is Window.ANY:
            await asyncio.sleep(self._dice.uniform(0.2, 2.0))
            await self._at_any_moment(fault, strike)
            came = True
        else:
            came = await self._at(fault.window, began, strike)
            if not came:
                await self._at_any_moment(fault, strike)
        await done.wait()
        await self._rest(fault)
        return came

    async def _at(self, window: Window, began: asyncio.Event, strike: Callable[[], Awaitable[None]]) -> bool:
        """Strike at this moment of whatever call comes to it first; False where none does."""
        if window is Window.RECORDED:
            return await self._at_recording(strike)
        self._stage.proxy.arm(window, strike)
        await self._first_of(began, _PATIENCE_SECONDS)
        return not self._stage.proxy.disarm()

    async def _at_recording(self, strike: Callable[[], Awaitable[None]]) -> bool:
        folder = self._stage.server.layout.recordings
        known = set(folder.glob("*.done"))
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_SECONDS
        while loop.time() < until:
            if set(folder.glob("*.done")) - known:
                await strike()
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _at_any_moment(self, fault: Fault, strike: Callable[[], Awaitable[None]]) -> None:
        lines = list(self._stage.proxy.lines)
        if fault.blow is Blow.STALL:
            for line in lines:
                line.free.clear()
        try:
            await strike()
        finally:
            for line in lines:
                line.free.set()

    async def _first(self, fault: Fault) -> None:
        """What happens at the moment itself, while the line stands still."""
        if (deed := self._kinds.get(fault.blow)) is not None:
            await deed(fault)

    async def _rest(self, fault: Fault) -> None:
        """What goes on for a while, and what a person does about it afterwards."""
        stage = self._stage
        match fault.blow:
            case Blow.END_SERVICE:
                await stage.service.end()
            case Blow.KILL_ASTERISK | Blow.STOP_ASTERISK | Blow.POWER_CUT:
                # In order it may say so first, which a line that stands still would hide.
                await stage.server.stop()
                await self._asterisk_again()
            case Blow.CUT:
                await asyncio.sleep(fault.seconds * self._dice.random())
                await stage.proxy.open()
            case Blow.SWALLOW_ORDERS | Blow.SWALLOW_NEWS:
                await asyncio.sleep(fault.seconds)
            case Blow.SPLIT | Blow.DELAY:
                stage.proxy.split = fault.blow is Blow.SPLIT
                stage.proxy.delay_seconds = fault.amount / 1000
                await asyncio.sleep(fault.seconds)
                stage.proxy.split, stage.proxy.delay_seconds = False, 0.0
            case Blow.FLOOD:
                for line in list(stage.proxy.lines):
                    with contextlib.suppress(OSError):
                        await line.inject(foreign_events(fault.amount, self._dice.randrange(1 << 32)))
            case Blow.LOCK_DATABASE if stage.database_url:
                with contextlib.suppress(SQLAlchemyError):
                    await stage.database.write(partial(_keep_others_waiting, seconds=fault.seconds))
            case Blow.LOCK_DATABASE:
                path = stage.data_dir / "dialer.db"
                await _lock(str(path), fault.seconds)
            case Blow.FULL_DISK:
                stage.service.allow_files(1)
                await asyncio.sleep(fault.seconds)
                stage.service.allow_files(None)
            case Blow.STEP_CLOCK:
                stage.clock.step(fault.amount)
                await asyncio.sleep(fault.seconds)
                stage.clock.step(0)
            case Blow.PHONES_AWAY:
                away = self._dice.sample(sorted(stage.people.agents), fault.amount)
                await stage.people.unregister(away)
                await asyncio.sleep(fault.seconds)
                await stage.people.register_again(away)

    async def _cut_power(self, fault: Fault) -> None:
        stage = self._stage
        await asyncio.gather(stage.service.kill(), stage.server.kill())
        # What the service committed is on the disk: that is what its commits wait for.
        if fault.amount:
            since = datetime.now(UTC) - timedelta(seconds=fault.amount)
            stage.lost += await asyncio.to_thread(lose_tail, stage.server.layout.cel_file, since, self._dice)

    async def _tear(self, side: Side, _fault: Fault) -> None:
        for line in self._stage.proxy.lines:
            line.torn = side

    async def _swallow(self, side: Side, _fault: Fault) -> None:
        for line in self._stage.proxy.lines:
            line.swallowed = side

    async def _asterisk_again(self) -> None:
        stage = self._stage
        await stage.people.notice_dead_line()
        await asyncio.sleep(self._dice.uniform(*_ASTERISK_AWAY_SECONDS))
        for number in range(_START_TRIES):
            try:
                await stage.server.start()
                break
            except ServerError:
                if number == _START_TRIES - 1:
                    raise
        await stage.people.register_again()

    async def _link(self) -> None:
        """Wait for a line, so that a fault meets something; without one it comes all the same."""
        await self._first_of(self._stage.proxy.joined, _LINK_SECONDS)

    async def _first_of(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event, but not longer than the service lives."""
        waiters = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._stage.service.wait())]
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()


def _keep_others_waiting(conn: Connection, *, seconds: float) -> None:
    # Whoever writes is alone.
    conn.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


async def _lock(path: str, seconds: float) -> None:
    """Hold the one write lock of the database, as a backup or a person with a console would."""
    connection = await asyncio.to_thread(
        lambda: sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    )
    try:
        with contextlib.suppress(sqlite3.OperationalError):
            await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            connection.rollback()
    finally:
        connection.close()
