"""Answers and result forms on a real database (T2, T3)."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection

from dialer.calling import service
from dialer.calling.queries import Attempt
from dialer.calling.reserving import reserve
from dialer.forms.queries import answers_of, form_of
from dialer.forms.rules import BadAnswer, Disposition
from dialer.forms.service import save_answer, save_form
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.core import (
    BUSY,
    LIBRARY,
    NOW,
    PLAYBOOK,
    add_ready_agent,
    answer_all,
    at,
    follow_up_of,
    pairing,
    placed,
    talked,
    talking,
)

D = Disposition


def answer(
    conn: Connection, call: Attempt, value: str = "satisfied", *, question: str = "q1", now: datetime = NOW
) -> float:
    return save_answer(
        conn,
        LIBRARY,
        agent_id=call.agent_id,
        attempt_id=call.id,
        question_id=question,
        value=value,
        now=now,
    )


def save(
    conn: Connection,
    call: Attempt,
    disposition: Disposition,
    *,
    agent_id: str | None = None,
    again: datetime | None = None,
    wishes: str = "",
) -> None:
    save_form(
        conn,
        LIBRARY,
        agent_id=agent_id or call.agent_id,
        attempt_id=call.id,
        disposition=disposition,
        wishes=wishes,
        call_again_at=again,
        now=at(100),
    )


async def test_an_answer_is_kept_with_its_second_of_the_call(database: Database) -> None:
    """T2: the second is where to listen; the recording begins at the customer's answer."""

    def work(conn: Connection) -> None:
        call = talking(conn)
        assert answer(conn, call, now=at(32.44)) == 12.4
        kept = answers_of(conn, call.follow_up_id)["q1"]
        assert (kept.value, kept.second, kept.attempt_id) == ("satisfied", 12.4, call.id)
        assert (kept.playbook_version, kept.at) == (PLAYBOOK.version, at(32.44))
        assert of_subject(conn, call.id)[-1].kind == "answer.saved"

    await database.write(work)


async def test_an_answer_given_after_the_call_points_at_its_end(database: Database) -> None:
    """T2: in the wrap-up there is nothing more to listen to."""
    call = await database.write(talked)
    assert await database.write(partial(answer, call=call, now=at(200))) == 60.0


async def test_an_answer_before_the_customers_is_at_second_zero(database: Database) -> None:
    """Events may be late: the page may be quicker than the news of the answer."""
    call = await database.write(placed)
    assert await database.write(partial(answer, call=call, now=at(9))) == 0.0


async def test_an_answer_that_is_changed_is_kept_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talking(conn)
        answer(conn, call, "satisfied", now=at(30))
        answer(conn, call, "so_so", now=at(35))
        kept = answers_of(conn, call.follow_up_id)
        assert {key: one.value for key, one in kept.items()} == {"q1": "so_so"}

    await database.write(work)


async def test_a_resumed_call_goes_on_with_the_answers_there_are(database: Database) -> None:
    """T2: cut off at the third question keeps two; the next call of the follow-up needs only the rest."""

    def work(conn: Connection) -> None:
        first = talked(conn)
        answer(conn, first, now=at(90))
        answer(conn, first, question="q2", now=at(91))
        save(conn, first, D.CUT_OFF)
        owed = follow_up_of(conn, first.follow_up_id)
        assert (owed.state, owed.reason, owed.due_at) == (
            "waiting",
            "cut_off",
            at(100) + timedelta(minutes=15),
        )
        add_ready_agent(conn, "8002", since=at(-99))
        (order,) = reserve(conn, pairing(), at(2000)).orders
        assert set(answers_of(conn, first.follow_up_id)) == {"q1", "q2"}
        assert order.customer_number == first.number

    await database.write(work)


async def test_a_complete_form_closes_the_follow_up(database: Database) -> None:
    """T3."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        answer_all(conn, call, at(90))
        save(conn, call, D.COMPLETED, wishes=" 希望周末也能预约 \n")
        form = form_of(conn, call.id)
        assert form is not None
        assert (form.disposition, form.wishes, form.saved_at) == ("completed", "希望周末也能预约", at(100))
        assert follow_up_of(conn, call.follow_up_id).state == "done"
        assert "form.saved" in [row.kind for row in of_subject(conn, call.id)]

    await database.write(work)


@pytest.mark.parametrize(
    ("disposition", "state", "reason"),
    [(D.REFUSED, "cancelled", "refused"), (D.WRONG_PERSON, "cancelled", "wrong_person")],
)
async def test_some_dispositions_end_it_without_answers(
    database: Database, disposition: Disposition, state: str, reason: str
) -> None:
    """L7: refused means stop."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, disposition)
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason) == (state, reason)

    await database.write(work)


