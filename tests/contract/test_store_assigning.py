"""Assignment, targets, shifts and the forecast on a real database (L6, L10)."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from dialer.assigning import queries
from dialer.assigning.rules import SPREAD, Unplaced
from dialer.assigning.service import (
    CannotAssign,
    assign_day,
    present,
    propose_day,
    reassign,
    set_shift,
    set_targets,
    undo,
)
from dialer.customers.tables import occasions
from dialer.daily.outlook import outlook
from dialer.daily.queries import figures_of_day, past, reach
from dialer.explaining.service import explain_customer
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.planning.settings import PlanningSettings
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support import planned
from tests.support.assigned import DAY, agent_named, assign, owed, owner
from tests.support.core import (
    LIBRARY,
    NOW,
    SHANGHAI,
    at,
    follow_up_of,
    talked,
)


async def test_l6_the_day_is_shared_out_by_expected_minutes(database: Database) -> None:
    def work(conn: Connection) -> None:
        for code in ("8001", "8002", "8003"):
            agent_named(conn, code)
        for number in range(60):
            owed(conn, number, expected_seconds=120 + number % 5 * 60)
        first = assign(conn)
        assert first.moved == 60
        assert first.spreads[""] <= SPREAD
        assert len(set(conn.execute(select(follow_ups.c.owner_id)).scalars())) == 3
        assert assign(conn).batch is None

    await database.write(work)


async def test_l6_each_move_is_logged_and_told(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id = agent_named(conn, "8001")
        follow_up_id = owed(conn)
        batch = assign(conn).batch
        (move,) = queries.moves_of(conn, follow_up_id)
        assert (move.before_id, move.after_id, move.why, move.by) == (None, agent_id, "balance", "chen")
        assert move.batch == batch
        told = [row for row in of_subject(conn, follow_up_id) if row.kind == "follow_up.assigned"]
        assert told[0].data["agent"] == agent_id

    await database.write(work)


async def test_l6_a_preview_changes_nothing(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_named(conn, "8001")
        follow_up_id = owed(conn)
        assert propose_day(conn, LIBRARY, DAY, SHANGHAI).moved == 1
        assert owner(conn, follow_up_id) is None

    await database.write(work)


async def test_l6_barred_skill_and_required_caller(database: Database) -> None:
    def work(conn: Connection) -> None:
        adviser, other = agent_named(conn, "8001"), agent_named(conn, "8002", skills=("loans",))
        barred = owed(conn, 1, barred=[adviser])
        skilled = owed(conn, 2, skill="loans")
        required = owed(conn, 3, owner_id=adviser, bound=True)
        nobody = owed(conn, 4, skill="claims")
        assigned = assign(conn)
        assert [owner(conn, one) for one in (barred, skilled, required, nobody)] == [
            other,
            other,
            adviser,
            None,
        ]
        assert assigned.unplaced == {nobody: Unplaced.NO_SKILL}

    await database.write(work)


async def test_l6_who_talked_last_calls_again(database: Database) -> None:
    await database.write(lambda conn: agent_named(conn, "8009"))

    def talk(conn: Connection) -> tuple[str, str]:
        current = talked(conn, "13800000001", "8001")
        return current.agent_id, current.follow_up_id

    talker, first = await database.write(talk)

    def work(conn: Connection) -> None:
        customer = follow_up_of(conn, first).customer_id
        follow_up_id = owed(conn, 1)
        assert follow_up_of(conn, follow_up_id).customer_id == customer
        for number in range(2, 6):
            owed(conn, number)
        assert past(conn, NOW).last_agent[customer] == talker
        assign(conn)
        assert owner(conn, follow_up_id) == talker

    await database.write(work)


async def test_l6_lengths_come_from_past_talks_once_there_are_enough(database: Database) -> None:
    def work(conn: Connection) -> None:
        for number in range(10):
            talked(conn, f"1390000{number:04}", f"90{number:02}")
        assert past(conn, at(100)).seconds == {"after-sales-satisfaction": 60}

    await database.write(work)


async def test_l6_by_hand_with_preview_and_undo(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two = agent_named(conn, "8001"), agent_named(conn, "8002")
        ids = [owed(conn, number) for number in range(4)]
        assign(conn)
        mine = [each for each in ids if owner(conn, each) == one]
        batch = reassign(conn, LIBRARY, mine, two, "chen", NOW)
        assert batch is not None
        assert {owner(conn, each) for each in ids} == {two}
        assign(conn)
        assert {owner(conn, each) for each in mine} == {two}, "what a person decided stays"
        latest = {one.batch: one for one in queries.latest_batches(conn, NOW)}
        assert (latest[batch].count, latest[batch].why, latest[batch].by) == (len(mine), "by_hand", "chen")
        assert undo(conn, batch, "chen", NOW) == (len(mine), 0)
        assert {owner(conn, each) for each in mine} == {one}

    await database.write(work)


async def test_l6_undo_leaves_what_was_moved_or_called_since(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two = agent_named(conn, "8001"), agent_named(conn, "8002")
        ids = [owed(conn, number, owner_id=one) for number in range(3)]
        batch = reassign(conn, LIBRARY, ids, two, "chen", NOW)
        assert batch is not None
        reassign(conn, LIBRARY, ids[:1], one, "chen", NOW)
        conn.execute(update(follow_ups).where(follow_ups.c.id == ids[1]).values(state="calling"))
        assert undo(conn, batch, "chen", NOW) == (1, 2)

    await database.write(work)


async def test_l6_what_a_rule_forbids_cannot_be_done_by_hand(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two = agent_named(conn, "8001"), agent_named(conn, "8002")
        for values in ({"barred": [two]}, {"owner_id": one, "bound": True}, {"skill": "loans"}):
            with pytest.raises(CannotAssign):
                reassign(conn, LIBRARY, [owed(conn, len(values), **values)], two, "chen", NOW)

    await database.write(work)


async def test_r12_named_callers_are_assigned_and_explained(database: Database) -> None:
    """R12: by the balance and by hand, from the version in force; and why a call waits is said."""
    playbook = LIBRARY.get("after-sales-satisfaction").model_copy(update={"callers": ("8002",)})
    named = LIBRARY.having(playbook)

    def work(conn: Connection) -> None:
        one, two = agent_named(conn, "8001"), agent_named(conn, "8002")
        ids = [owed(conn, number) for number in range(4)]
        assign_day(conn, named, DAY, SHANGHAI, "chen", NOW)
        assert {owner(conn, each) for each in ids} == {two}
        with pytest.raises(CannotAssign, match="names who may call"):
            reassign(conn, named, ids, one, "chen", NOW)
        customer = follow_up_of(conn, ids[0]).customer_id
        every = explain_customer(conn, named, PlanningSettings(), SHANGHAI, customer, NOW)
        told = next(one for one in every if one.follow_up_id == ids[0])
        gate = next(gate for gate in told.gates if gate.name == "callers")
        assert (told.reason, gate.value, gate.passed) == ("callers", "nobody", False)

    await database.write(work)


async def test_l6_targets_of_the_day_and_what_was_done(database: Database) -> None:
    def work(conn: Connection) -> None:
        current = talked(conn)
        set_targets(conn, current.agent_id, {"calls": 60}, "chen", NOW)
        done = figures_of_day(conn, NOW - timedelta(hours=1))[current.agent_id]
        assert (done.calls, done.talk_seconds, done.completed) == (1, 60, 0)

    await database.write(work)


async def test_l6_assigned_and_not_contacted_in_time_is_seen(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_id = agent_named(conn, "8001")
        follow_up_id = owed(conn)
        assign(conn)
        assert queries.not_contacted(conn, NOW - timedelta(hours=24)) == []
        assert queries.not_contacted(conn, NOW + timedelta(hours=1)) == [(follow_up_id, agent_id)]

    await database.write(work)


async def test_l10_a_shift_says_who_is_here_and_for_how_long(database: Database) -> None:
    def work(conn: Connection) -> None:
        one, two, three = (agent_named(conn, code) for code in ("8001", "8002", "8003"))
        assert {person.id for person in present(conn, DAY)} == {one, two, three}
        set_shift(conn, one, DAY, ("09:00", "17:00"), "chen", NOW)
        set_shift(conn, two, DAY, ("09:00", "13:00"), "chen", NOW)
        assert {person.id: person.share for person in present(conn, DAY)} == {one: 1.0, two: 0.5}
        set_shift(conn, two, DAY, None, "chen", NOW)
        assert [person.id for person in present(conn, DAY)] == [one]
        with pytest.raises(CannotAssign):
            set_shift(conn, two, DAY, ("17:00", "09:00"), "chen", NOW)

    await database.write(work)


async def test_l10_the_forecast_says_what_will_be_late_and_who_would_save_it(database: Database) -> None:
    def work(conn: Connection) -> None:
        agent_named(conn, "8001")
        tonight = NOW + timedelta(hours=14)
        for number in range(100):
            owed(conn, number, limit_at=tonight, expected_seconds=600)
        seen = outlook(conn, LIBRARY, WorkCalendar(), SHANGHAI, DAY, NOW)
        assert seen.people == 1
        assert not seen.reach_known
        late = len(seen.forecast.late)
        assert 0 < late < 100
        assert seen.forecast.late_by_playbook == {"after-sales-satisfaction": late}
        people = next(rescue for rescue in seen.forecast.rescues if rescue.kind == "people")
        assert people.late_then == 0
        assert seen.roster.people == people.amount + 1

    await database.write(work)


async def test_l10_reach_comes_from_history(database: Database) -> None:
    def work(conn: Connection) -> None:
        for number in range(20):
            talked(conn, f"1390000{number:04}", f"90{number:02}")
        known = reach(conn, SHANGHAI, at(100))
        assert known.of("after-sales-satisfaction", 10) == 1.0
        assert known.of("after-sales-satisfaction", 11) == known.assumed

    await database.write(work)


async def test_l6_a_head_takes_the_major_checks_and_nothing_else(database: Database) -> None:
    books = planned.library(planned.playbook(to_head="amount >= 5000"))

    def work(conn: Connection) -> None:
        other, head = agent_named(conn, "8001"), agent_named(conn, "8009", head=True)
        for number, fen in ((1, 900_000), (2, 10_000), (3, 10_000)):
            customer_id = planned.add_customer(conn, f"1380000{number:04}")
            planned.add_occasion(conn, customer_id, amount_fen=fen)
        planned.plan(conn, books)
        today = planned.NOW.astimezone(SHANGHAI).date()
        assign_day(conn, books, today, SHANGHAI, "chen", planned.NOW)
        query = select(occasions.c.amount_fen, follow_ups.c.owner_id).join(
            occasions, occasions.c.id == follow_ups.c.occasion_id
        )
        owners = sorted((row[0], row[1]) for row in conn.execute(query))
        assert owners == [(10_000, other), (10_000, other), (900_000, head)]
        assert assign_day(conn, books, today, SHANGHAI, "chen", planned.NOW).batch is None

    await database.write(work)
