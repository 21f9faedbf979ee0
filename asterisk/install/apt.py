"""Debian's packages with an apt state of our own: the machine's own is neither read nor changed.

Only the address of the Debian archive is taken from the machine's configuration.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
# Suites whose security fixes lie in an archive of their own.
_WITH_SECURITY = frozenset({"bullseye"})
_FETCH_SECONDS = 900


class AptError(Exception):
    """Packages cannot be had. The message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where a suite's packages are, and the keys that must have signed them."""

    suite: str
    mirror: str
    security: str | None
    keyring: Path

    def sources(self) -> str:
        """The text of apt's deb822 sources file."""
        wanted = [(self.mirror, self.suite)]
        if self.security and self.suite in _WITH_SECURITY:
            wanted.append((self.security, f"{self.suite}-security"))
        return "\n".join(
            f"Types: deb\nURIs: {address}\nSuites: {suite}\nComponents: main\nSigned-By: {self.keyring}\n"
            for address, suite in wanted
        )


def machine_archive(suite: str, mirror: str | None = None) -> Archive:
    """The archive that this machine's own apt uses, or the `mirror` given.

    Raises:
        AptError: apt, dpkg-deb or Debian's keys are missing, or no Debian mirror is configured.
    """
    for tool, package in (("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar")):
        if shutil.which(tool) is None:
            raise AptError(
                f"The program {tool} is missing: install the package {package} (Debian or Ubuntu)."
            )
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise AptError("Debian's signing keys are missing: install the package debian-archive-keyring.")
    addresses = configured_addresses()
    main = mirror or next((one for one in addresses if one.endswith("/debian")), None)
    if main is None:
        raise AptError(
            "This machine's apt configuration names no Debian archive: pass the address of one (mirror)."
        )
    main = main.rstrip("/")
    security = next((one for one in addresses if one.endswith("/debian-security")), f"{main}-security")
    return Archive(suite, main, f"{main}-security" if mirror else security, keyring)


def configured_addresses() -> list[str]:
    """Addresses of the archives that this machine's apt uses, without a slash at the end."""
    done = _run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], 30)
    return [line.strip().rstrip("/") for line in done.splitlines() if line.strip()]


class Apt:
    """apt-get with all its state below one folder."""

    def __init__(self, state: Path, archive: Archive) -> None:
        for folder in ("sources", "lists/partial", "cache/archives/partial"):
            (state / folder).mkdir(parents=True)
        (state / "status").touch()
        (state / "sources" / "huifang.sources").write_text(archive.sources(), encoding="utf-8")
        self._archives = state / "cache" / "archives"
        options = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": f"{state}/sources",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": str(state),
            "Dir::State::Lists": f"{state}/lists",
            "Dir::State::status": f"{state}/status",
            "Dir::Cache": f"{state}/cache",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "Debug::NoLocking": "1",
        }
        self._command = ["apt-get", "-qq"]
        for name, value in options.items():
            self._command += ["-o", f"{name}={value}"]

    def update(self) -> None:
        """Read the package lists.

        Raises:
            AptError: the archive cannot be reached, or is not signed by Debian.
        """
        _run([*self._command, "update"], _FETCH_SECONDS)

    def fetch(self, packages: Sequence[str]) -> list[Path]:
        """Download the packages and all they depend on; nothing is installed.

        Raises:
            AptError: not to be had, or a dependency cannot be met.
        """
        _run([*self._command, "-y", "--download-only", "install", *packages], _FETCH_SECONDS)
        return sorted(self._archives.glob("*.deb"))


def _run(command: Sequence[str], seconds: int) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise AptError(
            f"{command[0]} did not end within {seconds} s: is the network slow or down?"
        ) from error
    if done.returncode != 0:
        told = " ".join(line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip())
        raise AptError(f"{command[0]} failed (is the Debian archive reachable from here?): {told[-600:]}")
    return done.stdout
