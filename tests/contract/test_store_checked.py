"""What the check heard becomes question items, decisions and complaints, on a real database (K5, T5, X3)."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from dialer.alarms.service import open_alarms
from dialer.calling.queries import Attempt
from dialer.cases.checked import act_on_check, decide_question, decide_request
from dialer.cases.queries import (
    QuestionItem,
    case_of,
    items_of_call,
    list_cases,
    list_tasks,
    question_task,
    task_of,
)
from dialer.cases.service import move_item
from dialer.cases.states import ItemEvent
from dialer.cases.tables import cases, tasks
from dialer.cases.worker import CaseWorker, act_on_events
from dialer.customers.tables import customers, occasions
from dialer.followups.queries import follow_up
from dialer.followups.workdays import WorkCalendar
from dialer.forms.rules import Disposition
from dialer.forms.service import file_complaint
from dialer.machine import IllegalMove
from dialer.storage.database import Database
from dialer.storage.feed import after, emit
from dialer.telephony.outcomes import Leg
from qa.checks.service import again
from tests.support.answering import give, good, save
from tests.support.core import LIBRARY, SHANGHAI, at, talked, talking
from tests.support.questionnaires import LIBRARY_OF_IT
from tests.unit.qa_store.world import Says, World, heard

PROOF = {"channel": "customer", "start": 12.5, "end": 14.0, "words": "我不太清楚"}
LATER = {**PROOF, "start": 30.0, "words": "没听说过"}


def check(
    conn: Connection,
    call: Attempt,
    need: str | None,
    *proofs: dict[str, object],
    second: float = 90,
    **signals: bool,
) -> None:
    """The check tells what it found, and the worker reads it."""
    said = {name: [PROOF] for name, there in signals.items() if there} | {"question_item": list(proofs)}
    told = {"question_item": need, "signals": signals, "said": said}
    emit(conn, "call.checked", call.id, at(second), told)
    assert act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(second))


def items(conn: Connection, call: Attempt) -> list[QuestionItem]:
    return items_of_call(conn, call.id)


async def test_k5_a_question_that_nobody_wrote_down_is_opened_once(database: Database) -> None:
    """With the playbook's department and date, and its evidence; a check anew and a replay add no other."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, "needed", PROOF)
        (item,) = items(conn, call)
        assert (item.follow_up_id, item.department, item.state) == (call.follow_up_id, "技术部", "open")
        assert (item.answer, item.evidence) == ("我不太清楚", [PROOF])
        assert item.due_at is not None
        (told,) = after(conn, 0, kinds=("question_item.open",))
        assert (told.subject, told.data["attempt"]) == (item.id, call.id)
        check(conn, call, "needed", PROOF, LATER, second=200)
        (again,) = items(conn, call)
        assert (again.id, again.evidence) == (item.id, [PROOF, LATER])
        for row in after(conn, 0, kinds=("call.checked",)):
            act_on_check(conn, LIBRARY_OF_IT, row, SHANGHAI, WorkCalendar())
        assert len(items(conn, call)) == 1
        assert list_tasks(conn, ["open"], 9) == []
        # The second call asks about what the customer said.
        move_item(conn, item.id, ItemEvent.EXPLAIN, "技术部", at(900))
        content = select(occasions.c.facts["content"].as_string()).where(
            occasions.c.kind == "question-explained"
        )
        assert conn.execute(content).scalar_one() == "我不太清楚"

    await database.write(work)


@pytest.mark.parametrize("form_first", [True, False])
async def test_k5_form_and_check_in_any_order_make_one_item(database: Database, form_first: bool) -> None:
    """What the agent wrote down is the item, what the check heard is its evidence."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **{**good(), "knows": "no"})
        if form_first:
            save(conn, call, Disposition.COMPLETED)
        check(conn, call, "needed", PROOF)
        if not form_first:
            save(conn, call, Disposition.COMPLETED)
        (item,) = items(conn, call)
        assert (item.question_id, item.title, item.effect) == ("knows", "保养周期待说明", "knows/0")
        assert item.evidence == [PROOF]
        check(conn, call, "needed", PROOF, second=300)
        assert len(items(conn, call)) == 1

    await database.write(work)


async def test_k5_what_the_machine_cannot_tell_is_a_task_for_qa(database: Database) -> None:
    """No item before a person decides; a later check that can tell takes the task back."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, "for_person", PROOF)
        assert items(conn, call) == []
        (row,) = list_tasks(conn, ["open"], 9)
        assert (row.what, row.whose, row.attempt_id) == ("question", "qa", call.id)
        task = question_task(conn, call.id)
        assert task is not None
        assert task.evidence == {"heard": [PROOF]}
        check(conn, call, "for_person", LATER, second=200)
        assert len(list_tasks(conn, ["open"], 9)) == 1
        check(conn, call, "not_needed", second=300)
        assert list_tasks(conn, ["open"], 9) == []
        check(conn, call, "for_person", PROOF, second=400)
        assert len(list_tasks(conn, ["open"], 9)) == 1

    await database.write(work)


