"""What the scenarios share: a real Asterisk, and sites that run on it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from asterisk.install import AsteriskBinary
from asterisk.server import AsteriskServer
from tests.fixtures_asterisk import asterisk_binary, asterisk_server, short_tmp, trial_settings
from tests.support.logs import Logs, logs
from tests.support.site import Site

# An Asterisk of their own: what other tests leave in its folders would be taken for calls of these sites.
__all__ = ["Logs", "asterisk_binary", "asterisk_server", "logs", "short_tmp"]

NewSite = Callable[..., Awaitable[Site]]


@pytest.fixture
def own_server(asterisk_binary: AsteriskBinary, short_tmp: Path, tmp_path: Path) -> Iterator[AsteriskServer]:
    """An Asterisk of this test alone, which it may kill."""
    server = AsteriskServer(asterisk_binary, short_tmp / tmp_path.name, trial_settings())
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def new_site(asterisk_server: AsteriskServer, tmp_path: Path) -> AsyncIterator[NewSite]:
    """Makes sites; on the Asterisk that all scenarios share, unless another one is given."""
    sites: list[Site] = []
    # Who rang unseen in an earlier test would be called back by this one's sites.
    with suppress(FileNotFoundError):
        os.truncate(asterisk_server.layout.cel_file, 0)

    async def make(server: AsteriskServer | None = None, **how: Any) -> Site:
        site = Site(tmp_path / f"site-{len(sites)}", server or asterisk_server, **how)
        sites.append(site)
        await site.open()
        return site

    yield make
    for site in sites:
        await site.close()
