"""The link to Asterisk: whether there is one, what the user may do, what is heard of a call. Pure."""

from collections.abc import Iterator
from ipaddress import ip_address

from asterisk.ami import LinkFault
from asterisk.asking import ACTIONS, DOCTOR_CONTEXT, Answers
from asterisk.conf import AMI_EVENTS
from asterisk.settings import AsteriskSettings
from asterisk.version import parse_version
from web.finding import Finding, Level, said
from web.i18n import N_

OLDEST, WANTED = 16, 18

# A call that rings nobody shows at least these.
_SHOWN = ("Newchannel", "DialBegin", "UserEvent", "Hangup", "OriginateResponse")
# Whoever may send these can run programs or change the telephone system.
_DANGEROUS = ("Command", "DBPut", "GetConfig", "ModuleLoad", "Reload", "UpdateConfig")
_SKEW_WARN, _SKEW_FAIL = 2.0, 30.0

_LINK, _TLS, _VERSION = N_("Link to Asterisk"), N_("Encryption of the link"), N_("Version of Asterisk")
_RIGHTS, _EVENTS, _CLOCK = N_("Rights of the AMI user"), N_("Events of calls"), N_("Clocks")


def no_link(fault: LinkFault) -> Iterator[Finding]:
    """There is no link: why, and what cannot be looked at without it."""
    yield Finding(
        "ami-link", _LINK, Level.FAIL, said("{reason}", reason=fault.reason), said("{do}", do=fault.advice)
    )
    for check, title in (
        ("asterisk-version", _VERSION),
        ("ami-rights", _RIGHTS),
        ("ami-events", _EVENTS),
        ("clock", _CLOCK),
    ):
        yield Finding(
            check, title, Level.UNKNOWN, said(N_("Cannot be looked at without the link to Asterisk."))
        )


def check_link(settings: AsteriskSettings) -> Finding:
    """The link is there."""
    seen = said(
        N_("Asterisk answers at {address} to user {name}."),
        address=f"{settings.host}:{settings.port}",
        name=settings.username,
    )
    return Finding("ami-link", _LINK, Level.OK, seen)


def check_tls(settings: AsteriskSettings) -> Finding:
    """Whether the user's secret crosses a network in clear."""
    if settings.tls:
        return Finding(
            "ami-tls", _TLS, Level.OK, said(N_("The link is encrypted; the certificate is checked."))
        )
    if _is_here(settings.host):
        return Finding("ami-tls", _TLS, Level.OK, said(N_("The link does not leave this machine.")))
    return Finding(
        "ami-tls",
        _TLS,
        Level.WARN,
        said(
            N_("The link to {host} is not encrypted: names, numbers and the secret can be read."),
            host=settings.host,
        ),
        said(
            N_(
                "Set tlsenable, tlsbindaddr and tlscertfile in manager.conf, then asterisk.tls and "
                "asterisk.port here; or keep both machines on a network of their own."
            )
        ),
    )


def check_version(answers: Answers) -> Finding:
    """18 or later; 16 is worked with."""
    try:
        version = parse_version(f"Asterisk {answers.version}")
    except ValueError:
        return Finding(
            "asterisk-version",
            _VERSION,
            Level.UNKNOWN,
            said(N_("Asterisk does not tell its version.")),
            said(N_("Look with asterisk -V on its machine: {n} or later is wanted."), n=WANTED),
        )
    seen = said(N_("Asterisk {version}."), version=version)
    if version.major >= WANTED:
        return Finding("asterisk-version", _VERSION, Level.OK, seen)
    level = Level.WARN if version.major >= OLDEST else Level.FAIL
    advice = said(
        N_("Upgrade Asterisk: {n} or later is wanted; {oldest} works and is no longer mended."),
        n=WANTED,
        oldest=OLDEST,
    )
    return Finding("asterisk-version", _VERSION, level, seen, advice)


