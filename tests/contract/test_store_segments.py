"""Keepers of segments, and the data that nobody has confirmed for long, on both databases (R12)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from dialer.customers import keepers
from dialer.customers.blocks import NoSuchCustomer
from dialer.customers.corrections import correct
from dialer.customers.keepers import COUNTED, NoSuchSegment, Segment
from dialer.customers.members import STALE_DAYS, mask_of
from dialer.customers.merging import merge, undo_merge
from dialer.customers.service import CustomerFields, take_in, take_in_many
from dialer.customers.tables import customers, segment_members
from dialer.privacy.service import forget
from dialer.storage.bulk import insert_many
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.core import LIBRARY, NOW
from tests.support.customers import told

LATER = NOW + timedelta(days=200)


def customer(conn: Connection, number: str, *segments: str, at: datetime = NOW, **more: object) -> str:
    fields = CustomerFields(segments=segments, grade="gold")
    taken = take_in(conn, told(f"李{number[-4:]}", number, None, customer=fields, **more), at)
    return taken.customer_id


def of(conn: Connection, name: str) -> Segment:
    found = keepers.segment(conn, name)
    assert found is not None
    return found


def due(conn: Connection, name: str, now: datetime, **more: object) -> list[str]:
    return [row.id for row in keepers.stale(conn, of(conn, name), now, 50, **more)]  # type: ignore[arg-type]


async def test_r12_a_keeper_is_set_and_told(database: Database) -> None:
    """R12: a segment is there with its first customer; its keeper, days and fields are settable."""

    def work(conn: Connection) -> None:
        customer(conn, "13800000001", "key", "fleet")
        assert [one.name for one in keepers.segments(conn)] == ["fleet", "key"]
        assert (of(conn, "key").keeper, of(conn, "key").stale_days) == ("", STALE_DAYS)
        keepers.set_keeper(conn, "key", "wang", 90, ["birthday", "grade"], "chen", NOW)
        key = of(conn, "key")
        assert (key.keeper, key.stale_days, key.wanted, key.set_by) == (
            "wang",
            90,
            ["grade", "birthday"],
            "chen",
        )
        assert [one.name for one in keepers.segments(conn, "wang")] == ["key"]
        (event,) = of_subject(conn, "key")
        assert (event.kind, event.data["keeper"], event.data["by"]) == ("segment.keeper_set", "wang", "chen")
        with pytest.raises(NoSuchSegment):
            keepers.set_keeper(conn, "gone", "wang", 90, [], "chen", NOW)
        with pytest.raises(ValueError, match="hobby"):
            keepers.set_keeper(conn, "key", "wang", 90, ["hobby"], "chen", NOW)
        with pytest.raises(ValueError, match="0"):
            keepers.set_keeper(conn, "key", "wang", 0, [], "chen", NOW)

    await database.write(work)


async def test_r12_data_are_stale_until_somebody_confirms_or_corrects_them(database: Database) -> None:
    """R12, C1: a file that says the same again confirms nothing; a person does."""

    def work(conn: Connection) -> None:
        ids = [
            customer(conn, f"1380000000{n}", "key", at=NOW + timedelta(hours=n), external_id=str(n))
            for n in range(4)
        ]
        assert due(conn, "key", NOW + timedelta(days=STALE_DAYS)) == []
        assert due(conn, "key", LATER) == ids
        customer(conn, "13800000000", "key", at=LATER, external_id="again")
        keepers.confirm(conn, ids[1], "wang", LATER)
        assert correct(conn, ids[2], "birthday", "1990-05-01", "A8001", "call", LATER)
        assert not correct(conn, ids[3], "grade", "gold", "A8001", "call", LATER)
        assert due(conn, "key", LATER) == [ids[0]]
        (confirmed,) = [one for one in of_subject(conn, ids[1]) if one.kind == "customer.confirmed"]
        assert confirmed.data == {"by": "wang"}
        with pytest.raises(LookupError):
            keepers.confirm(conn, "nobody", "wang", LATER)

    await database.write(work)


async def test_r12_wanted_fields_that_are_missing_are_due_at_once(database: Database) -> None:
    """R12, C1: also a number; what is filled in is not missing any more."""

    def work(conn: Connection) -> None:
        first, second = customer(conn, "13800000001", "key"), customer(conn, "13800000002", "key")
        keepers.set_keeper(conn, "key", "wang", 90, ["grade", "birthday", "number"], "chen", NOW)
        key = of(conn, "key")
        assert due(conn, "key", NOW) == sorted([first, second])
        row = keepers.stale(conn, key, NOW, 1)[0]
        assert row.missing(key) == ("birthday",)
        assert keepers.counts(conn, key, NOW) == keepers.Counts(all=2, stale=0, lacking=2)
        correct(conn, first, "birthday", "1990-05-01", "A8001", "call", NOW)
        assert due(conn, "key", NOW) == [second]

    await database.write(work)


async def test_r12_pages_come_in_order_and_leave_nobody_out(database: Database) -> None:
    """R12: the oldest first; also where many have the same time."""

    def work(conn: Connection) -> None:
        batch = [
            told(
                f"李{n:04}",
                f"1380000{n:04}",
                None,
                customer=CustomerFields(segments=["key"]),
                external_id=str(n),
            )
            for n in range(25)
        ]
        take_in_many(conn, batch, NOW)
        key, seen, after = of(conn, "key"), list[str](), None
        while page := keepers.stale(conn, key, LATER, 10, after):
            seen += [row.id for row in page]
            after = (page[-1].confirmed_at, page[-1].id)
        assert (len(seen), len(set(seen))) == (25, 25)

    await database.write(work)


async def test_r12_counting_ends_where_nobody_needs_it(database: Database) -> None:
    """R12: a segment of very many customers does not hold up the page."""

    def work(conn: Connection) -> None:
        customer(conn, "13800000001", "key")
        rows = [
            {"segment": "key", "customer_id": f"c{n}", "confirmed_at": NOW, "lacks": mask_of(["birthday"])}
            for n in range(COUNTED + 5)
        ]
        insert_many(conn, segment_members, rows)
        keepers.set_keeper(conn, "key", "", 90, ["birthday"], "chen", NOW)
        assert keepers.counts(conn, of(conn, "key"), LATER) == keepers.Counts(*[COUNTED + 1] * 3)

    await database.write(work)


async def test_r12_merging_parting_and_forgetting_move_members(database: Database) -> None:
    """R12, C3, X3: who is part of another or forgotten is nobody's to keep."""

    def work(conn: Connection) -> None:
        kept, gone = customer(conn, "13800000001", "key"), customer(conn, "13800000002", "fleet")
        merged = merge(conn, kept, gone, "chen", NOW)
        assert set(conn.execute(select(segment_members.c.customer_id)).scalars()) == {kept}
        undo_merge(conn, merged, "chen", NOW)
        members = select(segment_members.c.customer_id, segment_members.c.segment)
        assert set(conn.execute(members).all()) == {(kept, "key"), (gone, "fleet")}
        keepers.confirm(conn, kept, "wang", LATER)
        forget(conn, LIBRARY, gone, "chen", LATER)
        assert set(conn.execute(members).all()) == {(kept, "key")}
        row = conn.execute(select(customers.c.confirmed_at).where(customers.c.id == kept)).scalar_one()
        assert row == LATER
        with pytest.raises((LookupError, NoSuchCustomer)):
            keepers.confirm(conn, gone, "wang", LATER)

    await database.write(work)


async def test_r12_a_keeper_keeps_only_his_own(database: Database) -> None:
    def work(conn: Connection) -> None:
        mine, other = customer(conn, "13800000001", "key"), customer(conn, "13800000002", "fleet")
        keepers.set_keeper(conn, "key", "wang", 90, [], "chen", NOW)
        assert keepers.keeps(conn, "wang", [mine])
        assert not keepers.keeps(conn, "wang", [other])

    await database.write(work)
