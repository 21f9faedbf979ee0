"""Two Asterisks and two services share one plan: where one dies or is halted, the other takes over (D8, D7).

Counted at the customers' phones: nobody is rung twice, and nobody is forgotten.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary
from asterisk.server import AsteriskServer
from dialer.app.installation import installation_of
from tests.fixtures_asterisk import trial_settings
from tests.support.site import until
from tests.support.stores import make_url, store_url
from tests.support.two_nodes import PHONES, TwoNodes

__all__ = ["make_url", "store_url"]

_PATIENCE = 200.0
_CUSTOMERS = 14


@pytest.fixture
def servers(
    asterisk_binary: AsteriskBinary, short_tmp: Path, tmp_path: Path
) -> Iterator[dict[str, AsteriskServer]]:
    """Two Asterisks of this test alone."""
    both = {}
    for node in PHONES:
        folder = short_tmp / f"{tmp_path.name[-8:]}-{node}"
        both[node] = AsteriskServer(asterisk_binary, folder, trial_settings(gate_seconds=6))
    for server in both.values():
        asyncio.run(server.start())
    yield both
    for server in both.values():
        asyncio.run(server.stop())


@pytest.fixture
def kind() -> str:
    """On SQLite there is one process."""
    return "postgresql"


@pytest.fixture
async def site(servers: dict[str, AsteriskServer], store_url: str, tmp_path: Path) -> AsyncIterator[TwoNodes]:
    site = TwoNodes(tmp_path, store_url, servers)
    await site.open()
    yield site
    await site.close()


def owner(site: TwoNodes, name: str) -> str:
    return installation_of(site.folder / name).owner


async def has(site: TwoNodes, name: str, *nodes: str) -> bool:
    """Whether this service has exactly these nodes, each with its link up and settled."""
    assert site.processes[name].returncode is None, "the service ended by itself"
    holders = await site.holders()
    mine = {node: told for node, told in holders.items() if told.owner == owner(site, name)}
    return set(mine) == set(nodes) and all(
        told.said.get("link_up") and told.said.get("settled") for told in mine.values()
    )


async def both_serve(site: TwoNodes) -> None:
    await site.serve("one", "east")
    await site.serve("two", "west")
    await until(lambda: has(site, "one", "east"), "the first service has its node", _PATIENCE)
    await until(lambda: has(site, "two", "west"), "the second service has its node", _PATIENCE)


async def calls_at_both(site: TwoNodes) -> bool:
    """Whether talks have gone through both nodes, and one is going on in the east."""
    rows = await site.attempts()
    east = [row for row in rows if row.node == "east"]
    return (
        len([row for row in east if row.ended_at is not None]) >= 2
        and any(row.node == "west" and row.ended_at is not None for row in rows)
        and any(row.go_at is not None and row.ended_at is None for row in east)
    )


async def nobody_rung_twice(site: TwoNodes, numbers: list[str]) -> None:
    await until(lambda: site.over(len(numbers)), "every customer was talked to", _PATIENCE)
    site.clerk.open = False
    assert Counter(site.rings()) == Counter(numbers)
    verdict = await site.verdict()
    assert verdict.sound, verdict.details
    assert {row.node for row in await site.attempts()} == set(PHONES)


async def test_when_one_service_is_killed_the_other_takes_its_node_over(site: TwoNodes) -> None:
    """D8: kill -9 in the middle of calls; the other one has both nodes after the lease."""
    await both_serve(site)
    numbers = await site.owe(_CUSTOMERS)
    await until(lambda: calls_at_both(site), "calls go through both nodes", _PATIENCE)
    site.processes["one"].send_signal(signal.SIGKILL)
    await site.processes["one"].wait()
    await until(lambda: has(site, "two", "east", "west"), "the node is taken over", _PATIENCE)
    await nobody_rung_twice(site, numbers)


async def test_a_service_that_was_halted_finds_its_node_lost_and_does_no_harm(site: TwoNodes) -> None:
    """D8: a machine that stood still for longer than the lease wakes with calls in its hands."""
    await both_serve(site)
    numbers = await site.owe(_CUSTOMERS)
    await until(lambda: calls_at_both(site), "calls go through both nodes", _PATIENCE)
    site.processes["one"].send_signal(signal.SIGSTOP)
    await until(lambda: has(site, "two", "east", "west"), "the node is taken over", _PATIENCE)
    site.processes["one"].send_signal(signal.SIGCONT)
    await nobody_rung_twice(site, numbers)
    assert site.processes["one"].returncode is None
    await until(lambda: has(site, "one", "east"), "the node goes back to whom it belongs", _PATIENCE)


async def test_a_service_that_stops_gives_its_node_back_at_once(site: TwoNodes) -> None:
    await both_serve(site)
    site.processes["one"].send_signal(signal.SIGTERM)
    await site.processes["one"].wait()
    await until(lambda: has(site, "two", "east", "west"), "the node is taken over", _PATIENCE)
