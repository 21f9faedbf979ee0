"""Raising and clearing alarms: one open alarm for one kind and subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from dialer.alarms.tables import alarms
from dialer.ids import new_id
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch

# Asked at each move of an agent, and nearly always for nothing.
_CLEAR = Prepared(
    update(alarms).where(
        alarms.c.kind == bindparam("of_kind"),
        alarms.c.subject == bindparam("of_subject"),
        alarms.c.cleared_at.is_(None),
    ),
    columns=("of_kind", "of_subject", "cleared_at"),
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at, open since `raised_at`."""

    id: str
    kind: str
    subject: str
    data: Mapping[str, Any]
    raised_at: datetime
    cleared_at: datetime | None


def raise_alarm(
    conn: Connection, kind: str, subject: str, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    """Raise an alarm unless the same one is open; an open one gets the newer `data`."""
    still_open = (alarms.c.kind == kind, alarms.c.subject == subject, alarms.c.cleared_at.is_(None))
    known = conn.execute(select(alarms.c.id, alarms.c.data).where(*still_open)).first()
    if known is not None:
        if dict(known.data) != dict(data or {}):
            conn.execute(update(alarms).where(alarms.c.id == known.id).values(data=dict(data or {})))
            emit(conn, "alarm.changed", subject, now, {"kind": kind})
        return
    row = {"id": new_id(), "kind": kind, "subject": subject, "data": dict(data or {}), "raised_at": now}
    conn.execute(insert(alarms).values(**row))
    emit(conn, "alarm.raised", subject, now, {"kind": kind, **(data or {})})


def clear_alarm(conn: Connection, kind: str, subject: str, now: datetime) -> None:
    """Clear the alarm of this kind and subject, if it is open."""
    if _CLEAR.run(conn, {"of_kind": kind, "of_subject": subject, "cleared_at": now}):
        emit(conn, "alarm.cleared", subject, now, {"kind": kind})


def open_alarms(conn: Connection) -> list[Alarm]:
    """Every open alarm, newest first."""
    query = select(alarms).where(alarms.c.cleared_at.is_(None)).order_by(alarms.c.raised_at.desc())
    return fetch(conn, query, Alarm)
