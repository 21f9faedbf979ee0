"""Finding an Asterisk, and installing one: with real packages made here and apt-get played by a script."""

import shutil
import subprocess
from pathlib import Path

import pytest

from asterisk.install import (
    InstallError,
    find_on_path,
    find_or_install,
    find_or_install_sipp,
    install_private,
)
from asterisk.install.apt import AptError, Archive, machine_archive
from asterisk.install.binary import NotUsable, ask_version
from asterisk.install.sipp import sipp_version

APT_GET = """#!/bin/sh
# Plays apt-get: `sid` is broken today, any other suite has one package.
echo "$@" >> "{log}"
for word in "$@"; do
    case $word in
        indextargets)
            for part in debian debian-security; do echo "http://archive.invalid/$part/"; done; exit;;
        Dir::Etc::SourceParts=*) sources=${{word#*=}};;
        Dir::Cache=*) cache=${{word#*=}};;
        update) grep -q "Suites: sid" "$sources"/* || exit 0; echo "E: no network today" >&2; exit 100;;
        install) cp "{package}" "$cache/archives/"; exit 0;;
    esac
done
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt-get is ours. Returns the folder of its log and programs."""
    tree = tmp_path / "tree"
    # The "loader" of this package tells a version whatever it is asked to load.
    program(tree / "usr/lib/testarch/ld-test.so.1", "#!/bin/sh\necho Asterisk 22.9.8\n")
    (tree / "usr/lib/testarch/libc.so.6").touch()
    (tree / "usr/lib/testarch/asterisk/modules").mkdir(parents=True)
    program(tree / "usr/sbin/asterisk", "")
    (tree / "usr/share/asterisk/sounds/en_US_f_Allison").mkdir(parents=True)
    (tree / "usr/share/man/man1").mkdir(parents=True)
    (tree / "usr/lib64").mkdir()
    (tree / "usr/lib64/ld-test.so.1").symlink_to("/usr/lib/testarch/ld-test.so.1")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: asterisk\nVersion: 1\nArchitecture: all\nDescription: test\n"
        "Maintainer: nobody <n@example.org>\n"
    )
    package = tmp_path / "asterisk_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, package], check=True, capture_output=True)
    program(tmp_path / "bin/apt-get", APT_GET.format(log=tmp_path / "apt.log", package=package))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    keyring = tmp_path / "keys.gpg"
    keyring.touch()
    monkeypatch.setattr("asterisk.install.apt.KEYRINGS", (keyring,))
    return tmp_path


def test_falls_back_to_the_suite_that_works(machine: Path) -> None:
    said: list[str] = []
    prefix = machine / "cache" / "asterisk"
    binary = install_private(prefix, progress=lambda text, _: said.append(text))
    assert binary.version == (22, 9, 8) and binary.program == prefix / "asterisk"
    assert binary.modules.is_dir() and (binary.data / "sounds/en").is_dir()
    assert any("sid" in text for text in said) and any("bullseye" in text for text in said)
    # Absolute links mean the package's own files; manuals are gone; nothing half done is left beside.
    assert (prefix / "root/usr/lib64/ld-test.so.1").readlink() == Path("../lib/testarch/ld-test.so.1")
    assert not (prefix / "root/usr/share/man").exists()
    assert sorted(path.name for path in prefix.parent.iterdir()) == ["asterisk", "asterisk.lock"]


def test_second_time_nothing_is_fetched(machine: Path) -> None:
    prefix = machine / "cache" / "asterisk"
    first = install_private(prefix)
    (machine / "apt.log").unlink()
    assert install_private(prefix) == first
    assert not (machine / "apt.log").exists()


def test_broken_installation_is_replaced(machine: Path) -> None:
    prefix = machine / "cache" / "asterisk"
    install_private(prefix)
    (prefix / "install.json").write_text("{")
    assert install_private(prefix).version == (22, 9, 8)


def test_may_be_moved(machine: Path) -> None:
    """The launcher finds its own files wherever the folder is: an offline bundle may carry it (O2)."""
    prefix = machine / "cache" / "asterisk"
    install_private(prefix)
    moved = machine / "elsewhere with blank"
    shutil.move(prefix, moved)
    assert ask_version(moved / "asterisk") == (22, 9, 8)


