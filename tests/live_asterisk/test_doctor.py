"""O5: the doctor on a real Asterisk, healthy and with one thing broken at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary
from asterisk.phones import Answer, Softphone
from asterisk.server import AsteriskServer
from asterisk.settings import PrivateAsteriskSettings
from dialer.agents.service import add_agent
from dialer.app.doctor.examine import examine
from dialer.app.settings import Settings, load_settings
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from recordings.node.server import NodeAgent
from recordings.node.settings import NodeAgentSettings, RemoteFiles
from tests.fixtures_asterisk import EXTENSIONS, PHONE_PASSWORD, trial_settings
from web.finding import Finding, Level
from web.i18n import LANGUAGES, translator


@pytest.fixture(scope="module")
def server(asterisk_binary: AsteriskBinary, short_tmp: Path) -> Iterator[AsteriskServer]:
    """An Asterisk whose configuration these tests may spoil."""
    server = AsteriskServer(asterisk_binary, short_tmp / "doctor", trial_settings())
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def site(server: AsteriskServer, tmp_path: Path) -> AsyncIterator[Settings]:
    """A site with one agent whose phone is registered."""
    settings = load_settings(tmp_path / "site", asterisk=server.connection(), transcribe=False)
    settings = settings.model_copy(
        update={
            "calling": settings.calling.model_copy(update={"gate_seconds": server.settings.gate_seconds}),
            "web": settings.web.model_copy(update={"port": 0}),
            "site": settings.site.model_copy(update={"company": "宏达汽车服务站"}),
        }
    )
    settings.data_dir.chmod(0o700)
    await migrate(settings.url)
    database = Database(settings.url)
    await database.start()
    await database.write(
        lambda conn: add_agent(conn, code="1", name="王芳", extension=EXTENSIONS[0], branch="一店")
    )
    await database.stop()
    registrar = ("127.0.0.1", server.ports.sip)
    async with Softphone(EXTENSIONS[0], PHONE_PASSWORD, registrar, lambda _: Answer()):
        yield settings


class Spoiled:
    """One configuration file changed and loaded, and put back afterwards."""

    def __init__(self, server: AsteriskServer, file: str, old: str, new: str, *reload: str) -> None:
        self._server, self._file, self._reload = server, server.layout.etc / file, reload
        self._whole = self._file.read_text(encoding="utf-8")
        assert old in self._whole
        self._changed = self._whole.replace(old, new)

    async def _load(self, text: str) -> None:
        self._file.write_text(text, encoding="utf-8")
        for command in self._reload:
            await self._server.cli(command)

    async def __aenter__(self) -> None:
        await self._load(self._changed)

    async def __aexit__(self, *_: object) -> None:
        await self._load(self._whole)


async def found(site: Settings) -> dict[str, Finding]:
    """Every finding by its check, each with words in both languages."""
    findings = await examine(site)
    for one in findings:
        for language in LANGUAGES:
            assert "{" not in one.seen.in_words(translator(language))
    return {one.check: one for one in findings}


def bad(findings: dict[str, Finding]) -> dict[str, Level]:
    """The checks that are not as they should be; how long a commit takes is this machine's own."""
    return {
        check: one.level for check, one in findings.items() if one.level is not Level.OK and check != "commit"
    }


async def test_a_healthy_site(site: Settings) -> None:
    assert bad(await found(site)) == {}


async def test_nobody_is_rung_and_nothing_is_left_behind(site: Settings, server: AsteriskServer) -> None:
    await examine(site)
    assert "0 active channels" in await server.cli("core show channels")
    assert not list(server.layout.recordings.glob("*.check"))


async def test_a_wrong_secret(site: Settings) -> None:
    wrong = site.asterisk.model_copy(update={"secret": "wrong"})
    findings = await found(site.model_copy(update={"asterisk": wrong}))
    assert findings["ami-link"].level is Level.FAIL
    assert "refused the login" in findings["ami-link"].seen.in_words(translator("en"))
    assert {"database", "disk", "recordings-folder", "cel"} <= set(findings)


async def test_a_dead_asterisk(site: Settings) -> None:
    """It says so in words, and goes on with the rest."""
    gone = site.asterisk.model_copy(update={"port": 1})
    findings = await found(site.model_copy(update={"asterisk": gone}))
    assert findings["ami-link"].level is Level.FAIL
    assert findings["database"].level is Level.OK
    assert findings["cel"].level is Level.UNKNOWN
    private = site.model_copy(update={"private_asterisk": PrivateAsteriskSettings()})
    findings = await found(private)
    assert "does not run" in findings["ami-link"].seen.in_words(translator("en"))


