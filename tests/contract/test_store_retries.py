"""What comes after a try on real rows: by cause, in another part of the day, other means (L7, L8)."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.customers.tables import phones
from dialer.followups.queries import FollowUp, follow_up
from dialer.followups.rules import means_owed
from dialer.followups.service import move_from, not_reached
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.form.schema import Playbook
from dialer.storage.database import Database
from dialer.storage.feed import after
from dialer.telephony.outcomes import DialOutcome
from tests.support.planned import NOW, SHANGHAI, add_customer, add_occasion, library, plan, playbook

TEN = NOW + timedelta(hours=2)


def current(conn: Connection, playbook_id: str = "visit") -> FollowUp:
    key = conn.execute(select(follow_ups.c.id).where(follow_ups.c.playbook == playbook_id)).scalar_one()
    found = follow_up(conn, key)
    assert found is not None
    return found


def tried(
    conn: Connection, outcome: DialOutcome, at_hour: float = 10, book: Playbook | None = None, heard: str = ""
) -> FollowUp:
    """A try that ends at this hour in Shanghai."""
    ended = NOW + timedelta(hours=at_hour - 8)
    move_from(conn, current(conn), FollowUpEvent.DIAL, ended)
    not_reached(
        conn,
        current(conn),
        outcome,
        dialled=True,
        now=ended,
        playbook=book or playbook(),
        zone=SHANGHAI,
        heard=heard,
    )
    return current(conn)


def due(owed: FollowUp) -> str:
    return f"{owed.due_at.astimezone(SHANGHAI):%d %H:%M}"


@pytest.mark.parametrize(
    ("hour", "again"),
    [(9.0, "24 14:00"), (10.5, "24 14:00"), (14.0, "24 18:00"), (15.5, "24 18:30"), (19.0, "25 09:00")],
)
async def test_l7_no_answer_is_tried_in_another_part_of_the_day(
    database: Database, hour: float, again: str
) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        assert due(tried(conn, DialOutcome.NO_ANSWER, hour)) == again

    await database.write(work)


async def test_l7_hours_of_one_part_only_lead_to_the_next_day(database: Database) -> None:
    mornings = playbook(windows=[{"start": "09:00", "end": "11:30"}])

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn, library(mornings))
        assert due(tried(conn, DialOutcome.NO_ANSWER, 9, mornings)) == "25 09:00"

    await database.write(work)


async def test_l7_what_was_heard_decides_and_the_playbook_may_differ(database: Database) -> None:
    """Powered off: 4 hours, three times; a playbook's own rule goes before."""
    own = playbook(retry={"busy": {"after": "40min", "tries": 2}})

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn)
        off = tried(conn, DialOutcome.NO_ANSWER, heard="powered_off")
        assert (due(off), off.reason, off.tries) == ("24 14:00", "powered_off", {"powered_off": 1})
        assert due(tried(conn, DialOutcome.BUSY, 14, own)) == "24 14:40"
        assert tried(conn, DialOutcome.BUSY, 15, own).state == "exhausted"

    await database.write(work)


async def test_l7_an_empty_number_leads_to_the_next_phone_and_none_again(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn, "13800000001,13900000002"))
        plan(conn)
        other = tried(conn, DialOutcome.NO_ANSWER, heard="empty_number")
        assert (other.number, other.state) == ("13900000002", FollowUpState.WAITING)
        dead = (
            conn.execute(select(phones.c.number).where(phones.c.invalid_since.is_not(None))).scalars().all()
        )
        assert dead == ["13800000001"]
        assert tried(conn, DialOutcome.INVALID_NUMBER, 11).state == "exhausted"

    await database.write(work)


async def test_l8_used_up_tries_owe_another_means_and_stay_on_record(database: Database) -> None:
    """What is merged into the call is given up with it; the event says so, for the task to be made."""
    book = playbook(merge={"accept": ["second"]}, other_means={"means": ["visit", "letter"], "within": "3wd"})

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn, library(book, playbook("second")))
        assert current(conn, "second").state is FollowUpState.MERGED
        for hour in (9, 10, 11):
            tried(conn, DialOutcome.BUSY, hour)
        assert current(conn).state is FollowUpState.EXHAUSTED
        assert current(conn).tries == {"busy": 3}
        assert current(conn, "second").state is FollowUpState.EXHAUSTED
        given_up = [row for row in after(conn, 0) if row.kind == "follow_up.exhausted"]
        assert len(given_up) == 2
        owed = means_owed(book, TEN, SHANGHAI, WorkCalendar())
        assert owed.means == ("visit", "letter")
        assert f"{owed.due_at.astimezone(SHANGHAI):%m-%d}" == "11-27"

    await database.write(work)


async def test_l5_what_is_merged_is_done_with_the_call_that_also_does_it(database: Database) -> None:
    book = playbook(merge={"accept": ["second"]})

    def work(conn: Connection) -> None:
        add_occasion(conn, add_customer(conn))
        plan(conn, library(book, playbook("second")))
        for step in (FollowUpEvent.DIAL, FollowUpEvent.TALKED, FollowUpEvent.COMPLETE):
            move_from(conn, current(conn), step, TEN, reason="completed")
        assert current(conn, "second").state is FollowUpState.DONE
        assert current(conn, "second").reason == "completed"

    await database.write(work)
