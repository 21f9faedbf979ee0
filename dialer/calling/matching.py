"""Which ready agent takes which follow-up (L6, D2). Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime

from dialer.agents.queries import Agent
from dialer.followups.queries import FollowUp
from dialer.followups.rules import STAND_IN_AFTER


def pairs(
    agents: Sequence[Agent], due: Sequence[FollowUp], on_duty: Collection[str], now: datetime
) -> list[tuple[Agent, FollowUp]]:
    """Each follow-up with the agent who takes it, in the order of `due`; each agent and customer once.

    `agents` are ready, the longest waiting first; `on_duty` are all who are signed in, ready or not.
    Nobody is given what the rules forbid him, even where he would wait for nothing.
    """
    free = list(agents)
    called: set[str] = set()
    taken = []
    for owed in due:
        if not free:
            break
        if owed.customer_id in called:
            continue
        able = [agent for agent in free if may_take(agent, owed, on_duty, now)]
        if not able:
            continue
        agent = next((one for one in able if one.id == owed.owner_id), able[0])
        free.remove(agent)
        called.add(owed.customer_id)
        taken.append((agent, owed))
    return taken


def may_take(agent: Agent, owed: FollowUp, on_duty: Collection[str], now: datetime) -> bool:
    """Whether this agent may call for this follow-up now.

    What is assigned waits for its owner while he is on duty; a caller rule waits for him in any case;
    an appointment for five minutes.
    """
    if agent.id in owed.barred:
        return False
    if owed.skill and owed.skill not in agent.skills and agent.id != owed.owner_id:
        return False
    if owed.owner_id is None or owed.owner_id == agent.id:
        return True
    if owed.bound:
        return False
    if owed.appointment_at is not None:
        return now >= owed.appointment_at + STAND_IN_AFTER
    return owed.owner_id not in on_duty
