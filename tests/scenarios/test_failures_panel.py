"""The panel's port is taken, the folder is served already, the service is stopped in a call."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from asterisk.ports import free_port
from dialer.app.lock import AlreadyServed
from dialer.app.service import Service
from dialer.calling.queries import latest_repairs
from dialer.calling.states import AttemptState
from dialer.telephony.outcomes import DialOutcome
from tests.scenarios.conftest import Logs, NewSite
from tests.support.site import Site, said, talk, until


async def command(*arguments: str) -> Process:
    """`dialer …` as a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer.app.cli", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[Process]:
    """`dialer serve` on the site's folder."""
    process = await command("serve", "--data", str(site.folder))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_panels_port_is_taken(new_site: NewSite, logs: Logs) -> None:
    """Calls go on without the panel; it comes up by itself when the port is free (X1)."""
    port = free_port("127.0.0.1", udp=False)
    site = await new_site(tables={"web": {"port": port}})
    (number,) = await site.owe(talk(1.5))
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        async with site.serving(panel=False) as service:
            site.clerk()
            assert (await site.ended(number)).outcome == DialOutcome.ANSWERED
            line = said(logs, f"The panel cannot listen on 127.0.0.1:{port}")
            assert line is not None
            assert "End the program that uses this port, or set another" in str(line["event"])
            assert not service.panel_ready.is_set()
            other.close()
            async with asyncio.timeout(20):
                await service.panel_ready.wait()
            assert "<html" in await site.page("zh")
            await site.sound()


async def test_a_folder_is_served_once(new_site: NewSite) -> None:
    """Two services would give one customer two calls (D7)."""
    site = await new_site()
    async with site.serving():
        with pytest.raises(AlreadyServed, match="a service already runs on"):
            await Service(site.settings).run(asyncio.Event())
        second = await command("serve", "--data", str(site.folder))
        _, told = await second.communicate()
        assert second.returncode == 1
        text = " ".join(told.decode().split())
        assert f"a service already runs on {site.folder} (process {os.getpid()})" in text
        assert "stop it first, or give another --data folder" in text
        assert "Traceback" not in text


async def test_a_port_of_the_private_asterisk_is_taken(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("busy")
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (folder / "dialer.toml").write_text(f"[private_asterisk]\nami_port = {port}\n")
        process = await command("serve", "--data", str(folder))
        _, told = await process.communicate()
    assert process.returncode == 1
    text = " ".join(told.decode().split())
    assert f"TCP port {port} on 127.0.0.1 is in use by another program" in text
    assert "set ami_port to 0" in text
    assert "Traceback" not in text


async def test_a_stop_waits_for_the_talk(new_site: NewSite) -> None:
    """No new call after SIGTERM; the one in progress ends as it would (D7)."""
    site = await new_site(drain_seconds=20.0)
    first, second = await site.owe(talk(60), talk(1.5))
    await site.ready()
    async with served(site) as process:
        await site.attempt_in(first, AttemptState.TALKING)
        site.clerk()
        process.send_signal(signal.SIGTERM)
        (call,) = site.trunk.calls
        await asyncio.sleep(1.5)
        assert process.returncode is None
        assert not call.ended.is_set()
        await call.hang_up()
        assert await process.wait() == 0
        attempt = await site.ended(first)
        assert attempt.outcome == DialOutcome.ANSWERED
        assert attempt.hung_up_by == "customer"
        assert await site.attempts(second) == []
    async with site.serving():
        await site.ended(second)
        assert (await site.archived(attempt)).problems == []
        await site.sound()
        await site.no_alarm()


async def test_a_stop_leaves_a_long_talk_to_the_next_start(new_site: NewSite) -> None:
    """The talk outlives the service, and is taken over (D7, A1)."""
    site = await new_site(drain_seconds=0.5)
    first, second = await site.owe(talk(60), talk(1.5))
    await site.ready()
    async with served(site) as process:
        await site.attempt_in(first, AttemptState.TALKING)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        (call,) = site.trunk.calls
        assert not call.ended.is_set()
    async with site.serving():
        site.clerk()
        await until(lambda: _is_repaired(site), "the talk is taken over")
        assert not call.ended.is_set()
        await call.hang_up()
        attempt = await site.ended(first)
        assert attempt.outcome == DialOutcome.ANSWERED
        assert attempt.ended_at is not None
        assert call.ended_at is not None
        assert abs((attempt.ended_at - call.ended_at).total_seconds()) < 1
        assert (await site.archived(attempt)).problems == []
        await site.ended(second)
        assert (await site.sound()).repairs == 1
        await site.no_alarm()


async def test_settings_that_cannot_be_used_are_named(new_site: NewSite) -> None:
    site = await new_site()
    file = site.folder / "dialer.toml"
    file.write_text(file.read_text() + "\n[calling2]\nmode = 'live'\n")
    process = await command("serve", "--data", str(site.folder))
    _, told = await process.communicate()
    assert process.returncode == 1
    assert "calling2" in told.decode()
    assert "Traceback" not in told.decode()


async def _is_repaired(site: Site) -> bool:
    return bool(await site.db.read(latest_repairs))
