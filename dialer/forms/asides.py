"""What a talk brings besides answers: corrections, and customers to be left alone (C1, L7, X3)."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.customers.tables import corrections, customers, occasions
from dialer.followups.queries import FollowUp
from dialer.ids import new_id
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


def stop_calling(conn: Connection, owed: FollowUp, attempt_id: str, agent_id: str, now: datetime) -> None:
    """The customer asked not to be called any more: it holds from now on, over all playbooks (X3)."""
    conn.execute(update(customers).where(customers.c.id == owed.customer_id).values(do_not_call=True))
    told = {"by": agent_id, "attempt": attempt_id, "number": owed.number}
    emit(conn, "customer.do_not_call_asked", owed.customer_id, now, told)


def fill_in(
    conn: Connection, owed: FollowUp, name: str, value: str, by: str, source: str, now: datetime
) -> None:
    """Write what the customer told into his own record, else into the facts of the occasion (C1)."""
    if name in customers.c:
        correct(conn, owed.customer_id, name, value, by, source, now)
        return
    known = conn.execute(select(occasions.c.facts).where(occasions.c.id == owed.occasion_id)).scalar_one()
    before = str(known.get(name, ""))
    facts = {**known, name: value}
    conn.execute(update(occasions).where(occasions.c.id == owed.occasion_id).values(facts=facts))
    row = {"customer_id": owed.customer_id, "field": f"facts.{name}", "before": before, "after": value}
    conn.execute(insert(corrections).values(id=new_id(), at=now, by=by, source=source, **row))
    emit(conn, "occasion.corrected", owed.occasion_id, now, {"field": name, "by": by})


def correct(
    conn: Connection, customer_id: str, name: str, value: str, by: str, source: str, now: datetime
) -> None:
    before = conn.execute(select(customers.c[name]).where(customers.c.id == customer_id)).scalar_one()
    changed: object = date.fromisoformat(value) if name == "birthday" else value
    conn.execute(update(customers).where(customers.c.id == customer_id).values({name: changed}))
    row = {"customer_id": customer_id, "field": name, "before": str(before or ""), "after": value}
    conn.execute(insert(corrections).values(id=new_id(), at=now, by=by, source=source, **row))
    emit(conn, "customer.corrected", customer_id, now, {"field": name, "by": by})
