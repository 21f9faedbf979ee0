"""Every database the product runs on and what tests do on it, and the speech models."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.speech_models import model, vosk_ko, whisper_base
from tests.support.logs import logs
from tests.support.reviewed import a_day_of_calls
from tests.support.stores import database, empty_url, kind, make_url, store_url
from tests.support.trouble import trouble
from tests.unit.qa_store.world import World

__all__ = [
    "a_day_of_calls",
    "database",
    "empty_url",
    "kind",
    "logs",
    "make_url",
    "model",
    "store_url",
    "trouble",
    "vosk_ko",
    "whisper_base",
]


@pytest.fixture
async def world(tmp_path: Path, store_url: str) -> AsyncIterator[World]:
    """What transcribes and checks calls, on each kind of database."""
    world = await World(tmp_path, store_url).open()
    world.install_model()
    yield world
    await world.close()