@pytest.mark.parametrize("needed", [True, False])
async def test_q5_what_qa_decided_stays_whatever_a_later_check_says(database: Database, needed: bool) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, "for_person", PROOF)
        decide = partial(decide_question, conn, LIBRARY_OF_IT, call.id, by="zhou", zone=SHANGHAI, now=at(200))
        decide(needed=needed, note="客户问保养周期")
        assert [item.answer for item in items(conn, call)] == ["客户问保养周期"] * needed
        with pytest.raises(IllegalMove):
            decide(needed=True, note="again")
        for second, need in ((300, "needed"), (400, "for_person"), (500, "not_needed")):
            check(conn, call, need, PROOF, second=second)
        assert len(items(conn, call)) == needed
        done = question_task(conn, call.id)
        assert done is not None
        assert (done.state, done.done_by, done.evidence["needed"]) == ("done", "zhou", needed)

    await database.write(work)


async def test_t5_what_sounds_dissatisfied_opens_a_case_where_no_form_did(database: Database) -> None:
    """T5, K0: a case of the agent who heard it first; the manager is shown only what is a complaint."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, None, dissatisfied=True, complains=False)
        (row,) = list_cases(conn, ["new"], 9)
        case = case_of(conn, row.id)
        assert case is not None
        assert (case.opened_by, case.attempt_id, case.said) == (call.agent_id, call.id, {"heard": [PROOF]})
        assert open_alarms(conn) == []
        check(conn, call, None, dissatisfied=True, second=200)
        assert len(list_cases(conn, ["new"], 9)) == 1
        # The form, saved later, takes it over: one matter, one case.
        give(conn, call, **{**good(), "care": "dissatisfied"}, why="等太久", which="wait")
        save(conn, call, Disposition.COMPLETED)
        (row,) = list_cases(conn, ["new"], 9)
        case = case_of(conn, row.id)
        assert case is not None
        assert (case.title, case.level, case.said["heard"]) == ("接待不满意", "major", [PROOF])
        assert case.said["answers"]["care"] == "dissatisfied"

    await database.write(work)


async def test_t5_a_complaint_in_words_reaches_the_manager_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talking(conn)
        pressed = file_complaint(
            conn, LIBRARY, agent_id=call.agent_id, attempt_id=call.id, words="等了两小时", now=at(40)
        )
        check(conn, call, None, complains=True, dissatisfied=True)
        (row,) = list_cases(conn, ["new"], 9)
        assert row.id == pressed
        other = talked(conn, "13800000002", "8002")
        check(conn, other, None, complains=True, second=200)
        alarms = {alarm.subject: alarm for alarm in open_alarms(conn)}
        assert set(alarms) == {call.id, other.id}
        assert alarms[other.id].data["words"] == PROOF["words"]

    await database.write(work)


async def test_x3_a_request_for_no_more_calls_is_heard_by_a_person(database: Database) -> None:
    """Never by itself: a task with the words; one press sets it, and a later check asks nobody again."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        owed = follow_up(conn, call.follow_up_id)
        assert owed is not None
        silent = select(customers.c.do_not_call).where(customers.c.id == owed.customer_id)
        check(conn, call, None, stop_calling=True)
        (row,) = list_tasks(conn, ["open"], 9)
        assert (row.what, row.whose, row.attempt_id) == ("do_not_call", "supervisor", call.id)
        assert row.heard == [PROOF]
        assert conn.execute(silent).scalar_one() is False
        # Whether it was heard is told by the latest check.
        check(conn, call, None, stop_calling=False, second=150)
        assert list_tasks(conn, ["open"], 9) == []
        check(conn, call, None, stop_calling=True, second=86400 * 30)
        (row,) = list_tasks(conn, ["open"], 9)
        decide_request(conn, row.id, asked=True, by="mei", now=at(86400 * 30 + 60))
        assert conn.execute(silent).scalar_one() is True
        (blocked,) = after(conn, 0, kinds=("customer.blocked",))
        assert (blocked.subject, blocked.data["by"]) == (owed.customer_id, "mei")
        check(conn, call, None, stop_calling=True, second=86400 * 31)
        (done,) = list_tasks(conn, ["done"], 9)
        task = task_of(conn, done.id)
        assert task is not None
        assert (task.done_by, task.evidence["asked"], done.heard) == ("mei", True, [PROOF])
        assert list_tasks(conn, ["open"], 9) == []

    await database.write(work)


