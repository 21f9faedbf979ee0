"""Do not call and forget me: once, over all sources, later files included (X3)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select, update

from dialer.alarms.service import raise_alarm
from dialer.calling.tables import attempts
from dialer.cases.checked import act_on_check
from dialer.customers.blocks import (
    FORGOTTEN,
    NoSuchCustomer,
    block,
    blocked_numbers,
    unblock,
    unblock_number,
)
from dialer.customers.contacts import ContactKind, contacts_since, record_contact
from dialer.customers.corrections import correct
from dialer.customers.merging import merge
from dialer.customers.service import CustomerFields, Taken, take_in
from dialer.customers.tables import (
    blocks,
    contacts,
    corrections,
    customers,
    identities,
    merges,
    occasions,
    phones,
    site_secrets,
    vehicles,
)
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.forms.tables import answers, result_forms
from dialer.playbooks.base import Text
from dialer.playbooks.library import Library
from dialer.playbooks.spans import Span
from dialer.privacy.rules import KeptWhat
from dialer.privacy.service import BeingCalled, forget, what_is_kept
from dialer.storage.base import metadata
from dialer.storage.database import Database
from dialer.storage.feed import after, emit, flush
from qa.checks.tables import past_checks
from tests.support.core import LIBRARY, NOW, PLAYBOOK, SHANGHAI, add_follow_up, add_ready_agent, occasion

PLATE = "豫A12345"
NUMBER = "13800000001"
LAW = Text(zh="某法", en="some law")
RETENTION = PLAYBOOK.retention.model_copy(update={"law": LAW, "keep": Span.parse("10y")})
LAWFUL = Library([PLAYBOOK.model_copy(update={"retention": RETENTION})])


async def test_x3_a_block_holds_for_all_numbers_plates_and_sources(database: Database) -> None:
    """X3: one action; what comes in later under any of the person's numbers or plates is not called."""

    def work(conn: Connection) -> None:
        first = occasion(NUMBER, numbers=(NUMBER, "037165654321"), name="李明", plate=PLATE)
        taken = take_in(conn, first, NOW)
        assert block(conn, taken.customer_id, "主管", "asked", NOW) == 3
        assert blocked_numbers(conn, [NUMBER, "037165654321", "13900000009"]) == {
            NUMBER: "asked",
            "037165654321": "asked",
        }
        later = [
            occasion(NUMBER, source="api", name="王芳"),
            occasion("037165654321", source="policy", name="某公司", plate=None),
            occasion("13900000002", name="李女士", plate=PLATE),
        ]
        for one in later:
            other = take_in(conn, one, NOW)
            query = select(customers.c.do_not_call).where(customers.c.id == other.customer_id)
            assert conn.execute(query).scalar() is True, one
        # Who bought the car may be called.
        buyer = take_in(conn, occasion("13900000003", name="赵强", plate=PLATE, happened_at=NOW), NOW)
        query = select(customers.c.do_not_call).where(customers.c.id == buyer.customer_id)
        assert conn.execute(query).scalar() is False

    await database.write(work)


async def test_x3_a_block_says_nothing_of_the_number(database: Database) -> None:
    """X3: a keyed hash; the key is made once."""

    def work(conn: Connection) -> None:
        for number in (NUMBER, "13900000002"):
            block(conn, take_in(conn, occasion(number), NOW).customer_id, "主管", "asked", NOW)
        rows = conn.execute(select(blocks)).all()
        assert len(rows) == 2
        assert all(len(row.key) == 64 and NUMBER not in str(tuple(row)) for row in rows)
        assert {row.shown for row in rows} == {"138****0001", "139****0002"}
        assert len(conn.execute(select(site_secrets)).all()) == 1

    await database.write(work)


