"""The one door through which calling is stopped and goes on again (V2).

Every function runs inside one unit of work: the row and its event row become durable together.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from dialer.halts.queries import open_halts
from dialer.halts.rules import Halt
from dialer.halts.tables import halts
from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.storage.feed import emit

BEGUN, LIFTED = "halt.begun", "halt.lifted"
_LONGEST = 500


class NoReason(ValueError):
    """A stop that says not why. The message is a sentence for who pressed it."""


class Halted(IllegalMove):
    """A supervisor has stopped calling; `halt` says who and why."""

    def __init__(self, halt: Halt) -> None:
        what = f"calls of {halt.holds}" if halt.holds else "all calls"
        super().__init__(f"{halt.by} has stopped {what}: {halt.why}")
        self.halt = halt


def stop(conn: Connection, holds: str, by: str, why: str, now: datetime) -> None:
    """Stop calling for a playbook, or for `EVERYTHING`; what is stopped already stays as it is.

    Raises:
        NoReason: nothing was said about why.
    """
    why = why.strip()[:_LONGEST]
    if not why:
        raise NoReason("say why it is stopped: everybody whose calls stop reads it")
    if any(one.holds == holds for one in open_halts(conn).open):
        return
    row = {"id": new_id(), "holds": holds, "by": by, "why": why, "at": now}
    conn.execute(insert(halts).values(**row))
    emit(conn, BEGUN, holds or "everything", now, {"by": by, "why": why})


def go_on(conn: Connection, halt_id: str, by: str, now: datetime) -> None:
    """Let calling go on; what goes on already is left alone."""
    lifted = update(halts).where(halts.c.id == halt_id, halts.c.lifted_at.is_(None))
    row = conn.execute(lifted.values(lifted_at=now, lifted_by=by).returning(halts.c.holds)).first()
    if row is not None:
        emit(conn, LIFTED, row.holds or "everything", now, {"by": by})


def refuse(conn: Connection, playbook: str) -> None:
    """Let no call of this playbook through where it is stopped.

    Raises:
        Halted: it is.
    """
    halt = open_halts(conn).of(playbook)
    if halt is not None:
        raise Halted(halt)
