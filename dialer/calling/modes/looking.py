"""Who looks at a customer before the call, for how long, and what comes then (D2). Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.agents.queries import Agent
from dialer.calling.modes.states import Then
from dialer.calling.settings import CallingSettings
from dialer.calling.states import CallMode
from dialer.followups.dates import midnight
from dialer.playbooks.form.schema import Playbook

PREVIEW = "preview"
CUSTOMER_FIRST = "customer_first"


def looks_first(playbook: Playbook | None, who: Agent) -> bool:
    """Whether this agent looks at the customer before a call of this playbook."""
    return who.preview or (playbook is not None and playbook.mode == PREVIEW)


def mode_of(playbook: Playbook | None) -> CallMode:
    """How the engine itself calls for this playbook: the agent first, or the customer (D2)."""
    first = playbook is not None and playbook.mode == CUSTOMER_FIRST
    return CallMode.CUSTOMER_FIRST if first else CallMode.PROGRESSIVE


def time_to_look(playbook: Playbook | None, settings: CallingSettings) -> tuple[timedelta, Then]:
    """How long, and what comes then: the playbook's own word, else the site's."""
    seconds = settings.preview_seconds
    then = settings.preview_then
    if playbook is not None:
        seconds = playbook.preview_seconds or seconds
        then = playbook.preview_then or then
    return timedelta(seconds=seconds), Then(then)


def day_began(now: datetime, zone: ZoneInfo) -> datetime:
    """When the site's day began."""
    return midnight(now.astimezone(zone).date(), zone)


def unwanted_by_all(skipped: Collection[tuple[str, str]], agents: Sequence[Agent]) -> tuple[str, ...]:
    """The follow-ups that each of these agents has skipped: nobody of them is to be shown them again."""
    by: dict[str, set[str]] = {}
    for agent_id, follow_up_id in skipped:
        by.setdefault(follow_up_id, set()).add(agent_id)
    everyone = {one.id for one in agents}
    return tuple(sorted(one for one, who in by.items() if everyone <= who))
