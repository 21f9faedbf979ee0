"""Why a call is made or not, on a real database: now, and as decided then (promise 2)."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from dialer.agents.service import add_agent
from dialer.assigning.service import assign_day
from dialer.calling.tables import attempts
from dialer.customers.tables import customers, vehicles
from dialer.explaining.service import explain, explain_customer
from dialer.explaining.values import Explanation
from dialer.followups.queries import follow_up
from dialer.followups.tables import follow_ups
from dialer.halts.service import stop
from dialer.ids import new_id
from dialer.planning.dialling import Verdict, decided
from dialer.planning.draws import draw_waiting
from dialer.planning.rules.gates import Gate
from dialer.planning.rules.owed import Site
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from tests.support.planned import (
    NOW,
    SHANGHAI,
    add_contact,
    add_customer,
    add_occasion,
    library,
    plan,
    playbook,
)

NOON = NOW + timedelta(hours=4, minutes=30)
TEN = NOW + timedelta(hours=2)
CAR = {"plate": "豫A12345"}


def ask(
    conn: Connection, customer_id: str, books: Library | None = None, now: datetime = TEN
) -> list[Explanation]:
    return explain_customer(conn, books or library(), PlanningSettings(), SHANGHAI, customer_id, now)


def gate(one: Explanation, name: str) -> Gate:
    return next(gate for gate in one.gates if gate.name == name)


async def test_promise_2_each_gate_is_a_line_with_value_limit_and_verdict(database: Database) -> None:
    def work(conn: Connection) -> None:
        customer_id = add_customer(conn)
        add_occasion(conn, customer_id, **CAR)
        plan(conn)
        (open_now,) = ask(conn, customer_id)
        assert open_now.allowed
        (at_noon,) = ask(conn, customer_id, now=NOON)
        window = gate(at_noon, "window")
        assert (window.value, window.limit, window.passed) == ("12:30", "09:00-12:00, 14:00-20:00", False)
        assert at_noon.until == window.until == NOW + timedelta(hours=6)
        assert (at_noon.allowed, at_noon.reason) == (False, "window")

    await database.write(work)


async def test_promise_2_plate_phone_and_every_id_lead_to_the_answer(database: Database) -> None:
    def work(conn: Connection) -> None:
        customer_id = add_customer(conn)
        conn.execute(insert(vehicles).values(plate="豫A12345", customer_id=customer_id))
        occasion_id = add_occasion(conn, customer_id, **CAR)
        plan(conn)
        follow_up_id = str(conn.execute(select(follow_ups.c.id)).scalar_one())
        ids = (customer_id, occasion_id, follow_up_id, follow_up_id.lower())
        for key in ("豫a·12345", "+86 138-0000-0001", *ids):
            answer = explain(conn, library(), PlanningSettings(), SHANGHAI, key, TEN)
            assert [who.id for who in answer.customers] == [customer_id]
            assert [one.follow_up_id for one in answer.explanations] == [follow_up_id]
            json.dumps(asdict(answer), default=str)
        for key in ("豫B99999", "13900000000", new_id(), "", "x" * 60):
            assert explain(conn, library(), PlanningSettings(), SHANGHAI, key, TEN).customers == ()

    await database.write(work)


async def test_promise_2_who_was_left_out_has_the_reason_as_decided_then(database: Database) -> None:
    def work(conn: Connection) -> None:
        blocked = add_customer(conn, do_not_call=True)
        add_occasion(conn, blocked)
        capped = add_customer(conn, "13800000002")
        for days in (5, 9):
            add_contact(conn, capped, NOW - timedelta(days=days), number="13800000002")
        add_occasion(conn, capped)
        plan(conn)
        (one,) = ask(conn, blocked)
        assert (one.follow_up_id, one.reason) == (None, "do_not_call")
        assert not gate(one, "do_not_call").passed
        (two,) = ask(conn, capped)
        assert two.reason == "quarter_cap"
        assert [each.verdict for each in two.decided] == ["excluded"]
        person = gate(two, "quarter_cap_person")
        assert (person.value, person.limit, person.passed) == ("2", "2", False)

    await database.write(work)


async def test_promise_2_who_was_not_drawn_sees_the_place_in_the_draw(database: Database) -> None:
    books = library(playbook(coverage={"share": "0.2"}))

    def work(conn: Connection) -> None:
        ids = [add_customer(conn, f"1380000{number:04}") for number in range(10)]
        for customer_id in ids:
            add_occasion(conn, customer_id)
        plan(conn, books)
        while draw_waiting(conn, Site.of(books, PlanningSettings(), SHANGHAI), NOW):
            pass
        answers = [ask(conn, customer_id, books)[0] for customer_id in ids]
        left = [one for one in answers if one.follow_up_id is None]
        assert len(left) == 8
        assert {one.reason for one in left} == {"not_drawn"}
        assert {gate(one, "sample").limit for one in left} == {"1-2"}
        assert sorted(int(gate(one, "sample").value) for one in left) == list(range(3, 11))

    await database.write(work)


async def test_promise_2_what_no_playbook_wants_is_said(database: Database) -> None:
    books = library(playbook(occasions={"kinds": ["settlement-order"], "when": "amount >= 1000"}))

    def work(conn: Connection) -> None:
        customer_id = add_customer(conn)
        add_occasion(conn, customer_id, amount_fen=5000)
        add_occasion(conn, customer_id, kind="hotline-ticket")
        assert {one.reason for one in ask(conn, customer_id, books)} == {"planned"}
        plan(conn, books)
        reasons = {one.occasion_kind: one for one in ask(conn, customer_id, books)}
        assert reasons["hotline-ticket"].reason == "playbook"
        small = reasons["settlement-order"]
        assert small.reason == "condition"
        assert gate(small, "condition").value == "amount: 50"

    await database.write(work)


async def test_promise_2_release_pause_trial_and_caller_are_gates(database: Database) -> None:
    def work(conn: Connection) -> None:
        customer_id = add_customer(conn)
        add_occasion(conn, customer_id)
        plan(conn, release="manual")
        (one,) = ask(conn, customer_id)
        assert (one.reason, gate(one, "released").passed) == ("state", False)
        agent_id = add_agent(conn, code="8001", name="王", extension="8001", branch="东店")
        values = {"state": "waiting", "owner_id": agent_id, "bound": True}
        conn.execute(update(follow_ups).values(**values))
        (one,) = ask(conn, customer_id)
        assert (one.reason, gate(one, "agent").value) == ("agent", "王")
        conn.execute(update(follow_ups).values(bound=False))
        conn.execute(update(customers).values(paused_until=TEN + timedelta(days=1), pause_reason="upset"))
        (one,) = ask(conn, customer_id)
        assert (one.reason, gate(one, "pause").value) == ("pause", "upset")
        settings = PlanningSettings()
        (one,) = explain_customer(conn, library(), settings, SHANGHAI, customer_id, TEN, frozenset())
        assert one.reason == "trial"
        conn.execute(update(customers).values(paused_until=None))
        stop(conn, one.playbook, "chen", "停电", TEN)
        (one,) = ask(conn, customer_id)
        assert (one.reason, gate(one, "halted").value) == ("halted", "chen: 停电")

    await database.write(work)


async def test_promise_2_each_attempt_keeps_its_gates(database: Database) -> None:
    """Also afterwards: the gates as they were when it was dialled, and what became of it."""

    def work(conn: Connection) -> None:
        customer_id = add_customer(conn)
        add_occasion(conn, customer_id)
        plan(conn)
        agent_id = add_agent(conn, code="8001", name="王", extension="8001", branch="东店")
        assign_day(conn, library(), TEN.date(), SHANGHAI, "chen", TEN)
        follow_up_id = str(conn.execute(select(follow_ups.c.id)).scalar_one())
        attempt_id = new_id()
        attempt = {"id": attempt_id, "follow_up_id": follow_up_id, "agent_id": agent_id, "run_id": new_id()}
        attempt |= {"number": "13800000001", "state": "ended", "outcome": "busy"}
        conn.execute(insert(attempts).values(**attempt, placed_at=TEN, counted=True))
        passed = Gate("carrier_day", "0", "5", True)
        owed = follow_up(conn, follow_up_id)
        assert owed is not None
        verdict = Verdict(follow_up_id, True, (passed,), None, "")
        decided(conn, [(owed, verdict)], TEN, {follow_up_id: attempt_id})
        conn.execute(update(follow_ups).values(state="done", reason="completed"))
        (one,) = ask(conn, customer_id)
        assert (one.state, one.reason, one.allowed) == ("done", "completed", False)
        assert [each.verdict for each in one.decided] == ["planned", "dialled"]
        assert (one.decided[-1].gates, one.decided[-1].outcome) == ((passed,), "busy")
        assert [(each.agent, each.outcome) for each in one.tries] == [("王", "busy")]
        assert [(move.after, move.why) for move in one.moves] == [("王", "balance")]

    await database.write(work)
