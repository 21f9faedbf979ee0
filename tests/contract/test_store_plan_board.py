"""What the plan's page counts and lists, on a real database (L9)."""

from datetime import timedelta

from sqlalchemy import Connection

from dialer.storage.database import Database
from tests.support import planned
from tests.support.assigned import DAY, agent_named, owed
from tests.support.core import (
    NOW,
    SHANGHAI,
)
from web.plan.queries import Wanted, cells, left_out, overdue, rows_of, unassigned
from web.plan.view import board, end_of


async def test_l9_overdue_and_unassigned_are_always_listed(database: Database) -> None:
    """Whatever state, playbook or agent: what is due and not called is on the page, counted and named."""

    def work(conn: Connection) -> None:
        agent_id = agent_named(conn, "8001")
        late = owed(conn, 1, limit_at=NOW, owner_id=agent_id)
        planned_late = owed(conn, 2, limit_at=NOW - timedelta(days=9), state="planned", plan_day=DAY)
        alone = owed(conn, 3)
        required = owed(conn, 4, owner_id=agent_id, bound=True)
        taken_away = owed(conn, 5, playbook="was-taken-away")
        done = owed(conn, 6, limit_at=NOW, state="done")
        tonight = end_of(DAY, SHANGHAI)
        count, rows = overdue(conn, NOW, 8)
        assert (count, {row.id for row in rows}) == (2, {late, planned_late})
        count, rows = unassigned(conn, tonight, 8)
        assert {row.id for row in rows} == {planned_late, alone, taken_away}
        assert (count, overdue(conn, NOW, 1)[0]) == (3, 2), "counted, however few are shown"
        board_rows = rows_of(conn, Wanted(), DAY, tonight, NOW, limit=100, offset=0)
        assert {row.id for row in board_rows} == {late, planned_late, alone, required, taken_away}
        assert done not in {row.id for row in board_rows}
        counted = cells(conn, DAY, tonight, NOW)
        assert sum(cell.count for cell in counted) == len(board_rows)
        assert sum(cell.count for cell in counted if cell.limit == "late") == 2

    await database.write(work)


async def test_l9_called_and_not_called_are_all_that_is_due(database: Database) -> None:
    """Each number of the plan opens a list of as many."""

    def work(conn: Connection) -> None:
        for number in range(6):
            customer_id = planned.add_customer(conn, f"1380000{number:04}", do_not_call=number > 3)
            planned.add_occasion(conn, customer_id)
        planned.plan(conn, release="manual")
        day = planned.NOW.astimezone(SHANGHAI).date()
        tonight = end_of(day, SHANGHAI)
        shown = board(cells(conn, day, tonight, planned.NOW), left_out(conn, day), str)
        assert (shown.called, shown.not_called, shown.waits_for_release) == (4, 2, 4)
        (why,) = shown.why_not
        assert (why.reason, why.count) == ("do_not_call", 2)
        behind = Wanted(left=True, reason="do_not_call")
        assert len(rows_of(conn, behind, day, tonight, planned.NOW, limit=9, offset=0)) == 2

    await database.write(work)
