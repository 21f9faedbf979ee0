"""What sources and calls tell of customers and occasions is kept (C1-C3)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.customers.blocks import blocked_numbers
from dialer.customers.corrections import correct, missing_fields, set_consent
from dialer.customers.service import CustomerFields, Taken, take_in, take_in_many
from dialer.customers.tables import corrections, customers, occasions, phones, vehicles
from dialer.storage.database import Database
from dialer.storage.feed import after
from tests.support.core import NOW, YESTERDAY
from tests.support.customers import told


async def test_c1_everything_told_of_a_customer_is_kept(database: Database) -> None:
    """C1: kind, grade, member number, segments, tail, language, slot, household, birthday, owner, means."""
    fields = CustomerFields(
        kind="household",
        grade="VIP",
        member_number="M001",
        segments=["key", "north"],
        document_tail="123X",
        language="yue",
        slot_from="18:00",
        slot_to="20:00",
        time_zone="Asia/Urumqi",
        household="H7",
        birthday=date(1980, 2, 29),
        owner="王强",
        deputy="赵丽",
        means="phone",
        frequency="half-yearly",
        promotion_consent=True,
    )
    first = told(numbers=("13800000001", "037165654321"), customer=fields)

    def work(conn: Connection) -> None:
        taken = take_in(conn, first, NOW)
        # What a later record does not tell stays.
        take_in(conn, told(customer=CustomerFields(grade="gold"), happened_at=NOW), NOW)
        row = conn.execute(select(customers)).one()
        assert (row.id, row.grade) == (taken.customer_id, "gold")
        for name in ("kind", "member_number", "segments", "slot_from", "birthday", "deputy", "household"):
            assert getattr(row, name) == getattr(fields, name), name
        assert row.promotion_consent is True
        dialled = select(phones.c.number).order_by(phones.c.position)
        assert list(conn.execute(dialled).scalars()) == ["13800000001", "037165654321"]

    await database.write(work)


async def test_c1_what_a_call_corrects_is_kept_with_who_and_when(database: Database) -> None:
    """C1: 信息补录; an older file that comes late does not undo it, a newer one does."""

    def work(conn: Connection) -> None:
        taken = take_in(conn, told(customer=CustomerFields(grade="silver")), NOW)
        later = NOW + timedelta(hours=1)
        assert correct(conn, taken.customer_id, "birthday", "1990-05-01", "A8001", "attempt-1", later)
        assert correct(conn, taken.customer_id, "name", "李小明", "A8001", "attempt-1", later)
        assert correct(conn, taken.customer_id, "competitor", "某店", "A8001", "attempt-1", later)
        assert not correct(conn, taken.customer_id, "competitor", "某店", "A8001", "attempt-1", later)
        take_in(conn, told(customer=CustomerFields(birthday=date(1970, 1, 1))), NOW)
        row = conn.execute(select(customers)).one()
        assert (row.name, row.birthday) == ("李小明", date(1990, 5, 1))
        noted = conn.execute(select(corrections).order_by(corrections.c.id)).all()
        assert [(one.field, one.before, one.after, one.by) for one in noted] == [
            ("birthday", "", "1990-05-01", "A8001"),
            ("name", "李", "李小明", "A8001"),
            ("competitor", "", "某店", "A8001"),
        ]
        newer = told(
            customer=CustomerFields(birthday=date(1991, 6, 2)), happened_at=later + timedelta(days=1)
        )
        take_in(conn, newer, NOW)
        assert conn.execute(select(customers.c.birthday)).scalar() == date(1991, 6, 2)
        wanted = ("birthday", "competitor", "document_tail", "number", "plate", "mileage")
        assert missing_fields(conn, taken.customer_id, wanted) == ["document_tail", "mileage"]

    await database.write(work)


async def test_c1_a_corrected_number_is_dialled_first(database: Database) -> None:
    def work(conn: Connection) -> None:
        taken = take_in(conn, told(), NOW)
        correct(conn, taken.customer_id, "number", "139 0000 0009", "A8001", "attempt-1", NOW)
        dialled = select(phones.c.number).order_by(phones.c.position)
        assert list(conn.execute(dialled).scalars()) == ["13900000009", "13800000001"]
        with pytest.raises(ValueError, match="not a phone number"):
            correct(conn, taken.customer_id, "number", "12", "A8001", "attempt-1", NOW)

    await database.write(work)


async def test_c2_an_occasion_keeps_what_its_source_told(database: Database) -> None:
    """C2: unit, products, staff with roles, amounts, and facts of its kind."""
    policy = told(
        kind="policy",
        unit="郑州中支",
        products=("安享一生",),
        staff={"salesperson": "张伟", "technician": "赵强"},
        amount_fen=1_280_050,
        facts={"policy_number": "P-1", "payment": "annual", "years": 20, "participating": True},
    )

    def work(conn: Connection) -> None:
        take_in(conn, policy, NOW)
        row = conn.execute(select(occasions)).one()
        assert (row.unit, row.products, row.amount_fen) == ("郑州中支", ["安享一生"], 1_280_050)
        assert row.facts == dict(policy.facts)
        assert row.staff == dict(policy.staff)
        assert (row.taken_in_at, row.planned_at) == (NOW, None)

    await database.write(work)


async def test_c2_what_changed_is_planned_again(database: Database) -> None:
    """C2, L1: a new or changed occasion waits for the planner, an unchanged one does not."""
    first = told(facts={"due": "2026-12-01"})

    def work(conn: Connection) -> None:
        take_in(conn, first, NOW)
        conn.execute(occasions.update().values(planned_at=NOW))
        assert take_in(conn, first, NOW).what is Taken.UNCHANGED
        assert conn.execute(select(occasions.c.planned_at)).scalar() == NOW
        assert take_in(conn, replace(first, facts={"due": "2026-12-05"}), NOW).what is Taken.UPDATED
        assert conn.execute(select(occasions.c.planned_at)).scalar() is None

    await database.write(work)


async def test_c3_a_batch_is_told_of_in_one_event(database: Database) -> None:
    def work(conn: Connection) -> None:
        batch = [told(number=f"1380000{n:04}", plate=f"豫B{n:05}") for n in range(300)]
        taken = take_in_many(conn, [*batch, batch[0]], NOW)
        assert [one.what for one in taken] == [Taken.CREATED] * 300 + [Taken.UNCHANGED]
        assert taken[-1].occasion_id == taken[0].occasion_id
        (event,) = after(conn, 0)
        assert (event.kind, event.data) == (
            "customers.taken_in",
            {"created": 300, "unchanged": 1, "merged": 0},
        )

    await database.write(work)


async def test_x3_consent_to_promotion_is_another_thing(database: Database) -> None:
    """X3: 退订 holds whatever a later file says, and the customer is still called for care."""

    def work(conn: Connection) -> None:
        agreed = CustomerFields(promotion_consent=True)
        taken = take_in(conn, told(customer=agreed), NOW)
        set_consent(conn, taken.customer_id, False, "李女士", "sms:TD", NOW)
        take_in(conn, told(customer=agreed, happened_at=NOW + timedelta(days=30)), NOW)
        row = conn.execute(select(customers)).one()
        assert (row.promotion_consent, row.do_not_call) == (False, False)
        assert blocked_numbers(conn, ["13800000001"]) == {}
        set_consent(conn, taken.customer_id, True, "李女士", "call", NOW)
        assert conn.execute(select(customers.c.promotion_consent)).scalar() is True

    await database.write(work)


async def test_c3_a_corrected_order_takes_its_customer_along(database: Database) -> None:
    """C3: the same order with a mended name and number is the same customer's; the new number comes first."""

    def work(conn: Connection) -> None:
        first = told("李名", external_id="1")
        taken = take_in(conn, first, NOW)
        mended = replace(first, name="李明", numbers=("13900000009",))
        again = take_in(conn, mended, NOW)
        assert (again.what, again.customer_id) == (Taken.UPDATED, taken.customer_id)
        assert conn.execute(select(customers.c.name)).scalar() == "李明"
        dialled = select(phones.c.number).order_by(phones.c.position)
        assert list(conn.execute(dialled).scalars()) == ["13900000009", "13800000001"]
        assert take_in(conn, mended, NOW).what is Taken.UNCHANGED

    await database.write(work)


async def test_c3_a_car_that_was_sold_is_its_new_owners(database: Database) -> None:
    """C3: by the date of the record, not by when its file was imported."""

    def work(conn: Connection) -> None:
        take_in(conn, told("王芳", "13900000002", happened_at=NOW, facts={"model": "朗逸"}), NOW)
        take_in(conn, told("李明", happened_at=YESTERDAY), NOW)
        holder = select(customers.c.name, vehicles.c.model).join_from(customers, vehicles)
        assert [tuple(row) for row in conn.execute(holder)] == [("王芳", "朗逸")]

    await database.write(work)
