"""From settings and version to the text of Asterisk's configuration files. Pure: no file is written."""

import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from asterisk.settings import AsteriskSettings, PrivateAsteriskSettings
from asterisk.version import Version

# Told by HFAgentUp, so that the service notices an Asterisk whose include file is an older one.
DIALPLAN_VERSION = 5

# The manager interface of a private Asterisk never leaves the machine: it is not encrypted.
AMI_HOST = "127.0.0.1"

# What the service reads; the rest is filtered by Asterisk itself (148 events a call become 33).
AMI_EVENTS = (
    "FullyBooted",
    "Shutdown",
    "OriginateResponse",
    "Newchannel",
    "Newstate",
    "DialBegin",
    "DialState",
    "DialEnd",
    "BridgeEnter",
    "BridgeLeave",
    "Hold",
    "Unhold",
    "HangupRequest",
    "SoftHangupRequest",
    "Hangup",
    "UserEvent",
    "Rename",
    "BlindTransfer",
    "AttendedTransfer",
    "ContactStatus",
    "DeviceStateChange",
    "Status",
    "StatusComplete",
)

# Columns of the CEL file, in order. The names are Asterisk's.
CEL_COLUMNS = (
    "eventtype",
    "eventtime",
    "uniqueid",
    "linkedid",
    "channame",
    "appname",
    "userfield",
    "extra",
)
_CEL_VARIABLES = {"eventtype": "eventtype", "eventtime": "eventtime", "extra": "eventextra"}

# Commas, brackets, quotes, blanks and semicolons mean something in a dialplan or to a shell.
_PLAIN_PATH = re.compile(r"^/[0-9A-Za-z_./+@~=-]*$")

_PRIVATE_FILES = (
    "asterisk.conf",
    "modules.conf",
    "logger.conf",
    "manager.conf",
    "pjsip.conf",
    "rtp.conf",
    "extensions.conf",
    "huifang.conf",
    "cdr.conf",
    "cel.conf",
    "cel_custom.conf",
    "musiconhold.conf",
    "indications.conf",
)


# Asterisk calls it an error when these are missing, and its defaults are right.
_EMPTY_FILES = ("acl.conf", "ccss.conf", "features.conf", "pjproject.conf", "stasis.conf", "udptl.conf")
_EMPTY = "; Asterisk's defaults.\n"


class ConfError(ValueError):
    """A setting cannot be written into a configuration file. The message says which and why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports a private Asterisk really uses."""

    ami: int
    sip: int
    rtp_start: int
    rtp_end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a private Asterisk keeps its files. All below `run`, but for what was installed."""

    run: Path
    modules: Path
    data: Path

    @property
    def etc(self) -> Path:
        """Configuration files."""
        return self.run / "etc"

    @property
    def var(self) -> Path:
        """Asterisk's own state: its database and keys."""
        return self.run / "var"

    @property
    def log(self) -> Path:
        """Log files, the channel event log among them."""
        return self.run / "log"

    @property
    def spool(self) -> Path:
        """Asterisk's spool; recordings are in `recordings` below it."""
        return self.run / "spool"

    @property
    def socket(self) -> Path:
        """Folder of the control socket and the pid file."""
        return self.run / "run"

    @property
    def recordings(self) -> Path:
        """Where calls are recorded."""
        return self.spool / "monitor"

    @property
    def cel_file(self) -> Path:
        """The channel event log."""
        return self.log / "cel-custom" / "cel.csv"

    def folders(self) -> tuple[Path, ...]:
        """Every folder that must exist before Asterisk starts."""
        return (self.etc, self.var, self.socket, self.recordings, self.cel_file.parent)


def render_private(
    settings: PrivateAsteriskSettings, ports: Ports, layout: Layout, version: Version
) -> dict[str, str]:
    """Every configuration file of an Asterisk of our own, by name.

    Raises:
        ConfError: a path holds characters that a dialplan cannot carry.
    """
    for path in (layout.run, layout.modules, layout.data):
        _check_path(path)
    files = {
        name: _render(
            name,
            version,
            settings=settings,
            ports=ports,
            layout=layout,
            ami_host=AMI_HOST,
            recordings=layout.recordings,
            gate_seconds=settings.gate_seconds,
            trunk_gets_attempt=settings.trunk_gets_attempt,
            auto_answer=settings.auto_answer,
            username=settings.ami_username,
            secret=settings.ami_secret,
            permit=AMI_HOST,
            cel_file=layout.cel_file.name,
        )
        for name in _PRIVATE_FILES
    }
    return files | dict.fromkeys(_EMPTY_FILES, _EMPTY)


def render_addition(settings: AsteriskSettings, version: Version, service_host: str) -> dict[str, str]:
    """What an existing PBX needs, by file name: an include file for its dialplan (`huifang.conf`),
    one for its manager users (`manager_huifang.conf`), and a mapping for its channel event log.

    `service_host` is the only address the AMI user may come from.

    Raises:
        ConfError: a setting holds characters that a configuration file cannot carry.
    """
    _check_path(settings.recordings_dir)
    for name, value in (("username", settings.username), ("secret", settings.secret), ("host", service_host)):
        if not re.fullmatch(r"[0-9A-Za-z_.:~+-]+", value):
            raise ConfError(
                f"The AMI {name} may hold only letters, digits and _ . : ~ + - (and must not be empty): "
                "change it in the settings and render again."
            )
    return {
        "huifang.conf": _render(
            "huifang.conf",
            version,
            recordings=settings.recordings_dir,
            gate_seconds=settings.gate_seconds,
            trunk_gets_attempt=False,
            auto_answer=settings.auto_answer,
        ),
        "manager_huifang.conf": _render(
            "manager_huifang.conf",
            version,
            username=settings.username,
            secret=settings.secret,
            permit=service_host,
        ),
        "cel.conf": _render("cel.conf", version),
        "cel_custom.conf": _render("cel_custom.conf", version, cel_file=settings.cel_file.name),
    }


def _check_path(path: Path) -> None:
    if not _PLAIN_PATH.match(str(path)):
        raise ConfError(
            f"The folder {path} cannot be used by Asterisk: its path must be absolute, without blanks, "
            "commas, quotes, brackets or letters beyond ASCII. Choose another folder."
        )


_templates = Environment(
    loader=PackageLoader("asterisk.conf"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # configuration files, not pages; settings and _check_path refuse what could hurt
)


def _render(name: str, version: Version, **values: object) -> str:
    return _templates.get_template(f"{name}.j2").render(
        version=version,
        dialplan_version=DIALPLAN_VERSION,
        events=AMI_EVENTS,
        filter_by_name=_filters_by_name(version),
        cel_fields=[_cel_field(column) for column in CEL_COLUMNS],
        **values,
    )


def _filters_by_name(version: Version) -> bool:
    # `eventfilter(name(X)) =` came with 22.0, and in the older branches with these releases.
    first_minor = {18: 25, 20: 10, 21: 5}.get(version.major)
    return version.major >= 22 or (first_minor is not None and version.minor >= first_minor)


def _cel_field(column: str) -> str:
    variable = _CEL_VARIABLES.get(column) or f"CHANNEL({column})"
    return f"${{CSV_QUOTE(${{{variable}}})}}"
