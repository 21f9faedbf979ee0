"""This machine: who may read the settings, the panel's port, open files, time zones."""

import resource
import stat
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from dialer.app.settings import FILE_NAME, Settings
from web.finding import Finding, Level, said
from web.i18n import N_

_SECRETS, _PORT, _FILES, _ZONE = N_("Secrets"), N_("Panel"), N_("Open files"), N_("Time zone")
PATIENCE_SECONDS = 5.0
# The database, its readers, the log, the workers' pipes, and a few more.
_FILES_AT_REST, _FILES_OF_AN_AGENT = 256, 12
_FILES_OF_A_CALL = 20


def check_secrets(settings: Settings) -> Finding:
    """Settings hold the secret of the telephone system, the database every customer."""
    files = [settings.data_dir / FILE_NAME, *settings.data_dir.glob("dialer.db*")]
    open_to_all = [path for path in files if path.is_file() and _mode(path) & (stat.S_IROTH | stat.S_IWOTH)]
    shut_above = not _mode(settings.data_dir) & stat.S_IXOTH
    if not open_to_all or shut_above:
        return Finding(
            "secrets", _SECRETS, Level.OK, said(N_("Settings and database are closed to other users."))
        )
    names = ", ".join(path.name for path in open_to_all)
    return Finding(
        "secrets",
        _SECRETS,
        Level.WARN,
        said(N_("Every user of this machine may read {files}."), files=names),
        said(N_("Run: chmod 700 {folder}"), folder=settings.data_dir),
    )


async def check_port(settings: Settings, pid: int | None) -> Finding:
    """The panel answers where the service runs; else its port is free."""
    host, port = settings.web.host, settings.web.port
    address = f"{host}:{port}"
    if port == 0:
        return Finding("panel", _PORT, Level.OK, said(N_("The panel takes any free port (web.port is 0).")))
    answered = await _answers("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)
    if answered == "huifang":
        return Finding("panel", _PORT, Level.OK, said(N_("The panel answers at {address}."), address=address))
    if answered is not None:
        return Finding(
            "panel",
            _PORT,
            Level.FAIL,
            said(N_("Another program answers at {address}."), address=address),
            said(N_("End that program, or set another web.port.")),
        )
    if pid is not None:
        return Finding(
            "panel",
            _PORT,
            Level.FAIL,
            said(
                N_("The service runs (process {pid}) and does not answer at {address}."),
                pid=pid,
                address=address,
            ),
            said(N_("Look into its log; was it started with --port?")),
        )
    return Finding(
        "panel", _PORT, Level.OK, said(N_("The service does not run; {address} is free."), address=address)
    )


def check_open_files(agents: int, pid: int | None, asterisk_limit: int, calls: int) -> Finding:
    """How many files the service may open, and Asterisk (0: not known)."""
    limit, whole = _limit(pid), _FILES_AT_REST + _FILES_OF_AN_AGENT * agents
    needed_there = _FILES_OF_A_CALL * calls
    if limit < whole:
        return Finding(
            "open-files",
            _FILES,
            Level.FAIL if limit < _FILES_AT_REST else Level.WARN,
            said(N_("The service may open {limit} files and may need {n}."), limit=limit, n=whole),
            said(N_("Set LimitNOFILE=65536 in its unit file, or ulimit -n 65536 before it starts.")),
        )
    if 0 < asterisk_limit < needed_there:
        return Finding(
            "open-files",
            _FILES,
            Level.WARN,
            said(
                N_("Asterisk may open {limit} files and may need {n}."), limit=asterisk_limit, n=needed_there
            ),
            said(N_("Set maxfiles = 65000 in asterisk.conf and start Asterisk again.")),
        )
    return Finding(
        "open-files", _FILES, Level.OK, said(N_("The service may open {limit} files."), limit=limit)
    )


def check_zones(settings: Settings) -> Finding:
    """The same zone for calls, pages and file names. Pure."""
    zones = {
        "calling.time_zone": settings.calling.time_zone,
        "web.time_zone": settings.web.time_zone,
        "recordings.time_zone": settings.recordings.time_zone,
    }
    for name, zone in zones.items():
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            seen = said(N_("{setting} is {zone}, which is no time zone known here."), setting=name, zone=zone)
            do = said(N_("Give an IANA name such as Asia/Shanghai; install tzdata where they are missing."))
            return Finding("time-zone", _ZONE, Level.FAIL, seen, do)
    if len(set(zones.values())) > 1:
        told = ", ".join(f"{name} = {zone}" for name, zone in zones.items())
        seen = said(N_("The settings name several time zones: {zones}."), zones=told)
        return Finding("time-zone", _ZONE, Level.WARN, seen, said(N_("Set all of them to the same.")))
    return Finding(
        "time-zone", _ZONE, Level.OK, said(N_("All times are in {zone}."), zone=settings.web.time_zone)
    )


async def _answers(host: str, port: int) -> str | None:
    """Who answers there: "huifang", "another", or None where nobody listens."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)) as http,
            http.get(f"http://{host}:{port}/healthz") as answer,
        ):
            return "huifang" if (await answer.text()).startswith("ok") else "another"
    except aiohttp.ClientConnectorError:
        return None
    except (TimeoutError, aiohttp.ClientError, UnicodeDecodeError):
        return "another"


def _limit(pid: int | None) -> int:
    """Of the service where it runs, else of this process."""
    if pid is not None:
        try:
            for line in Path(f"/proc/{pid}/limits").read_text(encoding="utf-8").splitlines():
                if line.startswith("Max open files"):
                    return int(line.split()[3])
        except (OSError, ValueError):
            pass
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