def check_rights(answers: Answers) -> Finding:
    """What the user may send, by ListCommands: nothing is tried out."""
    if not answers.actions:
        return Finding(
            "ami-rights",
            _RIGHTS,
            Level.UNKNOWN,
            said(N_("Asterisk does not list what the user may send.")),
            said(N_("Compare the user's section in manager.conf with `dialer asterisk config`.")),
        )
    lacking = [one for one in ACTIONS if one not in answers.actions]
    if lacking:
        return Finding(
            "ami-rights",
            _RIGHTS,
            Level.FAIL,
            said(N_("The user may not send {actions}."), actions=", ".join(lacking)),
            said(
                N_(
                    "Give the user in manager.conf write = call,originate,reporting, load "
                    "res_manager_devicestate.so, then `manager reload`."
                )
            ),
        )
    too_much = [one for one in _DANGEROUS if one in answers.actions]
    if too_much:
        return Finding(
            "ami-rights",
            _RIGHTS,
            Level.WARN,
            said(N_("The user may do more than it needs: {actions}."), actions=", ".join(too_much)),
            said(N_("Take all but call,originate,reporting out of the user's write line in manager.conf.")),
        )
    return Finding(
        "ami-rights",
        _RIGHTS,
        Level.OK,
        said(N_("The user may send all {n} actions that are needed, and nothing dangerous."), n=len(ACTIONS)),
    )


def check_events(answers: Answers) -> Finding:
    """What was heard of the call that rings nobody."""
    trial = answers.trial
    heard = set(trial.heard)
    lacking = [one for one in _SHOWN if one not in heard]
    if not any(row.get("Context") == DOCTOR_CONTEXT for row in answers.dialplan) and trial.answer is None:
        # Without our dialplan the call ends at once: that is another check's finding.
        lacking = [one for one in lacking if one not in ("UserEvent", "DialBegin")]
    if trial.refused:
        return Finding(
            "ami-events",
            _EVENTS,
            Level.FAIL,
            said(N_("A call that rings nobody was refused: {error}"), error=trial.refused),
            said(
                N_("Give the user in manager.conf write = call,originate,reporting, then `manager reload`.")
            ),
        )
    if lacking:
        return Finding(
            "ami-events",
            _EVENTS,
            Level.FAIL,
            said(N_("Nothing was heard of {events} in a call that rings nobody."), events=", ".join(lacking)),
            said(
                N_(
                    "Give the user read = system,call,user,reporting and the eventfilter lines that "
                    "`dialer asterisk config` prints, then `manager reload`."
                )
            ),
        )
    more = sorted(heard - set(AMI_EVENTS))
    if more:
        return Finding(
            "ami-events",
            _EVENTS,
            Level.WARN,
            said(N_("Events that nobody needs are sent, too: {events}."), events=", ".join(more)),
            said(
                N_(
                    "Add the eventfilter lines that `dialer asterisk config` prints to the user in "
                    "manager.conf: a call then sends a fifth of the data."
                )
            ),
        )
    return Finding(
        "ami-events",
        _EVENTS,
        Level.OK,
        said(
            N_("A call that rings nobody was heard from beginning to end ({n} events)."), n=len(trial.heard)
        ),
    )


def check_clock(answers: Answers) -> Finding:
    """Asterisk's clock beside ours: times of a call come from both."""
    if answers.clock_ahead is None:
        return Finding(
            "clock",
            _CLOCK,
            Level.UNKNOWN,
            said(N_("Asterisk does not tell its time.")),
            said(N_("Set timestampevents = yes in the section [general] of manager.conf.")),
        )
    apart = abs(answers.clock_ahead)
    seen = said(
        N_("The clocks of Asterisk and of this machine are {seconds} s apart."), seconds=f"{apart:.2f}"
    )
    if apart < _SKEW_WARN:
        return Finding("clock", _CLOCK, Level.OK, seen)
    level = Level.WARN if apart < _SKEW_FAIL else Level.FAIL
    return Finding("clock", _CLOCK, level, seen, said(N_("Run a time service (chrony) on both machines.")))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
