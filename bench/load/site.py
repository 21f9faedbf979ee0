"""What the whole service of a load run works on, made by whoever may know every part of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asterisk.settings import AsteriskSettings


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What is wanted: agents at these extensions, signed in and paused, and as many customers to call."""

    data_dir: Path
    asterisk: AsteriskSettings
    extensions: tuple[str, ...]
    customers: int
    panel_port: int


@dataclass(frozen=True, slots=True)
class Site:
    """A data folder that is ready to be served. Logins are the headers of requests, agents' by agent id."""

    data_dir: Path
    url: str
    archive: Path
    panel: str
    supervisor: Mapping[str, str]
    agents: Mapping[str, Mapping[str, str]]


MakeSite = Callable[[SitePlan], Awaitable[Site]]
