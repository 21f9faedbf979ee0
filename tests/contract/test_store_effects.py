"""What answers bring about, on a real database (T2-T5, T7, L7, L8)."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Table, func, select, update

from dialer.alarms.service import open_alarms
from dialer.calling import service as calling
from dialer.calling.queries import Attempt
from dialer.calling.reserving import reserve
from dialer.cases import service as cases
from dialer.cases.queries import item_of, list_cases, list_items, list_tasks, task_of
from dialer.cases.states import CaseEvent, ItemEvent, TaskState
from dialer.cases.tables import cases as case_table
from dialer.cases.worker import act_on_events
from dialer.customers.tables import customers, occasions
from dialer.followups.service import move, plan
from dialer.followups.states import FollowUpEvent
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.forms import service as forms
from dialer.forms.queries import answers_of, form_of
from dialer.forms.rules import BadAnswer, Disposition, Satisfaction
from dialer.forms.topics import topic_of
from dialer.machine import IllegalMove
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.answering import give, good, save
from tests.support.core import (
    ANSWERED,
    LIBRARY,
    NOW,
    RUN,
    SHANGHAI,
    add_ready_agent,
    at,
    attempt_of,
    follow_up_of,
    pairing,
    talked,
    talking,
)
from tests.support.questionnaires import EVERY_TYPE, GOOD, LIBRARY_OF_IT, with_every_type

D = Disposition


def count(conn: Connection, table: Table) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


async def test_t2_every_answer_type_is_kept_and_a_complete_form_closes(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **good())
        kept = {question: answer.value for question, answer in answers_of(conn, call.follow_up_id).items()}
        assert kept == {question: value for question, (_, value) in GOOD.items()}
        save(conn, call, D.COMPLETED)
        assert follow_up_of(conn, call.follow_up_id).state == "done"

    await database.write(work)


async def test_t2_a_branch_is_needed_only_while_it_is_asked(database: Database) -> None:
    """The so-so branch makes two questions due; answered better, they are not needed, and not lost."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **{**good(), "care": "so_so"})
        with pytest.raises(BadAnswer, match="questions without an answer: why, which"):
            save(conn, call, D.COMPLETED)
        give(conn, call, why="等太久")
        give(conn, call, care="satisfied")
        topic = topic_of(conn, LIBRARY_OF_IT, follow_up_of(conn, call.follow_up_id))
        assert topic.missing == []
        assert topic.given["why"].value == "等太久"
        assert "why" not in topic.standing.answers
        save(conn, call, D.COMPLETED)
        assert list_cases(conn, ["new"], 9) == []

    await database.write(work)


async def test_t2_an_answer_that_was_taken_back_does_not_count(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **good())
        give(conn, call, order="")
        with pytest.raises(BadAnswer, match="without an answer: order"):
            save(conn, call, D.COMPLETED)

    await database.write(work)