async def test_x3_a_block_can_be_lifted(database: Database) -> None:
    def work(conn: Connection) -> None:
        customer_id = take_in(conn, occasion(NUMBER, plate=PLATE), NOW).customer_id
        block(conn, customer_id, "主管", "asked", NOW)
        unblock(conn, customer_id, "主管", NOW)
        assert blocked_numbers(conn, [NUMBER]) == {}
        assert conn.execute(select(customers.c.do_not_call)).scalar() is False
        block(conn, customer_id, "主管", "asked", NOW)
        assert blocked_numbers(conn, [NUMBER]) == {NUMBER: "asked"}
        with pytest.raises(NoSuchCustomer):
            block(conn, "nobody", "主管", "asked", NOW)

    await database.write(work)


async def test_x3_a_merged_person_is_blocked_with_all_records(database: Database) -> None:
    def work(conn: Connection) -> None:
        one = take_in(conn, occasion(NUMBER), NOW).customer_id
        other = take_in(conn, occasion("13900000002"), NOW).customer_id
        merge(conn, one, other, "主管", NOW)
        block(conn, other, "主管", "asked", NOW)
        assert set(blocked_numbers(conn, [NUMBER, "13900000002"])) == {NUMBER, "13900000002"}

    await database.write(work)


def add_called(conn: Connection, *, answered: bool = True) -> tuple[str, str]:
    """A customer with one call that was talked: the customer and the follow-up."""
    owed = add_follow_up(
        conn,
        NUMBER,
        name="李小明",
        plate=PLATE,
        staff={"adviser": "张伟"},
        items=["更换机油"],
        facts={"vin": "LSV123", "contract_end": "2030-01-01"},
        customer=CustomerFields(birthday=date(1980, 1, 1), document_tail="123X"),
        external_id="JS1",
        source="csv",
    )
    agent_id = add_ready_agent(conn)
    conn.execute(
        attempts.insert().values(
            id="attempt-1",
            follow_up_id=owed,
            agent_id=agent_id,
            number=NUMBER,
            state="ended",
            run_id="run",
            placed_at=NOW,
            answered_at=NOW if answered else None,
            ended_at=NOW,
            outcome="answered",
            counted=True,
        )
    )
    of_call = {"follow_up_id": owed, "attempt_id": "attempt-1"}
    for question, value in (("q1", "4"), ("q19", "李小明说很满意")):
        said = {"question_id": question, "value": value, "playbook_version": 1, "second": 1.0, "at": NOW}
        conn.execute(answers.insert().values(**of_call, **said))
    form = {"disposition": "completed", "wishes": "李小明要发票", "saved_at": NOW}
    conn.execute(result_forms.insert().values(**of_call, **form))
    customer_id = str(conn.execute(select(customers.c.id)).scalar_one())
    correct(conn, customer_id, "hobby", "李小明爱钓鱼", "A8001", "attempt-1", NOW)
    record_contact(
        conn,
        customer_id=customer_id,
        number=NUMBER,
        kind=ContactKind.TALK,
        at=NOW,
        plate=PLATE,
        attempt_id="attempt-1",
    )
    raise_alarm(conn, "customer_upset", customer_id, NOW, {"plate": PLATE, "agent": agent_id})
    emit(conn, "customer.do_not_call_asked", customer_id, NOW, {"number": NUMBER, "by": agent_id})
    return customer_id, owed


def add_heard(conn: Connection) -> None:
    """What the check heard in that call: an item, a complaint with its alarm, and an earlier check."""
    proof = {"channel": "customer", "start": 1.0, "end": 2.0, "words": "李小明听不懂"}
    told = {
        "question_item": "needed",
        "signals": {"complains": True, "stop_calling": True},
        "said": {"question_item": [proof], "complains": [proof], "stop_calling": [proof]},
    }
    emit(conn, "call.checked", "attempt-1", NOW, told)
    flush(conn)
    (row,) = after(conn, 0, kinds=("call.checked",))
    act_on_check(conn, LIBRARY, row, SHANGHAI, WorkCalendar())
    past = {"rule_set": "r", "rule_set_version": 1, "findings": [proof], "checked_at": NOW}
    conn.execute(past_checks.insert().values(attempt_id="attempt-1", replaced_at=NOW, **past))


