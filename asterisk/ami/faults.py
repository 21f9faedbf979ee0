"""Why a link is down, each with the sentence that tells a person what to do."""

from dataclasses import dataclass

_SHUTTING_DOWN = "shutting down"


@dataclass(frozen=True, slots=True)
class LinkFault(Exception):
    """The link cannot be had or was lost.

    `slow` asks for a long pause before the next try: the other side refused us, and trying again at once
    would only fill its log or have us banned.
    """

    reason: str
    advice: str
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.reason} {self.advice}"


def cannot_connect(host: str, port: int, error: BaseException) -> LinkFault:
    """No TCP connection (or no TLS session) to Asterisk's manager port."""
    why = str(error) or type(error).__name__
    return LinkFault(
        f"Asterisk cannot be reached at {host}:{port} ({why}).",
        "Check that Asterisk runs, that manager.conf has enabled=yes with this port and bindaddr, "
        "and that the settings host and port are right.",
    )


def not_ami(host: str, port: int) -> LinkFault:
    """Something answered that is no Asterisk manager."""
    return LinkFault(
        f"What answers at {host}:{port} is not Asterisk's manager interface.",
        "Set the setting port to the port of manager.conf (5038 unless changed there).",
        slow=True,
    )


def login_refused(username: str, message: str) -> LinkFault:
    """Asterisk answered the login with an error."""
    if _SHUTTING_DOWN in message.lower():
        return shutting_down()
    return LinkFault(
        f"Asterisk refused the login of AMI user {username!r} ({message or 'no reason given'}).",
        f"Set the settings username and secret to those of a user in manager.conf: [{username}] must "
        "exist there, its secret must be the same, and its permit line must allow this machine. "
        "Login is tried again by itself.",
        slow=True,
    )


def not_booted(username: str, seconds: float) -> LinkFault:
    """Login worked and FullyBooted never came."""
    return LinkFault(
        f"Asterisk accepted the login but did not say within {seconds:g} s that it is fully booted.",
        f"If Asterisk is up, user [{username}] in manager.conf may lack rights: "
        "it needs read = system,call,user,reporting.",
        slow=True,
    )


def shutting_down() -> LinkFault:
    """Asterisk said that it stops."""
    return LinkFault("Asterisk is shutting down.", "Start Asterisk again; the link comes back by itself.")


def silent(seconds: float) -> LinkFault:
    """A ping was not answered: the link is half open or Asterisk hangs."""
    return LinkFault(
        f"Asterisk did not answer a ping within {seconds:g} s.",
        "Check the network to the Asterisk machine and its load; the link is tried again by itself.",
    )


def lost(error: BaseException | None) -> LinkFault:
    """The connection ended without a word."""
    why = f" ({error})" if error else ""
    return LinkFault(
        f"The connection to Asterisk was lost{why}.",
        "Check that Asterisk runs and the network to it; the link is tried again by itself. "
        "If this happens under load, raise writetimeout of the user in manager.conf to 5000 or more.",
    )


def overflowed(limit: int) -> LinkFault:
    """Events came faster than they were taken: the rest is settled after a fresh link."""
    return LinkFault(
        f"More than {limit} call events wait to be handled: "
        "the link was reset and all calls are settled anew.",
        "Look for a slow database or an overloaded machine; set the event filter in manager.conf.",
    )


def garbled(limit: int) -> LinkFault:
    """A message without an end."""
    return LinkFault(
        f"Asterisk sent a message longer than {limit} bytes.",
        "Check that nothing but Asterisk answers at this port; the link is tried again by itself.",
    )
