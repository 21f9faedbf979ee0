"""What one call is about: its own follow-up and those merged into it, each with its questionnaire (L5, T2).

A question is named by its id; one of a merged follow-up by that follow-up's id before it: "01JD…:q3".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from dialer.followups.queries import FollowUp
from dialer.followups.tables import follow_ups
from dialer.forms.queries import Answer, answers_of, facts_for, values_of
from dialer.forms.rules import BadAnswer
from dialer.playbooks.asking import Asked, asked, branches
from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch

_MERGED = Prepared(
    select(follow_ups).where(follow_ups.c.merged_into == bindparam("leader")).order_by(follow_ups.c.id)
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One follow-up of a call: its playbook as it is for this customer, its facts, its answers."""

    owed: FollowUp
    playbook: Playbook
    facts: Mapping[str, Value]
    given: Mapping[str, Answer]
    standing: Asked
    prefix: str = ""

    def named(self, question_id: str) -> str:
        """How the call names a question of this topic."""
        return self.prefix + question_id

    @property
    def asked(self) -> tuple[str, ...]:
        """What is asked, by the names of the call."""
        return tuple(map(self.named, self.standing.ids))

    @property
    def missing(self) -> list[str]:
        """What must be answered and is not, by the names of the call."""
        return [self.named(one) for one in self.standing.missing]


def playbook_of(library: Library, owed: FollowUp) -> Playbook:
    """The playbook that a follow-up goes by: in its version, as it is for its segment (T7).

    Raises:
        BadPlaybook: there is none.
    """
    playbook = library.get(owed.playbook, owed.playbook_version)
    return playbook.variant(owed.segment) if owed.segment else playbook


def topic_of(conn: Connection, library: Library, owed: FollowUp, prefix: str = "") -> Topic:
    """How one follow-up stands.

    Raises:
        BadPlaybook: its playbook is gone.
    """
    playbook, facts, given = playbook_of(library, owed), facts_for(conn, owed), answers_of(conn, owed.id)
    return Topic(owed, playbook, facts, given, asked(playbook, values_of(given), facts), prefix)


def topics_of(conn: Connection, library: Library, owed: FollowUp) -> tuple[Topic, ...]:
    """What a call for this follow-up is about: its own topic first, then those merged into it."""
    others = fetch(conn, _MERGED, FollowUp, leader=owed.id)
    merged = [one for one in others if library.find(one.playbook) is not None]
    return (
        topic_of(conn, library, owed),
        *(topic_of(conn, library, one, prefix=f"{one.id}:") for one in merged),
    )


def find(topics: Sequence[Topic], name: str) -> tuple[Topic, str]:
    """The topic and the question's own id of what the call names `name`.

    Raises:
        BadAnswer: the call is not about that.
    """
    prefix, colon, question_id = name.rpartition(":")
    for topic in topics:
        if topic.prefix == prefix + colon:
            return topic, question_id
    raise BadAnswer(f"this call has no question {name!r}")


def all_branches(topics: Sequence[Topic]) -> dict[str, dict[str, tuple[str, ...]]]:
    """What would be asked in the whole call after each answer to a question that decides: `[name][value]`."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for topic in topics:
        for question, after in branches(topic.playbook, values_of(topic.given), topic.facts).items():
            found[topic.named(question)] = {
                value: tuple(
                    name
                    for other in topics
                    for name in (map(topic.named, ids) if other is topic else other.asked)
                )
                for value, ids in after.items()
            }
    return found