def everything(conn: Connection) -> str:
    flush(conn)
    return "\n".join(
        f"{table.name}: {tuple(row)}"
        for table in metadata.sorted_tables
        for row in conn.execute(select(table))
    )


async def test_x3_nothing_of_who_is_forgotten_is_left(database: Database) -> None:
    """X3: name, number, plate, facts, free text: not in any table; open follow-ups are cancelled."""

    def work(conn: Connection) -> None:
        customer_id, _owed = add_called(conn)
        add_heard(conn)
        before = everything(conn)
        told = (
            NUMBER,
            PLATE,
            "李小明",
            "LSV123",
            "123X",
            "1980",
            "张伟",
            "更换机油",
            "发票",
            "钓鱼",
            "听不懂",
        )
        assert all(word in before for word in told)
        kept = forget(conn, LIBRARY, customer_id, "主管", NOW)
        left = everything(conn)
        assert [word for word in told if word in left] == []
        row = conn.execute(select(customers)).one()
        assert (row.do_not_call, row.forgotten_at) == (True, NOW)
        state = select(follow_ups.c.state, follow_ups.c.reason, follow_ups.c.number)
        assert tuple(conn.execute(state).one()) == ("cancelled", FORGOTTEN, "138****0001")
        for table in (phones, vehicles, identities):
            assert conn.execute(select(table)).all() == []
        # What is chosen stays for the figures.
        assert dict(conn.execute(select(answers.c.question_id, answers.c.value)).all())["q1"] == "4"
        assert [(one.what, one.count) for one in kept] == [
            (KeptWhat.RECORDINGS, 1),
            (KeptWhat.BLOCKS, 2),
            (KeptWhat.RECORD_NUMBERS, 1),
        ]
        assert forget(conn, LIBRARY, customer_id, "主管", NOW + timedelta(days=1))
        assert conn.execute(select(customers.c.forgotten_at)).scalar() == NOW

    await database.write(work)


async def test_x3_who_is_forgotten_is_kept_out_of_later_files(database: Database) -> None:
    """X3: re-imports included, from any source, by number, by plate and surname, or by the order's number."""

    def work(conn: Connection) -> None:
        customer_id, _owed = add_called(conn)
        forget(conn, LIBRARY, customer_id, "主管", NOW)
        rows = len(conn.execute(select(occasions)).all())
        again = occasion(NUMBER, name="李小明", plate=PLATE, external_id="JS1", source="csv")
        for one in (
            again,
            replace(again, source="api", external_id="2"),
            replace(again, name="王芳", plate=None, external_id="3"),
            replace(again, numbers=("13900000002",), name="李女士", external_id="4"),
            replace(again, numbers=("13900000002",), name="赵强", plate=None),
        ):
            refused = take_in(conn, one, NOW)
            assert (refused.what, refused.why, refused.customer_id) == (Taken.REFUSED, FORGOTTEN, ""), one
        assert len(conn.execute(select(occasions)).all()) == rows
        assert len(conn.execute(select(customers)).all()) == 1
        # Years later the number is another person's.
        assert unblock_number(conn, NUMBER, "主管", NOW)
        assert not unblock_number(conn, NUMBER, "主管", NOW)
        other = occasion(NUMBER, name="赵强", external_id="5")
        assert take_in(conn, other, NOW).what is Taken.CREATED

    await database.write(work)