async def test_x3_who_did_not_ask_for_it_is_called_on(database: Database) -> None:
    """The machine misheard; it does not ask a second time, and no other task is decided by this door."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, "for_person", PROOF, stop_calling=True)
        tasks_of = {row.what: row for row in list_tasks(conn, ["open"], 9)}
        decide = partial(decide_request, conn, asked=False, by="mei", now=at(200))
        with pytest.raises(IllegalMove):
            decide(tasks_of["question"].id)
        decide(tasks_of["do_not_call"].id)
        with pytest.raises(IllegalMove):
            decide(tasks_of["do_not_call"].id)
        check(conn, call, "for_person", PROOF, second=300, stop_calling=True)
        assert [row.what for row in list_tasks(conn, ["open"], 9)] == ["question"]
        assert conn.execute(select(customers.c.do_not_call)).scalar_one() is False

    await database.write(work)


@pytest.mark.parametrize("form_first", [True, False])
async def test_x3_what_the_form_says_needs_nobody_to_listen(database: Database, form_first: bool) -> None:
    """Whoever set it, in the form or on the customer's page, before the check or after it."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        if form_first:
            save(conn, call, Disposition.DO_NOT_CALL)
        check(conn, call, None, stop_calling=True)
        assert len(list_tasks(conn, ["open"], 9)) == (not form_first)
        if not form_first:
            save(conn, call, Disposition.DO_NOT_CALL)
            assert act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(200))
        assert list_tasks(conn, ["open"], 9) == []

    await database.write(work)


async def test_nothing_comes_of_a_clear_call_nor_of_a_month_old_grumble(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        check(conn, call, "not_needed", dissatisfied=False)
        check(conn, call, None, dissatisfied=True, second=86400 * 30)
        for table in (cases, tasks):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0

    await database.write(work)


async def test_k5_a_real_check_of_an_insurance_call_opens_the_item(tmp_path: Path, store_url: str) -> None:
    """Q3 rule 14: from the customer's words to the department's item, over the event row alone; and again."""
    world = await World(tmp_path, store_url, playbook="insurance-new-policy", kind="policy").open()
    world.install_model()
    turns = (
        (Leg.AGENT, 0.5, "请问您是否清楚，退保可能会有损失，退保金额以现金价值为基础？"),
        (Leg.CUSTOMER, 10.0, "这个我不太清楚，业务员没跟我讲过。"),
        (Leg.AGENT, 16.0, "您的疑问我已经记录，会转给相关部门，之后再给您回电话。"),
    )
    attempt_id = await world.archived()
    await world.transcription(Says(heard(turns))).step()
    cases_worker = CaseWorker(world.db, world.library, SHANGHAI, world.clock)
    assert await cases_worker.step() == 0
    for _ in range(2):
        await world.checks().step()
        assert await cases_worker.step() == 1
        await world.db.write(partial(again, attempt_id=attempt_id, now=world.now))
    (item,) = await world.db.read(partial(items_of_call, attempt_id=attempt_id))
    assert (item.department, item.state) == ("客户服务部", "open")
    assert item.evidence is not None
    (proof,) = item.evidence
    assert (proof["channel"], proof["start"]) == ("customer", pytest.approx(10.0, abs=0.5))
    assert "不太清楚" in proof["words"]
    await world.close()


async def test_x3_a_real_check_hears_who_wants_no_more_calls(world: World) -> None:
    """From the customer's words to the supervisor's task, over the event row alone."""
    turns = (
        (Leg.AGENT, 0.5, "您好，我是宏达汽车服务站的回访员，请问您现在方便接听电话吗？"),
        (Leg.CUSTOMER, 10.0, "你们不要再打了，以后别给我打电话。"),
    )
    await world.archived()
    await world.transcription(Says(heard(turns))).step()
    await world.checks().step()
    assert await CaseWorker(world.db, world.library, SHANGHAI, world.clock).step() == 1
    (row,) = await world.db.read(partial(list_tasks, states=["open"], limit=9))
    assert row.what == "do_not_call"
    assert "不要再打" in "".join(proof["words"] for proof in row.heard)
    assert row.heard[0]["start"] == pytest.approx(10.0, abs=1.5)
