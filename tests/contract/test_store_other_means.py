"""Versions, corrections, customers to be left alone, and other means, on a real database (C1, T7, L7, L8)."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from dialer.alarms.service import open_alarms
from dialer.calling import service as calling
from dialer.calling.queries import Attempt
from dialer.cases.queries import list_cases, list_tasks, task_of
from dialer.cases.worker import act_on_events
from dialer.customers.tables import corrections, customers
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.forms import service as forms
from dialer.forms.asides import release_customer
from dialer.forms.other_means import finish_by_other_means
from dialer.forms.queries import answers_of
from dialer.forms.rules import BadAnswer, Disposition
from dialer.forms.topics import topic_of
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from tests.support.answering import give, good, save
from tests.support.core import (
    BUSY,
    LIBRARY,
    RUN,
    SHANGHAI,
    at,
    attempt_of,
    follow_up_of,
    placed,
    talked,
    talking,
)
from tests.support.questionnaires import EVERY_TYPE, LIBRARY_OF_IT, with_every_type

D = Disposition


async def test_t7_each_call_remembers_the_version_it_was_talked_by(database: Database) -> None:
    """A follow-up that stays on its version keeps its questions when a newer one is published."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        assert call.playbook_version == EVERY_TYPE.version
        newer = EVERY_TYPE.model_copy(
            update={"version": EVERY_TYPE.version + 1, "questionnaire": EVERY_TYPE.questionnaire[:1]}
        )
        library = Library([EVERY_TYPE, newer])
        give(conn, call, library, score="8")
        assert answers_of(conn, call.follow_up_id)["score"].playbook_version == EVERY_TYPE.version
        conn.execute(update(follow_ups).values(playbook_version=newer.version))
        with pytest.raises(BadAnswer, match="has no question 'mileage'"):
            give(conn, call, library, mileage="12")

    await database.write(work)


async def test_c1_an_answer_fills_in_the_customers_record(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talking(conn)
        give(conn, call, born="1988-03-05")
        row = conn.execute(select(corrections)).one()
        assert (row.field, row.after, row.by, row.source) == (
            "birthday",
            "1988-03-05",
            call.agent_id,
            call.id,
        )
        born = conn.execute(select(customers.c.birthday)).scalar_one()
        assert born.isoformat() == "1988-03-05"

    await database.write(work)


async def test_c1_a_missing_fact_is_filled_in(database: Database) -> None:
    library = Library([with_every_type(facts=["birthday", "mileage"])])

    def fill(conn: Connection, call: Attempt, name: str, value: str) -> None:
        forms.fill_fact(
            conn, library, agent_id=call.agent_id, attempt_id=call.id, name=name, value=value, now=at(30)
        )

    def work(conn: Connection) -> None:
        call = talking(conn)
        fill(conn, call, "mileage", "32000")
        facts = topic_of(conn, library, follow_up_of(conn, call.follow_up_id)).facts
        assert facts["mileage"] == "32000"
        with pytest.raises(BadAnswer, match="does not ask for owner"):
            fill(conn, call, "owner", "x")
        with pytest.raises(BadAnswer):
            fill(conn, call, "birthday", "spring")

    await database.write(work)


async def test_l7_an_upset_customer_is_left_alone_until_a_supervisor_says_so(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, D.UPSET)
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.due_at) == ("waiting", at(100) + timedelta(hours=24))
        customer = conn.execute(select(customers)).one()
        assert (customer.paused_until, customer.pause_reason) == (at(100) + timedelta(hours=48), "upset")
        (alarm,) = open_alarms(conn)
        assert (alarm.kind, alarm.subject) == ("customer_upset", owed.customer_id)
        release_customer(conn, owed.customer_id, "manager", at(200))
        assert conn.execute(select(customers.c.paused_until)).scalar_one() is None
        assert open_alarms(conn) == []

    await database.write(work)


async def test_l7_do_not_call_asked_in_a_call_holds_at_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, D.DO_NOT_CALL)
        assert follow_up_of(conn, call.follow_up_id).state == "cancelled"
        assert conn.execute(select(customers.c.do_not_call)).scalar_one() is True

    await database.write(work)


async def test_l7_later_is_an_appointment_with_the_same_agent(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, D.CALL_AGAIN, call_again_at=at(7200))
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.appointment_at, owed.due_at, owed.owner_id) == (at(7200), at(7200), call.agent_id)

    await database.write(work)


def used_up(conn: Connection) -> Attempt:
    """A follow-up whose last try was busy."""
    call = placed(conn)
    conn.execute(update(follow_ups).values(tries={"busy": 2, "no_answer": 3}))
    assert calling.grant_go(conn, call.id, RUN, at(5))
    calling.end(conn, call.id, BUSY, LIBRARY, at(30))
    assert follow_up_of(conn, call.follow_up_id).state == "exhausted"
    return call


async def test_l8_used_up_becomes_a_task_other_means_exactly_once(database: Database) -> None:
    """With its owner and a date of the playbook; the failed try stays on record."""

    def work(conn: Connection) -> None:
        call = used_up(conn)
        for _ in range(2):
            act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(60))
        (task,) = list_tasks(conn, ["open"], 9, call.agent_id)
        assert task.what == "other_means"
        # Five working days from Sunday 22 November: the end of Friday 27.
        assert task.due_at == datetime(2026, 11, 28, tzinfo=SHANGHAI)
        assert attempt_of(conn, call.id).outcome == "busy"

    await database.write(work)


async def test_l8_other_means_fill_in_the_same_form_and_are_counted_apart(database: Database) -> None:
    """The same questions, checks and effects; the follow-up stays used up, its task is done with proof."""

    def work(conn: Connection) -> None:
        call = used_up(conn)
        act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(60))
        (row,) = list_tasks(conn, ["open"], 9)
        task = task_of(conn, row.id)
        assert task is not None
        finish = partial(
            finish_by_other_means,
            conn,
            LIBRARY_OF_IT,
            task,
            means="visit",
            by=call.agent_id,
            now=at(999),
            zone=SHANGHAI,
        )
        with pytest.raises(BadAnswer, match="what proves it"):
            finish(good(), note="")
        with pytest.raises(BadAnswer, match="without an answer: why, which"):
            finish({**good(), "care": "so_so"}, note="上门拜访")
        finish({**good(), "care": "so_so", "why": "慢", "which": "wait"}, note="上门拜访，客户签字")
        done = task_of(conn, row.id)
        assert done is not None
        assert done.evidence == {"means": "visit", "note": "上门拜访，客户签字", "form": True}
        assert follow_up_of(conn, call.follow_up_id).state == "exhausted"
        assert [case.title for case in list_cases(conn, ["new"], 9)] == ["接待不满意"]

    await database.write(work)
