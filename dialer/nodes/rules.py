"""What belongs to a node, and who may have it (D8). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

DEFAULT_NODE = "default"
"""The node of a site that names none."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one node has: its agents' phones, and the calls placed through it.

    `phones` are patterns of extensions, as 80*; what no node's patterns name is the first node's, and so
    are calls of a node that is configured no more. `others` are the names of the other nodes, and
    `other_phones` their patterns.
    """

    name: str = DEFAULT_NODE
    first: bool = True
    phones: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    other_phones: tuple[str, ...] = ()

    def has_phone(self, extension: str) -> bool:
        """Whether this extension registers at this node."""
        if _matches(extension, self.phones):
            return True
        return self.first and not _matches(extension, self.other_phones)

    def has_call(self, node: str | None) -> bool:
        """Whether a call that was placed through `node` is this node's."""
        return node == self.name or (self.first and (node is None or node not in self.others))


def alarm_subject(node: str) -> str:
    """What the alarms of a node are about: its name, where there are several."""
    return "asterisk" if node == DEFAULT_NODE else node


ALONE = Share()
"""The one node of a site that has no other."""


def _matches(extension: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(extension, pattern) for pattern in patterns)


class Kept(StrEnum):
    """What became of a lease that was to be renewed."""

    OURS = "ours"
    # Ours, and an installation that is at home there waits for it.
    WANTED = "wanted"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has a node: the run `holder` of the installation `owner`, until then. `token` fences: each new
    holder has a higher one."""

    node: str
    holder: str
    owner: str
    token: int
    until: datetime


def may_take(lease: Lease | None, owner: str, now: datetime, *, home: bool, patience: timedelta) -> bool:
    """Whether an installation may have the node: nobody has it, or it had it before, or the time is past.

    An installation runs one service at a time, so its own earlier run is dead; a copy of it is another one
    (`dialer/app/installation.py`). Who is not at `home` there leaves the node alone for `patience` more, so
    that those whose it is come first.
    """
    if lease is None:
        return home
    if lease.owner == owner:
        return True
    return now >= (lease.until if home else lease.until + patience)