async def test_t2_one_call_asks_the_questions_of_what_was_merged_into_it(database: Database) -> None:
    """L5: two topics, one call; both questionnaires must be answered, and both follow-ups end with it."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        lead = follow_up_of(conn, call.follow_up_id)
        other = with_every_type(id="other-topic")
        library = Library([EVERY_TYPE, other])
        plan(
            conn,
            other,
            occasion_id=lead.occasion_id,
            customer_id=lead.customer_id,
            branch=lead.branch,
            plate=None,
            number=lead.number,
            happened_at=NOW,
            zone=SHANGHAI,
            now=NOW,
        )
        merged = conn.execute(
            select(follow_ups.c.id).where(follow_ups.c.playbook == "other-topic")
        ).scalar_one()
        move(conn, merged, FollowUpEvent.MERGE, NOW, merged_into=lead.id)
        give(conn, call, library, **good())
        with pytest.raises(BadAnswer, match="without an answer: care, score"):
            save(conn, call, D.COMPLETED, library)
        give(conn, call, library, **{f"{merged}:{name}": value for name, value in good().items()})
        assert set(answers_of(conn, merged)) == set(GOOD)
        save(conn, call, D.COMPLETED, library)
        assert follow_up_of(conn, merged).state == "done"

    await database.write(work)


async def test_t3_a_promised_reply_is_a_task_with_its_time(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        with pytest.raises(BadAnswer, match="by when"):
            save(conn, call, D.CUT_OFF, promise="回复配件到货时间")
        more = {"promise": " 回复配件到货时间 ", "promise_at": at(7200), "next_step": "问配件部"}
        save(conn, call, D.CUT_OFF, satisfaction=Satisfaction.SATISFIED, wishes="早点到货", **more)
        form = form_of(conn, call.id)
        assert form is not None
        assert (form.promise, form.promise_at, form.next_step) == ("回复配件到货时间", at(7200), "问配件部")
        assert form.satisfaction == "satisfied"
        (task,) = list_tasks(conn, ["open"], 9, call.agent_id)
        assert (task.what, task.title, task.due_at) == ("promise", "回复配件到货时间", at(7200))
        cases.finish_task(conn, task.id, call.agent_id, "phone", "已告知周四到货", at(3600))
        done = task_of(conn, task.id)
        assert done is not None
        assert (done.state, done.evidence["note"], done.done_at) == (
            TaskState.DONE,
            "已告知周四到货",
            at(3600),
        )
        with pytest.raises(IllegalMove):
            cases.drop_task(conn, task.id, call.agent_id, "", at(3700))

    await database.write(work)


async def test_t3_dissatisfied_on_the_form_opens_a_case(database: Database) -> None:
    def work(conn: Connection) -> None:
        call = talked(conn)
        save(conn, call, D.CUT_OFF, satisfaction=Satisfaction.DISSATISFIED, wishes="师傅态度差")
        (case,) = list_cases(conn, ["new"], 9)
        assert case.title == "师傅态度差"

    await database.write(work)


async def test_t4_the_identity_is_compared_and_the_tail_never_kept(database: Database) -> None:
    """Yes or no is stored; a failed check is not closed as complete; nobody may guess for ever."""
    library = Library([with_every_type(identity="document_tail")])

    def check(conn: Connection, call: Attempt, said: str) -> bool:
        return forms.check_identity(
            conn, library, agent_id=call.agent_id, attempt_id=call.id, said=said, now=at(25)
        )

    def work(conn: Connection) -> None:
        call = talked(conn)
        conn.execute(update(customers).values(document_tail="123X"))
        give(conn, call, library, **good())
        with pytest.raises(BadAnswer, match="without an answer: identity"):
            save(conn, call, D.COMPLETED, library)
        assert not check(conn, call, "9999")
        with pytest.raises(BadAnswer, match="identity check failed"):
            save(conn, call, D.COMPLETED, library)
        assert check(conn, call, "123x")
        assert answers_of(conn, call.follow_up_id)["identity"].value == "yes"
        assert not check(conn, call, "8888")
        with pytest.raises(BadAnswer, match="checked 3 times"):
            check(conn, call, "123x")

    await database.write(work)


async def test_t5_a_dissatisfied_answer_opens_a_case_by_itself(database: Database) -> None:
    """At the form's end, with the answers as they are then; once, however often the follow-up is called."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        bad = {**good(), "care": "so_so", "why": "等太久", "which": "wait", "knows": "no"}
        give(conn, call, **bad)
        assert count(conn, case_table) == 0
        save(conn, call, D.COMPLETED)
        (case,) = list_cases(conn, ["new"], 9)
        assert (case.title, case.what, case.whose) == ("接待不满意", "major", "服务部")
        # Sunday 22 November: the end of Monday, the next working day.
        assert case.due_at == datetime(2026, 11, 24, tzinfo=SHANGHAI)
        (item,) = list_items(conn, ["open"], 9)
        assert (item.title, item.what, item.whose) == ("保养周期待说明", "no", "技术部")
        (task,) = list_tasks(conn, ["open"], 9)
        assert (task.title, task.due_at) == ("店长致电道歉", at(100) + timedelta(hours=4))

    await database.write(work)


async def test_t5_effects_happen_once_over_two_calls(database: Database) -> None:
    def work(conn: Connection) -> None:
        first = talked(conn)
        give(conn, first, care="dissatisfied")
        save(conn, first, D.CUT_OFF)
        assert count(conn, case_table) == 1
        add_ready_agent(conn, "8002", since=at(-99))
        (order,) = reserve(conn, pairing(), at(2000)).orders
        assert calling.grant_go(conn, order.attempt_id, RUN, at(2001))
        calling.note_answered(conn, order.attempt_id, at(2010))
        calling.end(conn, order.attempt_id, ANSWERED, LIBRARY, at(2050))
        second = attempt_of(conn, order.attempt_id)
        save(conn, second, D.REFUSED)
        assert count(conn, case_table) == 1

    await database.write(work)


async def test_t5_an_alarming_answer_is_shown_at_once_and_taken_back_when_corrected(
    database: Database,
) -> None:
    def work(conn: Connection) -> None:
        call = talking(conn)
        give(conn, call, score="1")
        (alarm,) = open_alarms(conn)
        assert (alarm.kind, alarm.subject) == ("answer_alarm", call.id)
        assert alarm.data["titles"] == [{"zh": "评分过低", "en": "A very low score"}]
        give(conn, call, score="8")
        assert open_alarms(conn) == []

    await database.write(work)


async def test_t5_a_complaint_with_one_press_reaches_the_manager_at_once(database: Database) -> None:
    """While the talk goes on; pressed twice it is one; judging it ends the alarm."""

    def work(conn: Connection) -> None:
        call = talking(conn)
        press = partial(
            forms.file_complaint, conn, LIBRARY, agent_id=call.agent_id, attempt_id=call.id, now=at(40)
        )
        made = press(words="等了两个小时\n没人管")
        assert made is not None
        assert press(words="again") is None
        (alarm,) = open_alarms(conn)
        assert (alarm.kind, alarm.subject) == ("complaint", call.id)
        (case,) = list_cases(conn, ["new"], 9)
        assert (case.id, case.title) == (made, "等了两个小时")
        cases.move_case(conn, made, CaseEvent.JUDGE, "manager", at(60), note="属实", level="major")
        assert open_alarms(conn) == []
        (case,) = list_cases(conn, ["judged"], 9)
        assert case.what == "major"

    await database.write(work)


