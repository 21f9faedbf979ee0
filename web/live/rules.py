"""Whom an event concerns, and how it is written to the page (X1). Pure."""

import json

from dialer.storage.feed import EventRow
from web.auth.queries import User
from web.auth.rules import Role

# What concerns everyone who works on the telephone.
_FOR_ALL = ("engine.", "link.", "halt.")
_ALARMS_FOR_ALL = frozenset({"link_down", "calls_refused"})
_SEES_ALL = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})


def concerns(row: EventRow, user: User) -> bool:
    """Whether this user's pages are told of it: an agent's only of himself and of the system."""
    if user.roles & _SEES_ALL:
        return True
    if row.kind.startswith(_FOR_ALL):
        return True
    if row.kind.startswith("alarm."):
        return row.data.get("kind") in _ALARMS_FOR_ALL
    return user.agent_id is not None and user.agent_id in (row.subject, row.data.get("agent"))


def as_message(row: EventRow) -> str:
    """The row as a message of the feed; its id is where the page goes on after a break."""
    body = {
        "kind": row.kind,
        "subject": row.subject,
        "at": int(row.at.timestamp() * 1000),
        "data": dict(row.data),
    }
    return f"id: {row.id}\nevent: row\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"


def as_beat(position: int, now_ms: int, age_ms: int) -> str:
    """A sign of life: the server's clock, and how old its news is, in milliseconds."""
    return f"id: {position}\nevent: beat\ndata: {json.dumps({'now': now_ms, 'age': age_ms})}\n\n"


def as_reset(position: int) -> str:
    """Too much was missed: the page loads its parts anew and goes on from here."""
    return f"id: {position}\nevent: reset\ndata: {{}}\n\n"
