"""Roles, and how long a further try has to wait after wrong passwords (X1, X2). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Wrong passwords are forgotten when this time passed without another.
FORGET_AFTER = timedelta(hours=1)
MIN_PASSWORD = 8


class Role(StrEnum):
    """What a user is allowed to see and do. A user may have several."""

    AGENT = "agent"
    QA = "qa"
    # Publishes rules and leads the reviews; given beside qa.
    QA_LEAD = "qa_lead"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    # Reads who used which right, and changes nothing (R7).
    AUDITOR = "auditor"


# Whoever may see everything sees the live page first.
_HOMES = (
    (Role.AGENT, "/agent"),
    (Role.SUPERVISOR, "/supervisor"),
    (Role.QA, "/qa"),
    (Role.QA_LEAD, "/qa"),
    (Role.ADMIN, "/supervisor"),
    (Role.AUDITOR, "/rights"),
)


class BadUser(ValueError):
    """A user cannot be added like this. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords in a row for one name or address."""

    count: int = 0
    last_at: datetime | None = None

    def as_of(self, now: datetime) -> "Failures":
        """What of them still counts."""
        if self.last_at is None or now - self.last_at >= FORGET_AFTER:
            return Failures()
        return self

    def wait(self, free: int, longest: timedelta, now: datetime) -> timedelta:
        """How long the next try has to wait: nothing for `free` tries, then 1, 2, 4… s to `longest`."""
        current = self.as_of(now)
        if current.last_at is None or current.count < free:
            return timedelta(0)
        # The exponent is bounded so that a long attack cannot overflow the number.
        delay = min(longest, timedelta(seconds=2 ** min(current.count - free, 30)))
        return max(timedelta(0), current.last_at + delay - now)


def home_of(roles: frozenset[str]) -> str:
    """The page a user lands on after the login."""
    for role, path in _HOMES:
        if role in roles:
            return path
    return "/supervisor"


def safe_path(wanted: str) -> str:
    """`wanted` if it is a path of this panel, else "/": never a way to another site."""
    if wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable():
        return wanted
    return "/"


def check_new_user(login: str, roles: frozenset[str], agent_id: str | None) -> None:
    """Refuse what cannot be a user.

    Raises:
        BadUser: the name is empty, a role is not known, or an agent has no extension.
    """
    if not login:
        raise BadUser("the user name is empty: give one")
    unknown = roles - set(Role)
    if unknown or not roles:
        raise BadUser(f"roles {sorted(roles)}: choose one or more of {', '.join(Role)}")
    if Role.AGENT in roles and agent_id is None:
        raise BadUser(f"user {login!r} has the role agent: name the agent whose phone it is")
