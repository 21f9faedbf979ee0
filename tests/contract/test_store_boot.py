"""At a boot the service may be up before PostgreSQL: it waits, and says so (D7)."""

import asyncio

import pytest
from structlog.testing import capture_logs

from dialer.app import database as booting
from dialer.app.database import DatabaseRefuses, migrate_when_there
from tests.support.cable import Cable
from tests.support.site import said
from tests.support.stores import MakeUrl, at_port, socket_of


@pytest.fixture
def url(make_url: MakeUrl, monkeypatch: pytest.MonkeyPatch) -> str:
    """Only a server can come late."""
    monkeypatch.setattr(booting, "_AGAIN_SECONDS", 0.1)
    return make_url("postgresql", False)


async def test_the_service_waits_for_its_database_and_says_so_once(url: str) -> None:
    cable = Cable(socket_of(url))
    await cable.mend()
    await cable.cut()
    with capture_logs() as logs:
        starting = asyncio.create_task(migrate_when_there(at_port(url, cable.port), asyncio.Event()))
        await asyncio.sleep(0.5)
        assert not starting.done()
        await cable.mend()
        assert await starting
    await cable.cut()
    assert len([line for line in logs if line["log_level"] == "warning"]) == 1
    assert said(logs, "The service waits for its database", f"127.0.0.1:{cable.port}")


async def test_a_service_that_waits_can_be_stopped() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(migrate_when_there("postgresql+asyncpg://a:secret@127.0.0.1:1/x", stop))
    await asyncio.sleep(0.2)
    stop.set()
    assert not await asyncio.wait_for(waiting, 5)


async def test_a_database_that_is_not_there_is_not_waited_for(url: str) -> None:
    """Nobody would make it: a person has to look, and no password is shown to him."""
    wrong = url.replace("postgres:@", "postgres:secret@").replace("/test", "/no-such-")
    with pytest.raises(DatabaseRefuses, match=r"no-such-\d+.* does not exist.*database_url") as caught:
        await migrate_when_there(wrong, asyncio.Event())
    assert "secret" not in str(caught.value)
