"""A complaint whose check call was not passed is opened again; it is no second complaint (K4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from dialer.cases.happening import CASE_CLOSED
from dialer.cases.queries import Case, case_of
from dialer.cases.states import CASE, CaseEvent, CaseState
from dialer.cases.tables import cases
from dialer.customers.tables import occasions
from dialer.followups.queries import FollowUp
from dialer.storage.transition import apply


def verified_case(conn: Connection, owed: FollowUp) -> Case | None:
    """The complaint that this follow-up checks; None where it checks none of ours."""
    of_case = occasions.c.facts["case"].as_string()
    found = conn.execute(
        select(of_case).where(occasions.c.id == owed.occasion_id, occasions.c.kind == CASE_CLOSED)
    ).scalar()
    return case_of(conn, found) if found else None


def open_again(
    conn: Connection, case: Case, attempt_id: str | None, told: Mapping[str, Any], now: datetime
) -> str | None:
    """Note why the check was not passed, and open the complaint again; None where it is open already.

    `told` is what the row of a new complaint would have been.
    """
    entry = {"attempt": attempt_id, "at": now.isoformat(), "title": told["title"], **told["said"]}
    before = dict(case.said).get("again", [])
    earlier = [one for one in before if (one["attempt"], one["title"]) != (attempt_id, told["title"])]
    values: dict[str, Any] = {"said": {**dict(case.said), "again": [*earlier, entry]}}
    if case.state is not CaseState.CLOSED:
        conn.execute(update(cases).where(cases.c.id == case.id).values(**values))
        return None
    if case.level == "ordinary":
        values["level"] = told["level"]
    move = CASE.advance(case.state, CaseEvent.REOPEN, now)
    data = {"by": told["opened_by"], "attempt": attempt_id, "note": told["title"]}
    apply(conn, cases, case.id, move, values={**values, "due_at": told["due_at"]}, data=data)
    return case.id
