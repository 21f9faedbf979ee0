"""The service's own Asterisk dies: it is started again, the call is settled, and a person is told (D7)."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from asterisk.server import AsteriskServer, ServerError
from dialer.alarms.service import open_alarms
from dialer.app import private_asterisk
from dialer.app.private_asterisk import DIED, AsteriskKeeper, stop_by_hand
from dialer.calling.states import AttemptState
from dialer.clock import system_clock
from dialer.telephony.outcomes import DialOutcome
from tests.scenarios.conftest import Logs, NewSite
from tests.support.site import Site, said, talk, until

# What Asterisk has written of a talk so long is salvaged.
_SPOKEN = 3.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at often."""
    monkeypatch.setattr(private_asterisk, "_LOOK_SECONDS", 0.2)


@pytest.fixture
async def site(new_site: NewSite, own_server: AsteriskServer, quick: None) -> AsyncIterator[Site]:
    """A site whose data folder has the Asterisk of this test as its own."""
    site = await new_site(own_server)
    private = own_server.settings.model_copy(update={"ami_port": own_server.ports.ami})
    site.settings = site.settings.model_copy(update={"private_asterisk": private})
    Path(site.folder / "asterisk").symlink_to(own_server.layout.run)
    yield site
    if (left := AsteriskServer.attach(site.settings.asterisk_dir)) is not None:
        await left.kill()


async def runs(site: Site) -> AsteriskServer | None:
    return AsteriskServer.attach(site.settings.asterisk_dir)


async def test_our_asterisk_dies_in_a_talk_and_is_there_again(
    site: Site, own_server: AsteriskServer, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody does anything: it is started, the link comes back, the next customer is called."""
    first, second = await site.owe(talk(60), talk(1.5))
    async with site.serving(asterisk=own_server):
        site.clerk()
        await site.attempt_in(first, AttemptState.TALKING)
        await asyncio.sleep(_SPOKEN)
        before = own_server.pid
        assert before is not None
        dead = (*site.trunk.calls, *(call for phone in site.phones.values() for call in phone.calls))
        os.kill(before, signal.SIGKILL)
        for language, words in (
            ("en", "ended by itself, now for the 1. time. It runs again."),
            ("zh", "第 1 次。现已恢复运行"),
        ):
            assert words in await site.alarm_text("asterisk_died", language)
        assert said(logs, "Our Asterisk died and was started again")
        again = await until(lambda: runs(site), "it runs again")
        assert again.pid != before
        # The phones of the talk notice that it is dead, and register anew.
        await asyncio.gather(*(call.hang_up() for call in dead))
        for phone in site.phones.values():
            await phone.register()
        assert (await site.ended(first)).outcome == DialOutcome.ANSWERED
        assert (await site.ended(second)).outcome == DialOutcome.ANSWERED
        await site.sound()
        monkeypatch.setattr(private_asterisk, "_SOUND_SECONDS", 0.0)
        await until(lambda: _is_over(site), "the alarm ends by itself")


async def test_one_that_cannot_be_started_is_tried_at_longer_and_longer_intervals(
    site: Site, own_server: AsteriskServer, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No storm of starts; the alarm says why, and the newest number."""
    pauses: list[float] = []
    monkeypatch.setattr(private_asterisk, "_SHORTEST_PAUSE", 0.1)
    monkeypatch.setattr(private_asterisk, "_LONGEST_PAUSE", 0.4)

    async def refuses(*_: object) -> AsteriskServer:
        pauses.append(asyncio.get_running_loop().time())
        raise ServerError("Asterisk ended while starting. It said: no modules")

    monkeypatch.setattr(private_asterisk, "running_asterisk", refuses)
    await own_server.kill()
    keeping = asyncio.create_task(AsteriskKeeper(site.settings, site.db, system_clock).run())
    await until(lambda: _are(pauses, 5), "it is tried several times")
    keeping.cancel()
    gaps = [later - sooner for sooner, later in pairwise(pauses)]
    assert all(gap >= pause for gap, pause in zip(gaps, (0.1, 0.2, 0.4, 0.4), strict=False)), gaps
    alarm = await site.alarm("asterisk_died")
    assert "no modules" in alarm.data["state"]
    assert alarm.data["times"] >= 4


async def test_one_that_a_person_stopped_stays_down(site: Site, own_server: AsteriskServer) -> None:
    keeping = asyncio.create_task(AsteriskKeeper(site.settings, site.db, system_clock).run())
    await stop_by_hand(site.settings, own_server)
    await asyncio.sleep(1.5)
    assert await runs(site) is None
    assert not keeping.done()
    keeping.cancel()
    started = await private_asterisk.running_asterisk(site.settings, lambda _text, _done: None)
    assert await runs(site) is not None
    assert started.running


async def test_its_keeper_and_a_person_start_it_once(site: Site, own_server: AsteriskServer) -> None:
    """Two in one folder would fight for its ports, its event log and its calls."""
    await own_server.kill()
    both = await asyncio.gather(
        *(private_asterisk.running_asterisk(site.settings, lambda _text, _done: None) for _ in range(2))
    )
    assert both[0].pid == both[1].pid


async def _is_over(site: Site) -> bool:
    return all(alarm.kind != DIED for alarm in await site.db.read(open_alarms))


async def _are(what: list[float], count: int) -> bool:
    return len(what) >= count
