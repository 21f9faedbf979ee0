"""Playbooks, occasions and people for tests of planning."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from dialer.customers.tables import contacts, customers, occasions, phones
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.planning.service import plan_arrivals
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import exclusions
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Tuesday, 08:00 in Shanghai.
NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

_TEXT = {"zh": "文", "en": "text"}


def playbook(playbook_id: str = "visit", /, **more: Any) -> Playbook:
    """A playbook: due the day after a settlement order, at the latest on day 3."""
    data: dict[str, Any] = {
        "id": playbook_id,
        "version": 1,
        "name": _TEXT,
        "reason": _TEXT,
        "occasions": {"kinds": ["settlement-order"]},
        "steps": [{"earliest": "1d", "target": "1d", "limit": "3d"}],
        "windows": [{"start": "09:00", "end": "12:00"}, {"start": "14:00", "end": "20:00"}],
        "questionnaire": [{"id": "q1", "type": "text", "ask": _TEXT}],
        "rules": "none",
    }
    return Playbook.model_validate(data | more)


def library(*playbooks: Playbook) -> Library:
    """A library of these."""
    return Library(playbooks or (playbook(),))


def add_customer(conn: Connection, number: str = "13800000001", **more: Any) -> str:
    """A customer with one number ("" for none); its id."""
    customer_id = more.pop("id", None) or new_id()
    row = {"id": customer_id, "name": "李", "branch": "东店", "created_at": YESTERDAY}
    conn.execute(insert(customers).values(**(row | more)))
    for position, one in enumerate(filter(None, number.split(","))):
        conn.execute(insert(phones).values(customer_id=customer_id, number=one, position=position))
    return customer_id


def add_occasion(conn: Connection, customer_id: str, **more: Any) -> str:
    """A settlement order of yesterday; its id."""
    occasion_id = more.pop("id", None) or new_id()
    row: dict[str, Any] = {
        "id": occasion_id,
        "kind": "settlement-order",
        "source": "test",
        "external_id": occasion_id,
        "happened_at": YESTERDAY,
        "branch": "东店",
        "customer_id": customer_id,
        "items": [],
        "staff": {},
    }
    conn.execute(insert(occasions).values(**(row | more)))
    return occasion_id


def add_contact(conn: Connection, customer_id: str, at: datetime, **more: Any) -> None:
    """A talk with this customer."""
    row: dict[str, Any] = {"id": new_id(), "customer_id": customer_id, "number": "13800000001", "at": at}
    conn.execute(insert(contacts).values(**(row | {"kind": "talk"} | more)))


def plan(
    conn: Connection, books: Library | None = None, now: datetime = NOW, limit: int = 1000, **settings: Any
) -> Mapping[str, int]:
    """Plan what came in, batch after batch; the counts of all."""
    how = PlanningSettings.model_validate(settings)
    counts = plan_arrivals(conn, books or library(), how, SHANGHAI, now, limit)
    while (more := plan_arrivals(conn, books or library(), how, SHANGHAI, now, limit))["occasions"]:
        counts += more
    return counts


def fates(conn: Connection) -> dict[tuple[str, str], str]:
    """What became of each occasion in each playbook: a follow-up's state, or the reason it was left out."""
    found: dict[tuple[str, str], str] = {}
    rows = conn.execute(
        select(occasions.c.external_id, follow_ups.c.playbook, follow_ups.c.state, follow_ups.c.reason).join(
            occasions, occasions.c.id == follow_ups.c.occasion_id
        )
    )
    for external_id, playbook_id, state, reason in rows:
        assert (external_id, playbook_id) not in found
        found[external_id, playbook_id] = reason if state == "cancelled" else state
    left_out = conn.execute(
        select(occasions.c.external_id, exclusions.c.playbook, exclusions.c.reason).join(
            occasions, occasions.c.id == exclusions.c.occasion_id
        )
    )
    for external_id, playbook_id, reason in left_out:
        assert (external_id, playbook_id) not in found
        found[external_id, playbook_id] = reason
    return found