async def test_the_include_is_missing(site: Settings, server: AsteriskServer) -> None:
    include = '#include "huifang.conf"'
    async with Spoiled(server, "extensions.conf", include, "; gone", "dialplan reload"):
        findings = await found(site)
    assert bad(findings) == {
        "dialplan": Level.FAIL,
        "recordings-folder": Level.UNKNOWN,
    }


async def test_an_older_include(site: Settings, server: AsteriskServer) -> None:
    async with Spoiled(server, "huifang.conf", "V: ", "V: 0", "dialplan reload"):
        assert (await found(site))["dialplan"].level is Level.OK  # 02 is 2
    async with Spoiled(server, "huifang.conf", ",V: ", ",V: 9", "dialplan reload"):
        findings = await found(site)
    assert bad(findings) == {"dialplan": Level.FAIL}


async def test_a_missing_right_to_write(site: Settings, server: AsteriskServer) -> None:
    write = "write = call,originate,reporting"
    async with Spoiled(server, "manager.conf", write, "write = call,reporting", "manager reload"):
        findings = await found(site)
    assert findings["ami-rights"].level is Level.FAIL
    assert "Originate" in findings["ami-rights"].seen.in_words(translator("en"))
    assert findings["ami-events"].level is Level.FAIL
    assert findings["cel"].level is Level.UNKNOWN


async def test_a_missing_right_to_read(site: Settings, server: AsteriskServer) -> None:
    read = "read = system,call,user,reporting"
    async with Spoiled(server, "manager.conf", read, "read = system,call,reporting", "manager reload"):
        findings = await found(site)
    assert "UserEvent" in findings["ami-events"].seen.in_words(translator("en"))


async def test_more_rights_than_needed(site: Settings, server: AsteriskServer) -> None:
    write = "write = call,originate,reporting"
    async with Spoiled(server, "manager.conf", write, "write = all", "manager reload"):
        findings = await found(site)
    assert bad(findings) == {"ami-rights": Level.WARN}


async def test_no_event_filter(site: Settings, server: AsteriskServer) -> None:
    async with Spoiled(server, "manager.conf", "eventfilter", ";eventfilter", "manager reload"):
        findings = await found(site)
    assert bad(findings) == {"ami-events": Level.WARN}


async def test_the_event_log_is_off(site: Settings, server: AsteriskServer) -> None:
    async with Spoiled(server, "cel.conf", "enable = yes", "enable = no", "module reload cel"):
        findings = await found(site)
    assert bad(findings) == {"cel": Level.FAIL}


async def test_a_phone_that_may_transfer(site: Settings, server: AsteriskServer) -> None:
    no = "allow_transfer = no"
    async with Spoiled(server, "pjsip.conf", no, "allow_transfer = yes", "module reload res_pjsip.so"):
        findings = await found(site)
    assert bad(findings) == {"phones": Level.FAIL}


async def test_another_folder_of_recordings(site: Settings, tmp_path: Path) -> None:
    other = site.asterisk.model_copy(update={"recordings_dir": tmp_path})
    findings = await found(site.model_copy(update={"asterisk": other}))
    assert bad(findings) == {"recordings-folder": Level.FAIL}


async def test_a_full_disk(site: Settings) -> None:
    """Simulated by what has to stay free."""
    keep = site.recordings.model_copy(update={"keep_free_bytes": 10**18})
    findings = await found(site.model_copy(update={"recordings": keep}))
    assert bad(findings) == {"disk": Level.FAIL}


async def test_files_of_another_machine(site: Settings) -> None:
    """A6: through the node agent recordings and event log are looked at there; a wrong token is said."""
    token = "a-token-of-24-characters"
    agent = NodeAgent(
        NodeAgentSettings(port=0, token=token),
        recordings_dir=site.asterisk.recordings_dir,
        cel_file=site.asterisk.cel_file,
    )
    # What the service itself has at that place is another machine's.
    here = site.asterisk.model_copy(update={"recordings_dir": Path("/nowhere"), "cel_file": Path("/nowhere")})
    await agent.start()
    try:
        url = f"http://127.0.0.1:{agent.port}"
        away = site.model_copy(update={"asterisk": here, "files": RemoteFiles(url=url, token=token)})
        assert bad(await found(away)) == {}
        wrong = away.model_copy(update={"files": RemoteFiles(url=url, token="another-token-of-24-chars")})
        assert bad(await found(wrong)) == {"recordings-folder": Level.FAIL, "cel": Level.FAIL}
    finally:
        await agent.stop()
