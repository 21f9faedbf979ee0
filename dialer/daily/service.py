"""Hand-over notes at every shift and on leave: each open item listed, signed by both (R9)."""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from dialer.agents.queries import Agent, agent
from dialer.assigning.queries import open_by_id
from dialer.assigning.rules import Move, Why
from dialer.assigning.service import move_all
from dialer.assigning.tables import hand_overs
from dialer.cases.tables import tasks
from dialer.daily.queries import HandOver, hand_over, open_items
from dialer.ids import new_id
from dialer.storage.feed import emit


class BadHandOver(ValueError):
    """A note cannot be made or signed like this. The message says why."""


def make_hand_over(conn: Connection, *, from_id: str, to_id: str, note: str, by: str, now: datetime) -> str:
    """A note with each open item of one agent for the other; both sign it afterwards. Returns its id.

    Raises:
        BadHandOver: an agent is not known, or both are one.
    """
    giver, taker = _agent(conn, from_id), _agent(conn, to_id)
    if giver.id == taker.id:
        raise BadHandOver("a note needs two people: choose who takes over")
    row = {
        "id": new_id(),
        "branch": giver.branch,
        "from_id": giver.id,
        "to_id": taker.id,
        "items": [item.as_json() for item in open_items(conn, giver)],
        "note": note[:2000],
        "made_at": now,
    }
    conn.execute(insert(hand_overs).values(**row))
    emit(conn, "hand_over.made", str(row["id"]), now, {"from": giver.id, "to": taker.id, "by": by})
    return str(row["id"])


def sign(conn: Connection, note_id: str, agent_id: str, now: datetime) -> HandOver:
    """One of the two signs. Once both have, the items are the taker's.

    Raises:
        BadHandOver: there is no such note, it is not this agent's, or the giver has not signed yet.
    """
    current = hand_over(conn, note_id)
    if current is None:
        raise BadHandOver("there is no such note")
    if agent_id == current.from_id and current.given_at is None:
        conn.execute(update(hand_overs).where(hand_overs.c.id == note_id).values(given_at=now))
        emit(conn, "hand_over.given", note_id, now, {"agent": agent_id})
    elif agent_id == current.to_id and current.taken_at is None:
        if current.given_at is None:
            raise BadHandOver("who hands over signs first")
        conn.execute(update(hand_overs).where(hand_overs.c.id == note_id).values(taken_at=now))
        moved = _take(conn, current, now)
        emit(conn, "hand_over.taken", note_id, now, {"agent": agent_id, "moved": moved})
    elif agent_id not in (current.from_id, current.to_id):
        raise BadHandOver("only the two people of a note sign it")
    signed = hand_over(conn, note_id)
    assert signed is not None  # it was read above, and nothing takes notes away
    return signed


def _take(conn: Connection, note: HandOver, now: datetime) -> int:
    """The items move. Who holds a case or a question item is read from the signed notes themselves."""
    ids = {kind: [str(item["id"]) for item in note.items if item["kind"] == kind] for kind in _MOVED}
    rows = open_by_id(conn, ids["follow_up"] + ids["appointment"])
    moves = [
        Move(row.id, row.owner_id, note.to_id, Why.HAND_OVER)
        for row in rows
        if row.owner_id == note.from_id and note.to_id not in row.barred
    ]
    move_all(conn, moves, note.from_id, now)
    for task_id in ids["task"]:
        change = update(tasks).where(tasks.c.id == task_id, tasks.c.state == "open")
        conn.execute(change.values(owner=note.to_id))
        emit(conn, "task.handed_over", task_id, now, {"to": note.to_id, "note": note.id})
    return len(moves) + len(ids["task"])


_MOVED = ("follow_up", "appointment", "task")


def _agent(conn: Connection, agent_id: str) -> Agent:
    found = agent(conn, agent_id)
    if found is None:
        raise BadHandOver("there is no such agent: choose another one")
    return found
