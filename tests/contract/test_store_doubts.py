"""Doubtful follow-ups on both databases: scored by events, decided by a person (promise 10)."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select

from dialer.calling.queries import attempt
from dialer.forms.tables import answers, result_forms
from dialer.machine import IllegalMove
from dialer.storage.feed import emit
from dialer.telephony.outcomes import Leg
from qa.falsity import queries, service
from qa.falsity.states import DoubtEvent, DoubtState
from qa.falsity.worker import DoubtWorker
from recordings.rules import Problem
from tests.unit.qa_store.world import GOOD_CALL, Says, Turn, World, heard

DISSATISFIED = tuple((leg, at, text.replace("满意，挺好的", "不满意，很差")) for leg, at, text in GOOD_CALL)


async def followed_up(
    world: World,
    values: dict[str, str],
    *problems: Problem,
    turns: tuple[Turn, ...] = DISSATISFIED,
    levels: tuple[float, float] = (-20, -20),
) -> str:
    """A call that was transcribed, checked, and has a form."""
    attempt_id = await world.archived(*problems)
    worker = world.transcription(Says(heard(turns, levels=levels)))
    while await worker.step():
        pass

    def fill(conn: Connection) -> None:
        call = attempt(conn, attempt_id)
        assert call is not None
        for second, (question, value) in enumerate(values.items()):
            row = {"follow_up_id": call.follow_up_id, "question_id": question, "attempt_id": attempt_id}
            at = world.now + timedelta(seconds=50 + second)
            conn.execute(insert(answers).values(**row, playbook_version=1, value=value, second=50.0, at=at))
        form = {"attempt_id": attempt_id, "follow_up_id": call.follow_up_id, "disposition": "completed"}
        conn.execute(insert(result_forms).values(**form, saved_at=world.now))
        emit(conn, "form.saved", attempt_id, world.now, {})

    await world.db.write(fill)
    return attempt_id


async def test_a_form_against_the_words_is_suspected_and_decided(world: World) -> None:
    """The customer is dissatisfied, the form says satisfied: a person is told, and decides with a note."""
    attempt_id = await followed_up(world, {"q1": "very_satisfied"})
    worker = DoubtWorker(world.db, world.library, world.clock)
    while await worker.step():
        pass
    doubt = await world.db.read(partial(queries.doubt_of, attempt_id=attempt_id))
    assert doubt is not None
    assert doubt.state is DoubtState.SUSPECTED, doubt
    assert doubt.score > 0
    assert await world.db.read(partial(queries.doubts_of, attempt_ids=[attempt_id])) == {
        attempt_id: doubt.score
    }
    (row,) = await world.db.read(partial(queries.listed, states=["suspected"], limit=5, offset=0))
    assert (row.attempt_id, row.agent_code) == (attempt_id, "8001")

    decide = partial(service.decide, attempt_id=attempt_id, by="zhou", now=world.now)
    with pytest.raises(service.CannotDecide, match="write down"):
        await world.db.write(partial(decide, event=DoubtEvent.CLEAR, note="  "))
    await world.db.write(partial(decide, event=DoubtEvent.CONFIRM, note="听过了，没有问第二题"))
    with pytest.raises(IllegalMove):
        await world.db.write(partial(decide, event=DoubtEvent.CLEAR, note="误判"))
    (told,) = await world.events("doubt.confirmed")
    assert (told.subject, told.data["by"]) == (attempt_id, "zhou")
    # What a person decided stays, whatever a machine thinks later.
    await world.db.write(lambda conn: emit(conn, "call.checked", attempt_id, world.now, {}))
    while await worker.step():
        pass
    again = await world.db.read(partial(queries.doubt_of, attempt_id=attempt_id))
    assert again is not None
    assert (again.state, again.note) == (DoubtState.CONFIRMED, "听过了，没有问第二题")
    assert "false_follow_up" not in await world.alarms()


@pytest.mark.parametrize(
    ("problems", "alarmed"),
    [((), True), ((Problem.MISSING_CUSTOMER,), False), ((Problem.SHORT,), False), ((Problem.LONG,), True)],
)
async def test_a_lost_leg_is_no_silent_customer(
    world: World, problems: tuple[Problem, ...], alarmed: bool
) -> None:
    """Nothing heard of the customer accuses nobody where his channel was lost or the recording has a gap."""
    only_agent = tuple(turn for turn in GOOD_CALL if turn[0] is Leg.AGENT)
    silent = {"q1": "very_satisfied"}
    attempt_id = await followed_up(world, silent, *problems, turns=only_agent, levels=(-20, -60))
    worker = DoubtWorker(world.db, world.library, world.clock)
    while await worker.step():
        pass
    assert ("false_follow_up" in await world.alarms()) is alarmed
    doubt = await world.db.read(partial(queries.doubt_of, attempt_id=attempt_id))
    assert doubt is not None
    assert any(reason["reason"] == "customer_silent" for reason in doubt.reasons) is alarmed


async def test_the_same_answers_are_counted_against_the_branch(world: World) -> None:
    """A row of the same forms by one agent; others of the branch there are none."""
    made = [await followed_up(world, {"q1": "satisfied", "q2": value}) for value in ("a", "b", "b")]
    habit = await world.db.read(partial(queries.habit, attempt_id=made[-1], questions=["q1", "q2"]))
    assert (habit.row, habit.others) == (2, 0)
    assert await world.db.read(lambda conn: queries.is_own_number(conn, "1001"))
    assert not await world.db.read(lambda conn: queries.is_own_number(conn, "13800001234"))
    assert (await world.db.read(lambda conn: conn.execute(select(result_forms)).all())) != []
