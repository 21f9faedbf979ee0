"""Use cases of trainings (S3). Each runs in its caller's transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.ids import new_id
from dialer.storage.feed import emit
from qa.training import queries

_LONGEST_TOPIC, _LONGEST_MINUTES = 200, 600


class CannotNote(Exception):
    """This is no training. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Held:
    """A training as it is noted: `agents` by id, `calls` are the attempts it was held by."""

    held_on: date
    topic: str
    rule_id: str | None
    trainer: str
    minutes: int
    agents: Collection[str]
    calls: Collection[str] = ()
    note: str = ""


def note_training(conn: Connection, held: Held, by: str, today: date, now: datetime) -> str:
    """Note a training that was held; its id.

    Raises:
        CannotNote: it has no topic, nobody was there, it lies ahead, its length or a call cannot be.
    """
    topic = held.topic.strip()
    if not (topic or held.rule_id) or len(topic) > _LONGEST_TOPIC:
        raise CannotNote(f"Say what the training was about, in at most {_LONGEST_TOPIC} characters.")
    if not held.trainer.strip():
        raise CannotNote("Say who held the training.")
    if held.held_on > today:
        raise CannotNote(f"A training is noted once it was held: {held.held_on} lies ahead.")
    if not 1 <= held.minutes <= _LONGEST_MINUTES:
        raise CannotNote(f"A training takes 1 to {_LONGEST_MINUTES} minutes.")
    there, calls = sorted(set(held.agents)), sorted(set(held.calls))
    known = set(conn.scalars(select(agents.c.id).where(agents.c.id.in_(there))))
    if not there or set(there) - known:
        raise CannotNote("Choose the agents who were there.")
    found = set(conn.scalars(select(attempts.c.id).where(attempts.c.id.in_(calls))))
    if strange := [one for one in calls if one not in found]:
        raise CannotNote(f"There is no call {strange[0]}: take it from the list of cases.")
    training_id = new_id()
    values = {
        "id": training_id,
        "held_on": held.held_on,
        "rule_id": held.rule_id or None,
        "topic": topic,
        "trainer": held.trainer.strip()[:60],
        "minutes": held.minutes,
        "note": held.note.strip(),
        "noted_by": by,
        "noted_at": now,
    }
    queries.add(conn, values, there, calls)
    emit(conn, "training.noted", training_id, now, {"by": by, "agents": there, "rule": held.rule_id or ""})
    return training_id


def confirm(conn: Connection, training_id: str, agent_id: str, now: datetime) -> None:
    """The agent says that he was there.

    Raises:
        CannotNote: he is not on its list, or has said so.
    """
    if not queries.confirm(conn, training_id, agent_id, now):
        raise CannotNote("You are not on the list of this training, or have confirmed it already.")
    emit(conn, "training.confirmed", training_id, now, {"agent": agent_id})
