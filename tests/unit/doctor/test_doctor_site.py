"""O5: what is wrong with the machine, the folders and the database is found, with what to do."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from asterisk.asking import TrialCall
from asterisk.conf import DIALPLAN_VERSION as V
from dialer.app.doctor import folders, machine, sizing, store
from dialer.app.doctor.folders import FolderLook, LogLook, look_at_folder, look_at_log
from dialer.app.doctor.naming import look_at_name
from dialer.app.doctor.speech import look_at_speech
from dialer.app.lock import ServiceLock, serving_pid
from dialer.app.settings import Settings, SiteSettings, load_settings
from dialer.storage.dialects import sqlite_url
from dialer.storage.looking import DatabaseLook, look_at
from dialer.storage.migrating import migrate
from tests.unit.doctor.answers import trial
from tests.unit.doctor.test_doctor_asterisk import spoken
from web.finding import Level

CALL = trial(V)
FOLDER = Path("/var/spool/asterisk/monitor")
CEL = '"CHAN_START","1795576507.491280","{id}","{id}","Local/s@huifang-doctor-00000000;1","","",""\n'


@pytest.mark.parametrize(
    ("look", "call", "level", "says"),
    [
        (FolderLook(True, True, True, CALL.check), CALL, Level.OK, "Asterisk writes into"),
        (FolderLook(True, True, True), CALL, Level.FAIL, "could not write"),
        (FolderLook(True, True, True), None, Level.UNKNOWN, "was not tried"),
        (FolderLook(False, False, False), None, Level.FAIL, "is not there"),
        (FolderLook(True, True, False, CALL.check), CALL, Level.FAIL, "may not read and write"),
    ],
)
def test_recordings_folder(look: FolderLook, call: TrialCall | None, level: Level, says: str) -> None:
    found = folders.check_recordings(look, FOLDER, call)
    assert (found.level, says in spoken(found)) == (level, True)


def test_asterisk_records_elsewhere() -> None:
    found = folders.check_recordings(FolderLook(True, True, True), Path("/srv/other"), CALL)
    assert found.level is Level.FAIL
    assert "into /var/spool/asterisk/monitor, this service looks in /srv/other" in spoken(found)


async def test_the_mark_of_the_call_is_found_and_taken_away(tmp_path: Path) -> None:
    (tmp_path / folders.MARK).write_text(CALL.check, encoding="utf-8")
    assert (await look_at_folder(tmp_path, CALL)).mark == CALL.check
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("look", "call", "level"),
    [
        (LogLook(has_trial=True), CALL, Level.OK),
        (LogLook(), CALL, Level.FAIL),
        (LogLook(), None, Level.UNKNOWN),
        (LogLook(readable_lines=False), CALL, Level.FAIL),
        (LogLook(problem="Permission denied"), CALL, Level.FAIL),
        (LogLook(problem="No such file or directory", there=False), CALL, Level.FAIL),
        (LogLook(problem="No such file or directory", there=False), None, Level.UNKNOWN),
    ],
)
def test_event_log(look: LogLook, call: TrialCall | None, level: Level) -> None:
    found = folders.check_log(look, Path("cel.csv"), call)
    assert found.level is level
    assert spoken(found)


async def test_the_event_log_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "cel.csv"
    log.write_text(CEL.format(id="1") * 2000 + CEL.format(id=CALL.channel_id), encoding="utf-8")
    assert await look_at_log(log, CALL) == LogLook(has_trial=True)
    log.write_text('"2026-11-25","a call"\n' * 3, encoding="utf-8")
    assert not (await look_at_log(log, None)).readable_lines
    assert await look_at_log(tmp_path / "none", None) == LogLook("No such file or directory", there=False)


def test_a_house_of_25_agents() -> None:
    """O5: about 1,700 talks, 4.8 GB and 84 leg-hours a day."""
    needed = sizing.need(sizing.Measured(agents=25))
    assert needed.talks == 1700
    assert needed.bytes / 1e9 == pytest.approx(4.84, abs=0.01)
    assert needed.leg_hours == pytest.approx(84, abs=0.1)
    told = spoken(sizing.check_size(needed))
    assert "1,700 talks, 4.8 GB and 84 leg-hours" in told


def test_the_sites_own_fullest_day_goes_before_what_is_usual() -> None:
    needed = sizing.need(sizing.Measured(5, talks=200, seconds=12_000, bytes=300_000_000, work_a_second=0.1))
    assert (needed.talks, needed.bytes, needed.measured) == (200, 300_000_000, True)
    assert needed.core_hours == pytest.approx(2 * 12_000 / 3600 * 0.1)
    assert not sizing.need(sizing.Measured(5, talks=3, seconds=200)).measured


@pytest.mark.parametrize(
    ("free", "level"),
    [(600_000_000_000, Level.OK), (50_000_000_000, Level.WARN), (5_000_000_000, Level.FAIL)],
)
def test_room_in_days(free: int, level: Level) -> None:
    found = sizing.check_disk(sizing.need(sizing.Measured(25)), free, 200_000_000, "/srv/recordings")
    assert found.level is level
    assert "4.8 GB" in spoken(found) or level is Level.OK


def test_transcription_that_does_not_keep_up() -> None:
    needed = sizing.need(sizing.Measured(25, work_a_second=2.0))
    assert sizing.check_transcription(needed, 8).level is Level.WARN
    assert sizing.check_transcription(needed, 16).level is Level.OK


@pytest.mark.parametrize(
    ("look", "levels"),
    [
        (DatabaseLook("0003", "0003", "wal", 2.0, 0.1), (Level.OK, Level.OK)),
        (DatabaseLook("0002", "0003", "wal", 2.0, 0.1), (Level.FAIL, Level.OK)),
        (DatabaseLook("0003", "0003", "delete", 2.0, 0.1), (Level.FAIL, Level.OK)),
        (DatabaseLook("0003", "0003", "", 35.0, 0.0), (Level.OK, Level.WARN)),
        (DatabaseLook("0003", "0003", "wal", 3.0, 900.0), (Level.OK, Level.FAIL)),
    ],
)
def test_database(look: DatabaseLook, levels: tuple[Level, Level]) -> None:
    found = store.judge(look)
    assert tuple(one.level for one in found) == levels
    assert all(spoken(one) for one in found)


async def test_a_database_is_looked_at_and_never_made(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "dialer.db")
    assert (await store.look_at_database(url))[0].level is Level.FAIL
    assert list(tmp_path.iterdir()) == []
    await migrate(url)
    look = await look_at(url)
    assert look.schema == look.newest != ""
    assert look.journal == "wal"
    assert look.commit_ms > 0
    assert not list(tmp_path.glob(".doctor-*"))
    broken = sqlite_url(tmp_path / "broken.db")
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    (found,) = await store.look_at_database(broken)
    assert "does not answer" in spoken(found)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "site")


def test_settings_that_everybody_may_read(settings: Settings) -> None:
    file = settings.data_dir / "dialer.toml"
    file.write_text("", encoding="utf-8")
    settings.data_dir.chmod(0o755)
    file.chmod(0o644)
    found = machine.check_secrets(settings)
    assert (found.level, f"chmod 700 {settings.data_dir}" in spoken(found)) == (Level.WARN, True)
    settings.data_dir.chmod(0o700)
    assert machine.check_secrets(settings).level is Level.OK


def on_port(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody listens there and never says a word of HTTP."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield int(server.getsockname()[1])


async def test_the_panels_port(settings: Settings, monkeypatch: pytest.MonkeyPatch, silent_port: int) -> None:
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", 0.2)
    assert (await machine.check_port(on_port(settings, 0), None)).level is Level.OK
    taken = await machine.check_port(on_port(settings, silent_port), None)
    assert (taken.level, "Another program" in spoken(taken)) == (Level.FAIL, True)
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        free = int(gone.getsockname()[1])
    assert (await machine.check_port(on_port(settings, free), None)).level is Level.OK
    dead = await machine.check_port(on_port(settings, free), 4711)
    assert (dead.level, "process 4711" in spoken(dead)) == (Level.FAIL, True)


def test_open_files() -> None:
    assert machine.check_open_files(1, None, 0, 60).level is Level.OK
    many = machine.check_open_files(10_000_000, os.getpid(), 0, 60)
    assert (many.level, "LimitNOFILE" in spoken(many)) == (Level.WARN, True)
    asterisk = machine.check_open_files(1, None, 1024, 60)
    assert (asterisk.level, "maxfiles" in spoken(asterisk)) == (Level.WARN, True)


def test_time_zones(settings: Settings) -> None:
    assert machine.check_zones(settings).level is Level.OK
    calling = settings.calling.model_copy(update={"time_zone": "Asia/Tokyo"})
    assert machine.check_zones(settings.model_copy(update={"calling": calling})).level is Level.WARN
    wrong = settings.calling.model_copy(update={"time_zone": "Beijing"})
    found = machine.check_zones(settings.model_copy(update={"calling": wrong}))
    assert (found.level, "Beijing" in spoken(found)) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("site", "level", "word"),
    [
        (SiteSettings(), Level.WARN, "本店"),
        (SiteSettings(company="明光人寿"), Level.OK, "明光人寿"),
        (SiteSettings(branch="宏达汽车服务站"), Level.OK, "宏达"),
    ],
)
def test_a_site_without_a_name_is_told_what_greetings_are_held_against(
    site: SiteSettings, level: Level, word: str
) -> None:
    found = look_at_name(site)
    assert (found.level, word in spoken(found)) == (level, True)


async def test_speech_turned_off_or_damaged(settings: Settings, tmp_path: Path) -> None:
    off = settings.model_copy(update={"transcribe": False})
    assert (await look_at_speech(off)).level is Level.OK
    speech = settings.speech.model_copy(update={"model_path": tmp_path})
    none = await look_at_speech(settings.model_copy(update={"speech": speech}))
    assert (none.level, "dialer models fetch" in spoken(none)) == (Level.FAIL, True)
    model = tmp_path / "model"
    model.mkdir()
    for name in ("model.bin", "config.json"):
        (model / name).write_bytes(b"{}")
    speech = settings.speech.model_copy(update={"model_path": model})
    damaged = await look_at_speech(settings.model_copy(update={"speech": speech}))
    assert (damaged.level, "cannot be loaded" in spoken(damaged)) == (Level.FAIL, True)


def test_whether_a_service_runs_is_seen_without_its_lock(tmp_path: Path) -> None:
    assert serving_pid(tmp_path) is None
    with ServiceLock(tmp_path):
        assert serving_pid(tmp_path) == os.getpid()
    assert serving_pid(tmp_path) is None