async def test_x3_what_the_law_wants_kept_is_named_and_kept(database: Database) -> None:
    """X3, issue part 7: calls of a playbook that names a law, with the date they are kept until."""

    def work(conn: Connection) -> None:
        customer_id, _owed = add_called(conn)
        asked = what_is_kept(conn, LAWFUL, customer_id)
        kept = forget(conn, LAWFUL, customer_id, "主管", NOW)
        assert kept == asked
        calls = kept[0]
        assert (calls.what, calls.count, calls.why) == (KeptWhat.CALLS, 1, LAW)
        assert calls.until == date(2036, 11, 22)
        values = dict(conn.execute(select(answers.c.question_id, answers.c.value)).all())
        assert values["q19"] == "李小明说很满意"
        row = conn.execute(select(occasions)).one()
        assert (row.plate, row.facts["vin"]) == (None, "LSV123")
        assert conn.execute(select(customers.c.name)).scalar() == ""
        assert conn.execute(select(corrections.c.after)).scalar() == ""
        assert conn.execute(select(contacts.c.number)).scalar() == "138****0001"

    await database.write(work)


async def test_x3_nobody_is_forgotten_in_the_middle_of_a_call(database: Database) -> None:
    def work(conn: Connection) -> None:
        customer_id, _owed = add_called(conn)
        conn.execute(update(follow_ups).values(state="calling"))
        with pytest.raises(BeingCalled, match="when the call has ended"):
            forget(conn, LIBRARY, customer_id, "主管", NOW)
        assert conn.execute(select(customers.c.name)).scalar() == "李小明"

    await database.write(work)


async def test_x3_a_merge_tells_nothing_of_who_was_forgotten(database: Database) -> None:
    def work(conn: Connection) -> None:
        one = take_in(conn, occasion(NUMBER, name="李小明", plate=PLATE), NOW).customer_id
        take_in(conn, occasion(NUMBER, name="李", plate=PLATE), NOW)
        assert "李小明" in str(conn.execute(select(merges.c.why)).scalar())
        forget(conn, LIBRARY, one, "主管", NOW)
        assert NUMBER not in everything(conn)
        assert "李小明" not in everything(conn)

    await database.write(work)


async def test_l4_contacts_are_counted_over_persons_numbers_plates_and_households(
    database: Database,
) -> None:
    """L4: counts and last times since a time, for many at once; exempt ones are told apart."""

    def work(conn: Connection) -> None:
        fields = CustomerFields(household="H1")
        one = take_in(conn, occasion(NUMBER, plate=PLATE, customer=fields), NOW).customer_id
        other = take_in(conn, occasion("13900000002", customer=fields), NOW).customer_id
        for days, kind, exempt in (
            (100, ContactKind.TALK, False),
            (9, ContactKind.DIAL, False),
            (9, ContactKind.TALK, False),
            (5, ContactKind.TALK, True),
            (1, ContactKind.DIAL, False),
        ):
            record_contact(
                conn,
                customer_id=one,
                number=NUMBER,
                kind=kind,
                at=NOW - timedelta(days=days),
                plate=PLATE,
                playbook="after-sales-satisfaction",
                exempt=exempt,
            )
        record_contact(conn, customer_id=other, number="13900000002", kind=ContactKind.TALK, at=NOW)
        ledger = contacts_since(
            conn,
            NOW - timedelta(days=30),
            customer_ids=[one, other, "nobody"],
            numbers=[NUMBER],
            plates=[PLATE],
            households=["H1"],
        )
        assert ledger.customers[one].count() == 1
        assert ledger.customers[one].count(exempt_too=True) == 2
        assert ledger.customers[one].count((ContactKind.DIAL,)) == 2
        assert ledger.customers[one].last_at() == NOW - timedelta(days=5)
        assert ledger.customers[one].last_at(playbook="other") is None
        assert ledger.numbers[NUMBER].last_at((ContactKind.DIAL,)) == NOW - timedelta(days=1)
        assert ledger.plates[PLATE].count() == 1
        assert ledger.households["H1"].count() == 2
        assert "nobody" not in ledger.customers
        looked_at = ledger.of(one, numbers=(NUMBER,), plate=PLATE, household="H1")
        assert [tallies.count() for tallies in looked_at] == [1, 1, 1, 2]

    await database.write(work)
