"""One archive a test."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.recordings.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with ThreadPoolExecutor(2) as executor:
        world = await World(tmp_path, executor).open()
        yield world
        await world.close()
