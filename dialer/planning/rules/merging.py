"""One call about several topics: what may share it, within which length (L5). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dialer.planning.rules.owed import Owed


@dataclass(slots=True)
class Call:
    """A call that will be made: what leads it, and what it also does."""

    lead: Owed
    also: list[Owed] = field(default_factory=list)
    # Being tried already: others may join, it joins nobody.
    begun: bool = False

    @property
    def topics(self) -> list[Owed]:
        """All that the call is about."""
        return [self.lead, *self.also]


def share_calls(owed: Sequence[Owed], calls: Sequence[Call], now: datetime) -> list[Call]:
    """Put what is owed to one customer into as few calls as the rules allow.

    `owed` comes in the order of importance. `calls` are there already; they are changed in place.
    """
    shared = list(calls)
    for one in owed:
        call = next((call for call in shared if _joins(one, call, now)), None)
        if call is not None:
            call.also.append(one)
            continue
        turned = next((call for call in shared if not call.begun and _takes_over(one, call, now)), None)
        if turned is not None:
            turned.also, turned.lead = turned.topics, one
            continue
        shared.append(Call(one))
    return shared


def _joins(one: Owed, call: Call, now: datetime) -> bool:
    return one.playbook.id in call.lead.playbook.merge.accept and fits(call.lead, [*call.also, one], now)


def _takes_over(one: Owed, call: Call, now: datetime) -> bool:
    accepted = one.playbook.merge.accept
    return all(topic.playbook.id in accepted for topic in call.topics) and fits(one, call.topics, now)


def fits(lead: Owed, also: Sequence[Owed], now: datetime) -> bool:
    """Whether one call may be about all these: its length, its dates, its hours, its caller."""
    topics = [lead, *also]
    merge = lead.playbook.merge
    if sum(topic.playbook.expected_minutes for topic in topics) > merge.max_minutes:
        return False
    if sum(len(topic.playbook.questionnaire) for topic in topics) > merge.max_questions:
        return False
    if not all(a.playbook.may_share_a_call_with(b.playbook) for a in (lead,) for b in also):
        return False
    # Nothing is sold in a call in which another topic forbids it (P16).
    if any(topic.playbook.selling for topic in topics) and any(topic.playbook.no_selling for topic in topics):
        return False
    return (
        len({topic.playbook.caps.exempt for topic in topics}) == 1
        and _same_time(topics, now)
        and _same_hours(topics)
        and _same_caller(topics)
    )


def _same_time(topics: Sequence[Owed], now: datetime) -> bool:
    """Nothing is called before its time, and nothing misses its target by waiting for another."""
    ready = max(topic.dates.earliest for topic in topics)
    return ready <= now or ready < min(topic.dates.target for topic in topics)


def _same_hours(topics: Sequence[Owed]) -> bool:
    lead, *others = topics
    return all(
        any(
            a.start < b.end and b.start < a.end for a in lead.playbook.windows for b in other.playbook.windows
        )
        and lead.playbook.holidays is other.playbook.holidays
        for other in others
    )


def _same_caller(topics: Sequence[Owed]) -> bool:
    owners = {topic.owner_id for topic in topics if topic.owner_id is not None}
    skills = {topic.playbook.skill for topic in topics if topic.playbook.skill}
    barred = {agent for topic in topics for agent in topic.barred}
    named = {frozenset(topic.playbook.callers) for topic in topics}
    return len(owners) <= 1 and len(skills) <= 1 and not owners & barred and len(named) == 1
