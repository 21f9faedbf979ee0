"""A customer as the pages read it, on every database: found, head, missing facts, timeline (C1, C5, R12)."""

from datetime import timedelta

from sqlalchemy import Connection, insert, select

from dialer.calling.tables import attempts
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.contacts import ContactKind, record_contact
from dialer.customers.corrections import correct
from dialer.customers.service import CustomerFields, take_in
from dialer.customers.tables import customers
from dialer.forms.tables import answers, result_forms
from dialer.storage.database import Database
from qa.transcripts.tables import segments, transcripts
from recordings.tables import recordings
from tests.support.core import LIBRARY, NOW, add_follow_up, add_ready_agent, occasion
from web.customers.missing import missing_of
from web.customers.queries import called_by, count_customers, head, search
from web.customers.timeline import timeline

NUMBER, PLATE = "13800000001", "豫A12345"


def add_history(conn: Connection) -> tuple[str, str]:
    """A customer with one of everything; the customer and the agent."""
    owed = add_follow_up(
        conn,
        name="李明",
        plate=PLATE,
        customer=CustomerFields(owner="王强", deputy="赵丽", household="H1", member_number="M1"),
    )
    agent_id = add_ready_agent(conn)
    customer_id = str(conn.execute(select(customers.c.id)).scalar_one())
    later = NOW + timedelta(minutes=1)
    call = {"follow_up_id": owed, "agent_id": agent_id, "number": NUMBER, "run_id": "run"}
    conn.execute(
        insert(attempts).values(
            id="call-1",
            **call,
            state="ended",
            placed_at=later,
            answered_at=later,
            ended_at=later,
            outcome="answered",
            counted=True,
        )
    )
    of_call = {"attempt_id": "call-1", "follow_up_id": owed}
    said = {"question_id": "q1", "value": "5", "playbook_version": 1, "second": 3.0, "at": later}
    conn.execute(insert(answers).values(**of_call, **said))
    conn.execute(insert(result_forms).values(**of_call, disposition="completed", saved_at=later))
    sound = {"id": "sound-1", "branch": "店", "state": "archived", "seconds": 9.0, "created_at": later}
    conn.execute(insert(recordings).values(**of_call, **sound, customer_id=customer_id, problems=[]))
    written = {"attempt_id": "call-1", "state": "done", "due_at": later, "created_at": later}
    conn.execute(insert(transcripts).values(**written))
    spoken = {"attempt_id": "call-1", "channel": "agent", "confidence": 1.0, "words": []}
    for position, text in enumerate(("您好", "请问满意吗")):
        part = {"position": position, "start": position, "end": position + 1, "text": text}
        conn.execute(insert(segments).values(**spoken, **part))
    mine = {"customer_id": customer_id, "follow_up_id": owed, "attempt_id": "call-1"}
    case = {"branch": "店", "source": "call", "level": "major", "state": "new", "said": []}
    conn.execute(insert(cases).values(id="c", **mine, **case, title="噪音", opened_at=later, opened_by="A"))
    item = {"question_id": "q1", "title": "不清楚", "answer": "?", "state": "open", "opened_at": later}
    conn.execute(insert(question_items).values(id="q", **mine, **item))
    task = {"kind": "promise", "title": "回电", "owner": "A", "state": "open", "made_at": later}
    conn.execute(insert(tasks).values(id="t", **mine, **task, evidence={}))
    correct(conn, customer_id, "grade", "gold", "A8001", "call-1", later)
    record_contact(conn, customer_id=customer_id, number=NUMBER, kind=ContactKind.MESSAGE, at=later)
    record_contact(conn, customer_id=customer_id, number=NUMBER, kind=ContactKind.TALK, at=later, plate=PLATE)
    variant = occasion(NUMBER, name="李", plate=PLATE, happened_at=NOW + timedelta(days=1))
    take_in(conn, variant, NOW + timedelta(days=1))
    return customer_id, agent_id


async def test_c5_the_timeline_has_everything_in_order(database: Database) -> None:
    """C5: occasions, call, recording, transcript, answer, case, item, task, message, correction, merge."""

    def work(conn: Connection) -> None:
        customer_id, _agent_id = add_history(conn)
        shown = head(conn, customer_id, NOW - timedelta(days=30), 2)
        assert shown is not None
        entries = timeline(conn, shown.records)
        assert [one.at for one in entries] == sorted((one.at for one in entries), reverse=True)
        assert sorted(one.kind for one in entries) == [
            "call",
            "case",
            "contact",
            "correction",
            "item",
            "merge",
            "occasion",
            "occasion",
            "task",
        ]
        call = next(one for one in entries if one.kind == "call")
        assert (call.data["recording"], call.data["transcript"], call.data["disposition"]) == (
            "archived",
            "done",
            "completed",
        )
        assert [one["value"] for one in call.answers] == ["5"]
        assert call.said == "您好 / 请问满意吗"

    await database.write(work)


async def test_c5_the_head_says_who_and_how_often_contacted(database: Database) -> None:
    """C5, R12, L4: owner, deputy, merged records; contacts of person and plate this quarter."""

    def work(conn: Connection) -> None:
        customer_id, agent_id = add_history(conn)
        shown = head(conn, customer_id, NOW - timedelta(days=30), 2)
        assert shown is not None
        assert (shown.row["owner"], shown.row["deputy"]) == ("王强", "赵丽")
        assert [(cap.of, cap.value, cap.count, cap.limit) for cap in shown.caps] == [
            ("person", "", 1, 2),
            ("plate", PLATE, 1, 2),
            ("household", "H1", 1, 2),
        ]
        assert [phone.number for phone in shown.phones] == [NUMBER]
        assert len(shown.merges) == 1
        # A merged record leads to the one it is part of.
        again = head(conn, shown.records[1], NOW, 2)
        assert again is not None
        assert again.row["id"] == customer_id
        assert called_by(conn, agent_id) == {customer_id}
        assert head(conn, "nobody", NOW, 2) is None

    await database.write(work)


async def test_c1_missing_facts_are_counted_for_the_next_call(database: Database) -> None:
    """C1: what the playbooks of open follow-ups ask for, less what is known or was filled in."""

    def work(conn: Connection) -> None:
        add_follow_up(conn, name="李明", plate=None)
        customer_id = str(conn.execute(select(customers.c.id)).scalar_one())
        lacking = [one.field for one in missing_of(conn, LIBRARY, customer_id)]
        asked = LIBRARY.get("after-sales-satisfaction").facts
        assert lacking
        assert set(lacking) <= set(asked)
        for name in lacking:
            if name != "plate":
                correct(conn, customer_id, name, "x", "A8001", "call", NOW)
        left = [one.field for one in missing_of(conn, LIBRARY, customer_id)]
        assert set(left) <= {"plate", "amount", "items"}

    await database.write(work)


async def test_c1_a_customer_is_found_by_any_of_its_names(database: Database) -> None:
    """C1: plate, part of it, whole number, tail, name, member number, id; a record that was merged is not."""

    def work(conn: Connection) -> None:
        customer_id, _agent_id = add_history(conn)
        take_in(conn, occasion("13900000002", name="王"), NOW)
        for text in (PLATE, "a1234", NUMBER, "0001", "李", "M1", customer_id.lower()):
            assert [one.id for one in search(conn, text, 10)] == [customer_id], text
        for text in ("%", "_", "001", "赵"):
            assert search(conn, text, 10) == [], text
        assert count_customers(conn) == 2

    await database.write(work)
