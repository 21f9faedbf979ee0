"""Records of one person become one, in whatever order they come, and can be parted (C3)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from dialer.customers.merging import NotMerged, merge, undo_merge
from dialer.customers.service import CustomerFields, Occasion, take_in, take_in_many
from dialer.customers.tables import customers, merges, occasions
from dialer.followups.tables import follow_ups
from dialer.storage.database import Database
from dialer.storage.feed import after
from dialer.storage.migrating import migrate
from tests.support.core import NOW, YESTERDAY, add_follow_up
from tests.support.customers import PLATE, live, named, told


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


@settings(max_examples=60, deadline=None)
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
