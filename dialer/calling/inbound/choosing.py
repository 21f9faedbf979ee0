"""Which agent a customer who rings is put through to, and when he is called back (D9). Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.agents.queries import Agent
from dialer.calling.matching import Named, is_named
from dialer.followups.hours import in_window, next_open
from dialer.followups.queries import FollowUp
from dialer.playbooks.form.timing import Window

# A customer who was not put through is called back within so many working minutes.
CALL_BACK_WITHIN = timedelta(minutes=15)


def choose(
    free: Sequence[Agent], wanted: str | None, owed: FollowUp | None, named: Named
) -> tuple[Agent, bool] | None:
    """The agent for a caller, and whether he may talk about what is owed; None: nobody is free.

    First who called him last, then whoever may talk about what is owed, then anybody; the longest waiting
    first. Nobody is kept from a customer who rings: only the follow-up is.
    """
    if not free:
        return None

    def rank(agent: Agent) -> tuple[bool, bool]:
        return agent.id != wanted, not _may(agent, owed, named)

    chosen = min(free, key=rank)
    return chosen, owed is not None and _may(chosen, owed, named)


def _may(agent: Agent, owed: FollowUp | None, named: Named) -> bool:
    if owed is None or agent.id in owed.barred or not is_named(agent, owed.playbook, named):
        return False
    if owed.bound and owed.owner_id not in (None, agent.id):
        return False
    return not owed.skill or owed.skill in agent.skills or agent.id == owed.owner_id


def call_back(now: datetime, windows: Sequence[Window], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when on and until when a customer is called back: fifteen minutes of calling hours."""
    begins = now if in_window(windows, now, zone) else next_open(now, windows, zone)
    return begins, begins + CALL_BACK_WITHIN