async def test_later_means_the_customers_own_time(database: Database) -> None:
    """L7: not before it, and then again."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, D.CALL_AGAIN, again=at(7200))
        owed = follow_up_of(conn, call.follow_up_id)
        assert (owed.state, owed.reason, owed.due_at) == ("waiting", "call_again", at(7200))
        add_ready_agent(conn, "8002")
        assert reserve(conn, pairing(), at(7199)).orders == []
        # The agent who made the appointment is on duty: a stand-in calls five minutes later.
        assert reserve(conn, pairing(), at(7499)).orders == []
        assert len(reserve(conn, pairing(), at(7500)).orders) == 1

    await database.write(work)


async def refused(database: Database, call: Attempt, disposition: Disposition, words: str) -> None:
    """The form is refused with these words, and nothing of it is kept."""
    before = await database.read(partial(follow_up_of, follow_up_id=call.follow_up_id))
    with pytest.raises(BadAnswer, match=words):
        await database.write(partial(save, call=call, disposition=disposition))
    assert await database.read(partial(follow_up_of, follow_up_id=call.follow_up_id)) == before


async def test_an_incomplete_form_is_not_closed_as_complete(database: Database) -> None:
    """T2: and it is said what is missing."""
    call = await database.write(talked)
    await database.write(partial(answer_all, current=call, now=at(90)))
    other = await database.write(partial(talked, number="13800000002", extension="8002"))
    await database.write(partial(answer, call=other, now=at(90)))
    rest = ", ".join(item.id for item in PLAYBOOK.questionnaire[1:] if item.when is None)
    await refused(database, other, D.COMPLETED, f"questions without an answer: {rest}")
    await database.write(partial(save, call=call, disposition=D.COMPLETED))


async def test_later_needs_a_time(database: Database) -> None:
    call = await database.write(talked)
    await refused(database, call, D.CALL_AGAIN, "say when the customer is to be called again")


async def test_a_form_waits_for_the_end_of_the_call(database: Database) -> None:
    call = await database.write(talking)
    await refused(database, call, D.REFUSED, "the call is still going on")


async def test_a_form_is_saved_once(database: Database) -> None:
    """A page sent twice does not undo or repeat what followed."""
    call = await database.write(talked)
    await database.write(partial(save, call=call, disposition=D.CUT_OFF))
    await refused(database, call, D.REFUSED, "is closed")
    with pytest.raises(BadAnswer, match="is closed"):
        await database.write(partial(answer, call=call, now=at(120)))


async def test_a_foreign_call_is_refused(database: Database) -> None:
    """X1."""
    call = await database.write(talked)
    stranger = await database.write(partial(add_ready_agent, extension="8002"))
    with pytest.raises(BadAnswer, match="is not yours"):
        await database.write(partial(save, call=call, disposition=D.REFUSED, agent_id=stranger))

    def answer_for_another(conn: Connection) -> None:
        save_answer(
            conn,
            LIBRARY,
            agent_id=stranger,
            attempt_id=call.id,
            question_id="q1",
            value="satisfied",
            now=at(90),
        )

    with pytest.raises(BadAnswer, match="is not yours"):
        await database.write(answer_for_another)
    assert await database.read(partial(answers_of, follow_up_id=call.follow_up_id)) == {}


async def test_a_call_that_reached_nobody_has_no_form(database: Database) -> None:
    call = await database.write(placed)
    await database.write(lambda conn: service.end(conn, call.id, BUSY, LIBRARY, at(9)))
    await refused(database, call, D.REFUSED, "is closed")


async def test_a_page_left_open_writes_nothing_into_the_next_agents_call(database: Database) -> None:
    """X1, T2: the first try reached nobody; the follow-up is now somebody else's call."""

    def prepare(conn: Connection) -> Attempt:
        first = placed(conn)
        service.end(conn, first.id, BUSY, LIBRARY, at(9))
        add_ready_agent(conn, "8002", since=at(-99))
        (order,) = reserve(conn, pairing(), at(2000)).orders
        assert service.grant_go(conn, order.attempt_id, pairing().run_id, at(2001))
        service.note_answered(conn, order.attempt_id, at(2010))
        return first

    first = await database.write(prepare)
    with pytest.raises(BadAnswer, match="is closed"):
        await database.write(partial(answer, call=first, now=at(2020)))
    await refused(database, first, D.REFUSED, "is closed")


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        ("q10", "satisfied", "has no question 'q10'"),
        ("q1", "fine", "'fine' is no answer to q1: choose one of very_satisfied, satisfied, so_so"),
        ("q11", "11", "'11' is no answer to q11"),
        ("q17", "", "'' is no answer to q17: choose one of yes, no"),
    ],
)
async def test_what_is_no_answer_is_refused(
    database: Database, question: str, value: str, words: str
) -> None:
    call = await database.write(talking)
    with pytest.raises(BadAnswer, match=words):
        await database.write(partial(answer, call=call, value=value, question=question, now=at(30)))
    assert await database.read(partial(answers_of, follow_up_id=call.follow_up_id)) == {}
