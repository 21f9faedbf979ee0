"""What a call adds to the ledger of contacts: the dial, and the talk (L4). One statement each."""

from datetime import datetime

from sqlalchemy import Boolean, Connection, String, bindparam, delete, insert, select

from dialer.calling.tables import attempts
from dialer.customers.contacts import ContactKind
from dialer.customers.tables import contacts, customers
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.storage.base import UtcDateTime
from dialer.storage.prepared import Prepared

_NOTE = Prepared(
    insert(contacts).from_select(
        [
            "id",
            "customer_id",
            "number",
            "plate",
            "household",
            "at",
            "kind",
            "playbook",
            "exempt",
            "attempt_id",
        ],
        select(
            bindparam("contact_id", type_=String),
            follow_ups.c.customer_id,
            attempts.c.number,
            follow_ups.c.plate,
            customers.c.household,
            bindparam("noted_at", type_=UtcDateTime),
            bindparam("what", type_=String),
            follow_ups.c.playbook,
            bindparam("free", type_=Boolean),
            attempts.c.id,
        )
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .where(attempts.c.id == bindparam("of_attempt")),
    )
)
_FORGET_DIAL = delete(contacts).where(
    contacts.c.attempt_id == bindparam("of_attempt"), contacts.c.kind == ContactKind.DIAL
)

_FORGET_TALK = delete(contacts).where(
    contacts.c.attempt_id == bindparam("of_attempt"), contacts.c.kind == ContactKind.TALK
)


def note_dial(conn: Connection, attempt_id: str, now: datetime) -> None:
    """The customer's phone may ring from now on."""
    _note(conn, attempt_id, ContactKind.DIAL, now, exempt=False)


def note_talk(conn: Connection, attempt_id: str, at: datetime, *, exempt: bool) -> None:
    """The customer was talked to. `exempt` talks do not count in the limits."""
    _note(conn, attempt_id, ContactKind.TALK, at, exempt=exempt)


def forget_talk(conn: Connection, attempt_id: str) -> None:
    """It was no customer who was talked to (D3)."""
    conn.execute(_FORGET_TALK, {"of_attempt": attempt_id})


def forget_dial(conn: Connection, attempt_id: str) -> None:
    """It is proven that the customer's phone was not dialled after all."""
    conn.execute(_FORGET_DIAL, {"of_attempt": attempt_id})


def _note(conn: Connection, attempt_id: str, what: ContactKind, at: datetime, *, exempt: bool) -> None:
    values = {"contact_id": new_id(), "noted_at": at, "what": what.value, "free": exempt}
    _NOTE.run(conn, {**values, "of_attempt": attempt_id})
