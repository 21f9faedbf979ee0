"""One database a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.qa_store.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await World(tmp_path).open()
    world.install_model()
    yield world
    await world.close()
