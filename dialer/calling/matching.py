"""Which ready agent takes which follow-up (L6, D2, R12). Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from dialer.agents.queries import Agent
from dialer.followups.queries import FollowUp
from dialer.followups.rules import STAND_IN_AFTER

Named = Mapping[str, Collection[str]]
"""By playbook the numbers of the only agents who may call for it; one that is not in it is anybody's."""

_ALL: Named = {}

Unwanted = Collection[tuple[str, str]]
"""Agents and the follow-ups that they have skipped today (D2)."""


def pairs(
    agents: Sequence[Agent],
    due: Sequence[FollowUp],
    on_duty: Collection[str],
    now: datetime,
    named: Named = _ALL,
    unwanted: Unwanted = (),
) -> list[tuple[Agent, FollowUp]]:
    """Each follow-up with the agent who takes it, in the order of `due`; each agent, customer and telephone
    once.

    `agents` are ready, the longest waiting first; `on_duty` are all who are signed in, ready or not.
    Nobody is given what the rules forbid him, even where he would wait for nothing.
    """
    free = list(agents)
    called: set[str] = set()
    taken = []
    for owed in due:
        if not free:
            break
        if called & {owed.customer_id, owed.number}:
            continue
        able = [
            agent
            for agent in free
            if may_take(agent, owed, on_duty, now, named) and (agent.id, owed.id) not in unwanted
        ]
        if not able:
            continue
        agent = next((one for one in able if one.id == owed.owner_id), able[0])
        free.remove(agent)
        called |= {owed.customer_id, owed.number}
        taken.append((agent, owed))
    return taken


def may_take(
    agent: Agent, owed: FollowUp, on_duty: Collection[str], now: datetime, named: Named = _ALL
) -> bool:
    """Whether this agent may call for this follow-up now.

    What is assigned waits for its owner while he is on duty; a caller rule waits for him in any case;
    an appointment for five minutes.
    """
    if agent.id in owed.barred or not is_named(agent, owed.playbook, named):
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


def is_named(agent: Agent, playbook: str, named: Named) -> bool:
    """Whether the playbook lets this agent call at all (R12)."""
    callers = named.get(playbook)
    return callers is None or agent.code in callers


def shut_to(agents: Collection[Agent], named: Named) -> tuple[str, ...]:
    """The playbooks for which none of these agents may call: theirs would only be in the others' way."""
    return tuple(one for one in named if not any(is_named(agent, one, named) for agent in agents))
