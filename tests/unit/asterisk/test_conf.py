"""Configuration from settings and version, as text."""

import re
from pathlib import Path

import pytest

from asterisk.conf import (
    AMI_EVENTS,
    DIALPLAN_VERSION,
    ConfError,
    Layout,
    Ports,
    render_addition,
    render_private,
    write_files,
)
from asterisk.settings import AsteriskSettings, PhoneAccount, PrivateAsteriskSettings
from asterisk.version import Version, parse_version

V16, V18, V20, V22 = Version(16, 28, 0), Version(18, 10, 0), Version(20, 11, 0), Version(22, 10, 1)
PORTS = Ports(ami=5039, sip=5070, rtp_start=17000, rtp_end=17399)


def private(version: Version = V22, run: str = "/srv/hf", **settings: object) -> dict[str, str]:
    layout = Layout(run=Path(run), modules=Path("/opt/modules"), data=Path("/opt/data"))
    return render_private(PrivateAsteriskSettings.model_validate(settings), PORTS, layout, version)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17-1", (22, 10, 1)),
        ("Asterisk certified/18.9-cert4", (18, 9, 0)),
        ("Asterisk 16.28.0~dfsg-0+deb11u4", (16, 28, 0)),
    ],
)
def test_version_is_read(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="Not an Asterisk version"):
        parse_version("sh: asterisk: not found")


@pytest.mark.parametrize(
    ("version", "line"),
    [
        (V16, "eventfilter = Event: Hangup"),
        (V18, "eventfilter = Event: Hangup"),
        (V20, "eventfilter(name(Hangup)) ="),
        (V22, "eventfilter(name(Hangup)) ="),
    ],
)
def test_event_filter_speaks_the_version(version: Version, line: str) -> None:
    lines = private(version)["manager.conf"].splitlines()
    assert line in lines
    assert len([one for one in lines if one.startswith("eventfilter")]) == len(AMI_EVENTS)


def test_other_differences_between_versions() -> None:
    assert "auth_type = userpass" in private(V16)["pjsip.conf"]
    assert "auth_type = digest" in private(V22)["pjsip.conf"]
    modules = private(V22)["modules.conf"]
    assert modules.index("res_cdrel_custom.so") < modules.index("cel_custom.so")
    assert "res_cdrel_custom.so" not in private(V16)["modules.conf"]
    assert "MixMonitor(,Sr(" in private(V16)["huifang.conf"]
    assert "MixMonitor(,r(" in private(V22)["huifang.conf"]


def test_least_rights_of_the_service_user() -> None:
    """X2: no class that starts programs, reads files or changes the configuration."""
    conf = private()["manager.conf"]
    found = re.search(r"^write = (.*)$", conf, re.MULTILINE)
    assert found is not None and set(found[1].split(",")) == {"call", "originate", "reporting"}
    assert "permit = 127.0.0.1" in conf and "deny = 0.0.0.0/0.0.0.0" in conf


def test_phones_and_trunk() -> None:
    phones = (PhoneAccount(extension="8001", password="one"), PhoneAccount(extension="8002", password="two"))
    conf = private(phones=phones, trunk_host="10.1.1.9", trunk_port=5099)["pjsip.conf"]
    for phone in phones:
        assert f"[{phone.extension}](phone)" in conf and f"password = {phone.password}" in conf
    assert "contact = sip:10.1.1.9:5099" in conf and "match = 10.1.1.9" in conf
    assert "allow_transfer = no" in conf and "direct_media = no" in conf and "rtp_timeout = 60" in conf


def test_settings_reach_the_dialplan() -> None:
    conf = private(gate_seconds=7)["huifang.conf"]
    assert "Wait(7)" in conf and f"V: {DIALPLAN_VERSION})" in conf
    assert "/srv/hf/spool/monitor/${HF_ATTEMPT}.customer.wav" in conf
    assert "X-HF-Attempt" in conf
    assert "X-HF-Attempt" not in private(trunk_gets_attempt=False)["huifang.conf"]


def test_d2_phones_are_asked_to_answer_by_themselves_where_that_is_set() -> None:
    asked = "PJSIP_HEADER(add,Call-Info)=<sip:localhost>\\;answer-after=0"
    assert asked in private(auto_answer=True)["huifang.conf"]
    assert asked not in private()["huifang.conf"]


def test_the_end_of_a_recording_starts_no_program() -> None:
    """A fork of Asterisk at every call halts all its threads: the dialplan leaves the mark by itself."""
    conf = private()["huifang.conf"]
    recordings = [line for line in conf.splitlines() if ",MixMonitor(" in line]
    assert len(recordings) == 3 and all(re.search(r"i\(HF_\w+\)\)$", line) for line in recordings)
    calls, _, _ = conf.partition("[huifang-doctor]")
    assert calls.count("Set(FILE(") == 2 and "func_env.so" in private()["modules.conf"]


@pytest.mark.parametrize(
    "run", ["/srv/with blank", "/srv/a,b", "/srv/回访", "relative", "/srv/a;b", "/srv/$(id)"]
)
def test_paths_a_dialplan_cannot_carry_are_refused(run: str) -> None:
    with pytest.raises(ConfError, match="Choose another folder"):
        private(run=run)


@pytest.mark.parametrize("extension", ["80 01", "8001]", "8001\nx", ""])
def test_settings_cannot_inject_lines(extension: str) -> None:
    with pytest.raises(ValueError, match="extension"):
        PhoneAccount(extension=extension, password="x")


def test_addition_to_an_existing_pbx() -> None:
    """O1: one include line, one AMI user with least rights, one event log; and no header to real carriers."""
    settings = AsteriskSettings(secret="s3cret", recordings_dir=Path("/var/spool/asterisk/monitor/huifang"))
    files = render_addition(settings, V18, "192.168.1.20")
    assert set(files) == {"huifang.conf", "manager_huifang.conf", "cel.conf", "cel_custom.conf"}
    assert "/var/spool/asterisk/monitor/huifang/${HF_ATTEMPT}.customer.wav" in files["huifang.conf"]
    assert "X-HF-Attempt" not in files["huifang.conf"]
    assert "permit = 192.168.1.20" in files["manager_huifang.conf"]
    assert files["cel_custom.conf"].splitlines()[1].startswith("cel.csv => ${CSV_QUOTE(${eventtype})},")


@pytest.mark.parametrize(
    ("secret", "host"), [("", "10.0.0.1"), ("a\nread = all", "10.0.0.1"), ("a", "0.0.0.0/0")]
)
def test_addition_refuses_what_a_line_cannot_carry(secret: str, host: str) -> None:
    with pytest.raises(ConfError, match="may hold only"):
        render_addition(AsteriskSettings(secret=secret), V22, host)


def test_files_are_written_for_the_owner_only(tmp_path: Path) -> None:
    (tmp_path / "old.conf").write_text("before")
    (tmp_path / "old.conf").chmod(0o644)
    write_files(tmp_path, {"old.conf": "after", "new.conf": "中文"})
    assert (tmp_path / "old.conf").read_text() == "after"
    assert (tmp_path / "new.conf").read_text(encoding="utf-8") == "中文"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
