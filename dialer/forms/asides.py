"""What a talk brings besides answers: corrections, and customers to be left alone (C1, L7, X3)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.customers.blocks import ASKED, block
from dialer.customers.corrections import correct
from dialer.customers.tables import customers
from dialer.followups.queries import FollowUp
from dialer.forms.rules import BadAnswer
from dialer.storage.feed import emit

# Shown to the supervisor until the customer is released; the subject is the customer.
CUSTOMER_UPSET = "customer_upset"
UPSET = "upset"
# Nobody calls before; without a supervisor's word the pause lasts to the end of the second day (L7).
_EARLIEST, _LATEST = timedelta(hours=24), timedelta(hours=48)


def upset(conn: Connection, owed: FollowUp, attempt_id: str, agent_id: str, now: datetime) -> datetime:
    """The customer is upset: nobody calls for 24 to 48 hours; gives the earliest next call (L7)."""
    pause = update(customers).where(customers.c.id == owed.customer_id)
    conn.execute(pause.values(paused_until=now + _LATEST, pause_reason=UPSET))
    emit(conn, "customer.paused", owed.customer_id, now, {"by": agent_id, "attempt": attempt_id})
    data = {"agent": agent_id, "attempt": attempt_id, "plate": owed.plate or ""}
    raise_alarm(conn, CUSTOMER_UPSET, owed.customer_id, now, data)
    return now + _EARLIEST


def release_customer(conn: Connection, customer_id: str, by: str, now: datetime) -> None:
    """A supervisor lets a paused customer be called again."""
    pause = update(customers).where(customers.c.id == customer_id)
    conn.execute(pause.values(paused_until=None, pause_reason=""))
    emit(conn, "customer.released", customer_id, now, {"by": by})
    clear_alarm(conn, CUSTOMER_UPSET, customer_id, now)


def stop_calling(conn: Connection, owed: FollowUp, agent_id: str, now: datetime) -> None:
    """The customer asked not to be called any more: it holds over all sources and playbooks (X3)."""
    block(conn, owed.customer_id, agent_id, ASKED, now)


def fill_in(
    conn: Connection, owed: FollowUp, name: str, value: str, by: str, source: str, now: datetime
) -> None:
    """Write down what the customer told of himself, with who and when (C1).

    Raises:
        BadAnswer: it is no such thing, as a number that is none.
    """
    try:
        correct(conn, owed.customer_id, name, value, by, source, now)
    except ValueError as error:
        raise BadAnswer(str(error)) from error
