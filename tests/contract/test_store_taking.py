"""Occasions become customers: what is told of whom, in whatever order, and who is one person (C1-C3)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, func, select

from dialer.customers.blocks import blocked_numbers
from dialer.customers.corrections import correct, missing_fields, set_consent
from dialer.customers.merging import NotMerged, merge, undo_merge
from dialer.customers.service import CustomerFields, Occasion, Taken, take_in, take_in_many
from dialer.customers.tables import corrections, customers, merges, occasions, phones, vehicles
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.storage.feed import after
from dialer.storage.migrating import migrate
from tests.support.core import NOW, YESTERDAY, add_follow_up, occasion

PLATE = "豫A12345"
_OF_THE_ROW = ("id", "created_at", "merged_into")


def told(
    name: str = "李", number: str = "13800000001", plate: str | None = PLATE, **more: object
) -> Occasion:
    values: dict[str, object] = {"name": name, "numbers": (number,), "plate": plate, "salutation": ""}
    return occasion(number, **(values | more))


def live(conn: Connection) -> list[tuple[str, ...]]:
    """Every customer that stands for itself, with what belongs to it; without ids."""
    found = []
    for row in conn.execute(select(customers).where(customers.c.merged_into.is_(None))).all():
        fields = {
            key: value
            for key, value in row._mapping.items()
            if key not in ("id", "created_at", "merged_into")
        }
        mine = [
            select(phones.c.number).where(phones.c.customer_id == row.id).order_by(phones.c.position),
            select(vehicles.c.plate).where(vehicles.c.customer_id == row.id).order_by(vehicles.c.plate),
            select(occasions.c.external_id)
            .where(occasions.c.customer_id == row.id)
            .order_by(occasions.c.external_id),
        ]
        found.append((str(fields), *(str(list(conn.execute(query).scalars())) for query in mine)))
    return sorted(found)


def named(conn: Connection) -> list[tuple[str, int]]:
    """Names of customers that stand for themselves, with their number of occasions."""
    query = (
        select(customers.c.name, func.count())
        .join_from(customers, occasions)
        .where(customers.c.merged_into.is_(None))
        .group_by(customers.c.id)
    )
    return sorted((row[0], row[1]) for row in conn.execute(query))


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


@pytest.mark.parametrize(
    ("first", "second", "persons"),
    [
        pytest.param(told("李"), told("李", plate=None), 1, id="same number and name"),
        pytest.param(told("李"), told("李", number="13900000002"), 1, id="same plate and name"),
        pytest.param(told("李明"), told("李"), 1, id="same plate and number, only the surname"),
        pytest.param(told("李明"), told("李女士"), 1, id="same plate and number, a salutation"),
        pytest.param(told("欧阳锋"), told("欧阳"), 1, id="a surname of two characters"),
        pytest.param(told("李明"), told("王芳"), 2, id="same plate and number, another surname"),
        pytest.param(told("李明"), told("李", plate=None), 2, id="same number, names differ, no plate"),
        pytest.param(told("李明"), told("王芳", number="13900000002"), 2, id="the car was sold"),
        pytest.param(
            told("大华公司", "037165654321"), told("大通公司", "037165654321"), 2, id="a switchboard"
        ),
    ],
)
async def test_c3_merged_are_records_of_one_person_only(
    database: Database, first: Occasion, second: Occasion, persons: int
) -> None:
    """C3: the same plate and phone over sources is one person; a car's buyer is not its seller."""

    def work(conn: Connection) -> None:
        take_in(conn, replace(first, external_id="1", source="csv"), NOW)
        take_in(conn, replace(second, external_id="2", source="api"), NOW)
        assert len(live(conn)) == persons
        assert len({row.customer_id for row in conn.execute(select(occasions))}) == persons

    await database.write(work)


async def test_c3_merged_by_a_record_that_leads_to_both(database: Database) -> None:
    """C3: two customers turn out to be one; what was owed to either is owed to the one that stays."""

    def work(conn: Connection) -> None:
        add_follow_up(conn, "13800000001", name="李明", plate=PLATE)
        owed = add_follow_up(conn, "13900000002", name="李明", plate="豫B54321")
        assert len(live(conn)) == 2
        both = told("李明", numbers=("13900000002", "13800000001"), plate=None, happened_at=NOW)
        taken = take_in(conn, both, NOW)
        (merged,) = conn.execute(select(merges)).all()
        assert merged.kept_id == taken.customer_id
        assert (merged.why["match"], merged.by) == ("same_number_and_name", "import")
        assert {row.customer_id for row in conn.execute(select(follow_ups))} == {merged.kept_id}
        ((_, numbers, plates, orders),) = live(conn)
        assert (numbers, plates) == ("['13900000002', '13800000001']", f"['{PLATE}', '豫B54321']")
        assert orders.count("'") == 6

        undo_merge(conn, merged.id, "主管", NOW)
        # Each follow-up is again owed to the customer of its own order.
        owed_to = dict(conn.execute(select(follow_ups.c.id, follow_ups.c.customer_id)).all())
        assert set(owed_to.values()) == {merged.kept_id, merged.gone_id}
        assert owed_to[owed] == merged.gone_id
        # Nor are they merged again by what merged them before.
        take_in(conn, replace(both, external_id="again"), NOW)
        assert len(live(conn)) == 2

    await database.write(work)


