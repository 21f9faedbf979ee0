"""What became of cases and question items, as occasions: the planner makes the next call of each (P7, K5)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from dialer.cases.queries import Case, QuestionItem
from dialer.customers.tables import occasions
from dialer.followups.queries import follow_up
from dialer.ids import new_id
from dialer.storage.feed import emit

CASE_CLOSED = "complaint-closed"
QUESTION_EXPLAINED = "question-explained"
_SOURCE = "cases"


def happened(
    conn: Connection, kind: str, about: Case | QuestionItem, facts: Mapping[str, str], now: datetime
) -> None:
    """An occasion of our own, which the planner takes from there. The second time of one thing is another."""
    before = select(func.count()).where(
        occasions.c.kind == kind, occasions.c.source == _SOURCE, occasions.c.external_id.startswith(about.id)
    )
    times = conn.execute(before).scalar_one()
    owed = follow_up(conn, about.follow_up_id) if about.follow_up_id else None
    served = (
        conn.execute(select(occasions.c.staff).where(occasions.c.id == owed.occasion_id)).scalar()
        if owed
        else {}
    )
    occasion_id = new_id()
    row: dict[str, object] = {
        "id": occasion_id,
        "kind": kind,
        "source": _SOURCE,
        "external_id": about.id if not times else f"{about.id}-{times + 1}",
        "happened_at": now,
        "branch": owed.branch if owed else getattr(about, "branch", ""),
        "customer_id": about.customer_id,
        "plate": owed.plate if owed else None,
        "items": [],
        # Who served then does not call now (caller rule).
        "staff": served or {},
        "unit": about.department,
        "products": [],
        "facts": {**facts, **({"playbook": owed.playbook, "first_follow_up": owed.id} if owed else {})},
        "taken_in_at": now,
    }
    conn.execute(insert(occasions).values(**row))
    emit(conn, "occasion.taken_in", occasion_id, now, {"kind": kind})