def test_failure_names_each_suite_and_what_to_do(machine: Path) -> None:
    with pytest.raises(InstallError, match=r"sid: apt-get failed .*no network today.*PATH"):
        install_private(machine / "cache" / "asterisk", suites=("sid",))
    assert sorted(path.name for path in (machine / "cache").iterdir()) == ["asterisk.lock"]


@pytest.mark.parametrize(
    ("missing", "package"), [("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("keyring", "debian-archive-keyring")]
)
def test_missing_tools_are_named(
    machine: Path, monkeypatch: pytest.MonkeyPatch, missing: str, package: str
) -> None:
    if missing == "keyring":
        monkeypatch.setattr("asterisk.install.apt.KEYRINGS", (machine / "none.gpg",))
    else:
        which = shutil.which
        monkeypatch.setattr(
            "asterisk.install.apt.shutil.which", lambda tool: None if tool == missing else which(tool)
        )
    with pytest.raises(AptError, match=rf"install the package {package}\b"):
        machine_archive("sid")


def test_archive_of_the_machine_or_one_given(machine: Path) -> None:
    own = machine_archive("bullseye")
    assert own.mirror == "http://archive.invalid/debian"
    assert own.sources().count("Suites:") == 2 and "bullseye-security" in own.sources()
    given = machine_archive("bullseye", "http://mirror.invalid/debian/")
    assert given.mirror == "http://mirror.invalid/debian"
    assert given.security == "http://mirror.invalid/debian-security"
    sid = Archive("sid", own.mirror, own.security, own.keyring)
    assert sid.sources().count("Suites:") == 1


@pytest.mark.parametrize(("version", "usable"), [("18.0.0", True), ("22.10.1", True), ("16.28.0", False)])
def test_asterisk_on_path(tmp_path: Path, version: str, usable: bool) -> None:
    program(tmp_path / "bin/asterisk", f"#!/bin/sh\necho Asterisk {version}\n")
    (tmp_path / "modules").mkdir()
    (tmp_path / "data").mkdir()
    conf = tmp_path / "asterisk.conf"
    conf.write_text(f"[directories]\nastmoddir => {tmp_path}/modules\nastdatadir={tmp_path}/data\n")
    found = find_on_path(f"{tmp_path}/bin:/usr/bin:/bin", conf)
    assert (found is not None) == usable
    if found is not None:
        assert (found.modules, found.data) == (tmp_path / "modules", tmp_path / "data")


def test_broken_asterisk_on_path_is_passed_over(tmp_path: Path) -> None:
    broken = program(tmp_path / "bin/asterisk", "#!/bin/sh\necho libfoo.so not found >&2\nexit 127\n")
    assert find_on_path(f"{tmp_path}/bin:/usr/bin:/bin") is None
    with pytest.raises(NotUsable, match=r"libfoo\.so not found"):
        ask_version(broken)


def test_one_on_path_wins_over_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin/asterisk", "#!/bin/sh\necho Asterisk 20.1.0\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr("asterisk.install.binary._MODULE_FOLDERS", (f"{tmp_path}/folder",))
    monkeypatch.setattr("asterisk.install.binary._DATA_FOLDERS", (f"{tmp_path}/folder",))
    said: list[str] = []
    assert find_or_install(tmp_path / "none", progress=lambda text, _: said.append(text)).version == (
        20,
        1,
        0,
    )
    assert said == [f"Using Asterisk 20.1.0 at {tmp_path}/bin/asterisk."]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("version", "usable"), [("3.6.1", True), ("3.7.3", True), ("3.5.2", False)])
def test_sipp_on_path_is_used_when_it_streams_by_itself(
    machine: Path, monkeypatch: pytest.MonkeyPatch, version: str, usable: bool
) -> None:
    """One that is too old is passed over, and the private one is tried."""
    found = program(machine / "bin/sipp", f"#!/bin/sh\necho ' SIPp v{version}-TLS.'\nexit 99\n")
    if usable:
        assert find_or_install_sipp(machine / "cache" / "sipp") == found
        return
    with pytest.raises(InstallError, match=r"No private sipp .*bookworm: .*install the package sip-tester"):
        find_or_install_sipp(machine / "cache" / "sipp")


def test_what_is_no_sipp_is_named_with_its_answer(tmp_path: Path) -> None:
    other = program(tmp_path / "sipp", "#!/bin/sh\necho nothing of the kind\n")
    with pytest.raises(NotUsable, match="nothing of the kind"):
        sipp_version(other)