async def test_c3_merged_by_name_variant_goes_back_exactly(database: Database) -> None:
    """C3: 李 (女士) on the plate and phone of 李明 is shown as a merge; undone, both are as they were."""

    def work(conn: Connection) -> None:
        first = told("李明", customer=CustomerFields(grade="gold"), external_id="1")
        take_in(conn, first, NOW)
        before = live(conn)
        take_in(conn, told("李", salutation="女士", external_id="2", happened_at=NOW), NOW)
        assert named(conn) == [("李明", 2)]
        assert (
            conn.execute(select(customers.c.salutation).where(customers.c.name == "李明")).scalar() == "女士"
        )
        (merged,) = conn.execute(select(merges)).all()
        assert merged.why["match"] == "same_plate_and_number"
        assert merged.why["names"] == ["李明", "李"]
        undo_merge(conn, merged.id, "主管", NOW)
        assert named(conn) == [("李", 1), ("李明", 1)]
        now = live(conn)
        # The plate is the later record's; all else of the first one is as before.
        assert before[0][0] in [row[0] for row in now]
        assert [row[1] for row in now] == ["['13800000001']"] * 2
        with pytest.raises(NotMerged, match="no merge"):
            undo_merge(conn, merged.id, "主管", NOW)
        assert {event.kind for event in after(conn, 0)} == {"customers.taken_in", "customer.parted"}

    await database.write(work)


async def test_c3_parted_records_take_what_came_since(database: Database) -> None:
    """C3: an order of 李 after the merge, and the follow-up it made, go back to 李 as well."""

    def work(conn: Connection) -> None:
        add_follow_up(conn, name="李明", plate=PLATE)
        take_in(conn, told("李", external_id="2"), NOW)
        owed = add_follow_up(conn, name="李", plate=PLATE, external_id="3")
        assert named(conn) == [("李明", 3)]
        (merged,) = conn.execute(select(merges)).all()
        undo_merge(conn, merged.id, "主管", NOW)
        assert named(conn) == [("李", 2), ("李明", 1)]
        owner = select(follow_ups.c.customer_id).where(follow_ups.c.id == owed)
        assert conn.execute(owner).scalar() == merged.gone_id

    await database.write(work)


async def test_c3_merged_by_hand_and_parted_again(database: Database) -> None:
    def work(conn: Connection) -> None:
        one = take_in(conn, told("李明", external_id="1"), NOW).customer_id
        other = take_in(conn, told("王芳", "13900000002", None, external_id="2"), NOW).customer_id
        before = live(conn)
        merge_id = merge(conn, one, other, "主管", NOW)
        ((_, numbers, _, _),) = live(conn)
        assert numbers.count("'") == 4
        with pytest.raises(NotMerged, match="part of another"):
            merge(conn, one, other, "主管", NOW)
        undo_merge(conn, merge_id, "主管", NOW)
        assert live(conn) == before
        with pytest.raises(NotMerged, match="itself"):
            merge(conn, one, one, "主管", NOW)
        with pytest.raises(NotMerged, match="no customer nobody"):
            merge(conn, one, "nobody", "主管", NOW)

    await database.write(work)


NAMES = st.sampled_from(["李", "李明", "李女士", "王芳", "大华公司", "欧阳锋", ""])
NUMBERS = st.lists(st.sampled_from(["13800000001", "13900000002", "037165654321"]), min_size=1, max_size=3)
FIELDS = st.builds(
    CustomerFields,
    grade=st.sampled_from([None, "gold", "silver"]),
    segments=st.sampled_from([None, ["key"]]),
    promotion_consent=st.sampled_from([None, True, False]),
)
RECORDS = st.lists(
    st.builds(
        lambda name, numbers, plate, days, kind, fields: told(
            name, numbers=tuple(numbers), plate=plate, kind=kind, customer=fields,
            happened_at=YESTERDAY - timedelta(days=days),
        ),
        NAMES,
        NUMBERS,
        st.sampled_from([None, PLATE, "豫B54321"]),
        st.integers(0, 3),
        st.sampled_from(["settlement-order", "policy"]),
        FIELDS,
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def shuffled(records: Sequence[Occasion]) -> st.SearchStrategy[list[Occasion]]:
    return st.permutations(records)


def as_stored(url: str, batches: Sequence[Sequence[Occasion]]) -> list[tuple[str, ...]]:
    """What a database holds after these batches; nothing of it is kept."""
    engine = create_engine(url)
    with engine.connect() as conn:
        transaction = conn.begin()
        for batch in batches:
            take_in_many(conn, batch, NOW)
        found = live(conn)
        conn.info.clear()
        transaction.rollback()
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('taking')}/shared.db"
    asyncio.run(migrate(url))
    return url


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_c3_the_order_of_import_does_not_matter(shared_url: str, data: st.DataObject) -> None:
    """C3: one by one, in one batch, in any order: the same customers, up to ids."""
    records = [replace(one, external_id=str(n)) for n, one in enumerate(data.draw(RECORDS))]
    again = data.draw(shuffled(records))
    at = data.draw(st.integers(0, len(records)))
    one_by_one = as_stored(shared_url, [[record] for record in records])
    assert as_stored(shared_url, [again]) == one_by_one
    assert as_stored(shared_url, [again[:at], again[at:]]) == one_by_one
    # Every occasion is there once, and the same files again change nothing.
    assert as_stored(shared_url, [records, again, records]) == one_by_one


async def test_c3_order_does_not_matter_on_both_databases(database: Database) -> None:
    """C3: the case with a chain of three records that are one person by pairs only."""
    chain = [
        told("李明", external_id="1", plate=PLATE),
        told("李", "13900000002", external_id="2", plate="豫B54321"),
        told("李", external_id="3", numbers=("13800000001", "13900000002"), happened_at=NOW),
    ]
    stored = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):

        def work(conn: Connection, order: tuple[int, ...] = order) -> list[tuple[str, ...]]:
            with conn.begin_nested() as savepoint:
                for place in order:
                    take_in(conn, chain[place], NOW)
                found = live(conn)
                savepoint.rollback()
            return found

        stored.append(await database.write(work))
    assert stored[0] == stored[1] == stored[2]
    assert len(stored[0]) == 1


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
