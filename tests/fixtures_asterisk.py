"""A real, private Asterisk for tests: one a session, with free ports, stopped at the end.

Every test can take `asterisk_server`; a conftest that imports it has another one for its own folder.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary, find_or_install
from asterisk.ports import free_port
from asterisk.server import AsteriskServer
from asterisk.settings import PhoneAccount, PrivateAsteriskSettings

EXTENSIONS = tuple(str(number) for number in range(8001, 8021))
PHONE_PASSWORD = "trial-password"


@pytest.fixture(scope="session")
def asterisk_binary() -> AsteriskBinary:
    """The Asterisk of this machine, installed on first use."""
    return find_or_install()


@pytest.fixture(scope="session")
def short_tmp() -> Iterator[Path]:
    """A folder with a short path: a Unix socket's may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="hf-"))
    yield folder
    shutil.rmtree(folder)


def trial_settings(**more: object) -> PrivateAsteriskSettings:
    """Twenty extensions, and a trunk that leads to a free port of this machine."""
    values: dict[str, object] = {
        "phones": tuple(PhoneAccount(extension=one, password=PHONE_PASSWORD) for one in EXTENSIONS),
        "trunk_port": free_port("127.0.0.1", udp=True),
        "gate_seconds": 2,
    }
    return PrivateAsteriskSettings.model_validate(values | more)


@pytest.fixture(scope="session")
def asterisk_server(asterisk_binary: AsteriskBinary, short_tmp: Path) -> Iterator[AsteriskServer]:
    """A running Asterisk. Its trunk leads to `server.settings.trunk_port`: open a CustomerTrunk there."""
    server = AsteriskServer(asterisk_binary, short_tmp / "ast", trial_settings())
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