async def test_t5_a_closed_case_makes_the_occasion_of_its_verification(database: Database) -> None:
    """P7: closed twice, it is verified twice; the service's own call never counts as another source's."""

    def work(conn: Connection) -> None:
        call = talking(conn)
        case_id = forms.file_complaint(
            conn, LIBRARY, agent_id=call.agent_id, attempt_id=call.id, words="慢", now=at(40)
        )
        assert case_id is not None
        steps = [CaseEvent.JUDGE, CaseEvent.CLOSE, CaseEvent.REOPEN, CaseEvent.PROPOSE, CaseEvent.APPROVE]
        steps += [CaseEvent.CARRY_OUT, CaseEvent.ACCEPT, CaseEvent.SUM_UP, CaseEvent.CLOSE]
        for minute, event in enumerate(steps):
            cases.move_case(conn, case_id, event, "manager", at(60 * minute))
        rows = conn.execute(select(occasions).where(occasions.c.kind == "complaint-closed")).all()
        assert sorted(row.external_id for row in rows) == [case_id, f"{case_id}-2"]
        assert rows[0].facts["complaint_level"] == "ordinary"
        assert rows[0].planned_at is None
        with pytest.raises(IllegalMove):
            cases.move_case(conn, case_id, CaseEvent.JUDGE, "manager", at(999))

    await database.write(work)


async def test_k4_a_check_call_that_is_not_passed_opens_the_complaint_again(database: Database) -> None:
    """The same complaint, by whom, why and from which call; a second bad answer makes no other one."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **{**good(), "care": "dissatisfied"}, why="等太久", which="wait")
        save(conn, call, D.COMPLETED)
        (row,) = list_cases(conn, ["new"], 9)
        for event in (CaseEvent.JUDGE, CaseEvent.CLOSE):
            cases.move_case(conn, row.id, event, "manager", at(500))
        query = select(occasions.c.id).where(occasions.c.kind == "complaint-closed")
        closed = conn.execute(query).scalar_one()
        second = follow_up_of(conn, plan_again(conn, call, closed))
        bearing = cases.Bearing(second, call.id, call.agent_id, SHANGHAI)
        opened = partial(cases.open_case, conn, bearing, level="major", department="客户关系部", now=at(700))
        opened = partial(opened, said={"answers": {"effective": "no"}}, due_at=at(9000))
        assert opened(title="投诉回访未通过", effect="/1") == row.id
        assert opened(title="处理过程不满意", effect="/0") is None
        assert opened(title="投诉回访未通过", effect="/1") is None
        (again,) = list_cases(conn, ["new", "investigating"], 9)
        assert (again.id, again.state, again.what) == (row.id, "investigating", "major")
        assert again.due_at == at(9000)
        assert [one["title"] for one in again.again] == ["处理过程不满意", "投诉回访未通过"]
        steps = [step.data for step in of_subject(conn, row.id) if step.kind == "case.investigating"]
        assert [(step["event"], step["attempt"]) for step in steps] == [("reopen", call.id)]

    await database.write(work)


async def test_t5_an_explained_question_is_called_again(database: Database) -> None:
    """K5: the explanation makes the occasion of the second call; that call done, the item is called again."""

    def work(conn: Connection) -> None:
        call = talked(conn)
        give(conn, call, **{**good(), "knows": "no"})
        save(conn, call, D.COMPLETED)
        (item,) = list_items(conn, ["open"], 9)
        cases.move_item(conn, item.id, ItemEvent.EXPLAIN, "技术部", at(500), note="每五千公里")
        query = select(occasions.c.id).where(occasions.c.kind == "question-explained")
        explained = conn.execute(query).scalar_one()
        act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(600))
        second = plan_again(conn, call, explained)
        for event in (FollowUpEvent.DIAL, FollowUpEvent.TALKED, FollowUpEvent.COMPLETE):
            move(conn, second, event, at(700))
        assert act_on_events(conn, LIBRARY_OF_IT, SHANGHAI, WorkCalendar(), at(800)) == 1
        again = item_of(conn, item.id)
        assert again is not None
        assert again.state == "called_again"

    await database.write(work)


def plan_again(conn: Connection, call: Attempt, occasion_id: str) -> str:
    owed = follow_up_of(conn, call.follow_up_id)
    plan(
        conn,
        EVERY_TYPE,
        occasion_id=occasion_id,
        customer_id=owed.customer_id,
        branch=owed.branch,
        plate=None,
        number=owed.number,
        happened_at=NOW,
        zone=SHANGHAI,
        now=NOW,
    )
    found = conn.execute(select(follow_ups.c.id).where(follow_ups.c.occasion_id == occasion_id)).scalar_one()
    return str(found)
