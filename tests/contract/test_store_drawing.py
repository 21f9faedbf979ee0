"""Samples drawn from real rows: repeated, replaced, and each row with one fate (L2, P12)."""

from collections import Counter

from sqlalchemy import Connection, select, update

from dialer.followups.tables import follow_ups
from dialer.planning.draws import draw_waiting, replace_unreached
from dialer.planning.rules.owed import Site
from dialer.planning.settings import PlanningSettings
from dialer.planning.tables import samples
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from tests.support.planned import NOW, SHANGHAI, add_customer, add_occasion, fates, library, plan, playbook

GAS = playbook(
    "gas",
    occasions={"kinds": ["repair-visit", "hotline-ticket"]},
    coverage={"share": "0.2", "strata": ["unit"], "once": ["repair_number"]},
)


def site(books: Library) -> Site:
    return Site.of(books, PlanningSettings(), SHANGHAI)


def draw_all(conn: Connection, books: Library) -> Counter[str]:
    counts: Counter[str] = Counter()
    while found := draw_waiting(conn, site(books), NOW):
        counts += found
    return counts


def add_many(conn: Connection, count: int, unit: str = "城东", first: int = 0, **more: object) -> None:
    for number in range(first, first + count):
        who = add_customer(conn, f"138{number:08}")
        values = {
            "kind": "repair-visit",
            "unit": unit,
            "external_id": f"{unit}{number}",
            "id": f"O{unit}{number:04}",
        }
        add_occasion(conn, who, **(values | more))


async def test_l2_twenty_of_a_hundred_are_called_and_the_others_left_out(database: Database) -> None:
    books = library(GAS)

    def work(conn: Connection) -> None:
        add_many(conn, 23)
        add_many(conn, 1, "城西", first=50)
        plan(conn, books)
        assert set(fates(conn).values()) == {"to_draw"}
        draw_all(conn, books)
        assert Counter(fates(conn).values()) == {"waiting": 5 + 1, "not_drawn": 18}
        before = fates(conn)
        assert not draw_all(conn, books)
        plan(conn, books)
        assert fates(conn) == before
        rows = conn.execute(select(samples)).all()
        assert sorted((row.stratum, row.population, row.size) for row in rows) == [
            ("unit=城东", 23, 5),
            ("unit=城西", 1, 1),
        ]

    await database.write(work)


async def test_l2_late_rows_find_their_place_as_if_they_had_come_first(database: Database) -> None:
    books = library(GAS)

    def called(conn: Connection) -> set[str]:
        return {key for (key, _), fate in fates(conn).items() if fate == "waiting"}

    def work(conn: Connection) -> set[str]:
        add_many(conn, 10)
        plan(conn, books)
        draw_all(conn, books)
        assert len(called(conn)) == 2
        add_many(conn, 20, first=10)
        plan(conn, books)
        draw_all(conn, books)
        assert len(called(conn)) == 6
        return called(conn)

    found = await database.write(work)
    order = [f"O城东{number:04}" for number in range(30)]
    from dialer.planning.rules.sampling import order_of, seed_of

    seed = seed_of("huifang", "gas", "2026-11-23", "unit=城东")
    assert {f"城东{int(key[3:])}" for key in order_of(order, seed)[:6]} == found


async def test_l2_the_next_one_stands_in_for_who_cannot_be_reached(database: Database) -> None:
    books = library(GAS)

    def work(conn: Connection) -> None:
        add_many(conn, 10)
        add_occasion(
            conn, add_customer(conn, ""), kind="repair-visit", unit="城东", id="O城东9999", external_id="no"
        )
        plan(conn, books)
        draw_all(conn, books)
        assert Counter(fates(conn).values())["waiting"] == 3
        assert fates(conn)["no", "gas"] == "no_number"
        one = conn.execute(select(follow_ups.c.id)).scalars().first()
        conn.execute(
            update(follow_ups).where(follow_ups.c.id == one).values(state="exhausted", tries={"busy": 6})
        )
        replace_unreached(conn, site(books), str(one), NOW)
        assert Counter(fates(conn).values()) == {"waiting": 3, "exhausted": 1, "not_drawn": 6, "no_number": 1}
        sample = conn.execute(select(samples)).one()
        assert [why for _, _, why in sample.replaced][-1] in ("no_number", "new")

    await database.write(work)


async def test_p12_three_units_draw_apart_and_one_repair_is_called_once(database: Database) -> None:
    books = library(GAS)

    def work(conn: Connection) -> None:
        who = add_customer(conn)
        for unit, kind in (("区域", "repair-visit"), ("热线", "hotline-ticket"), ("分公司", "repair-visit")):
            add_occasion(conn, who, kind=kind, unit=unit, external_id=unit, facts={"repair_number": "R1"})
        plan(conn, books)
        draw_all(conn, books)
        assert Counter(fates(conn).values()) == {"waiting": 1, "called_once": 2}

    await database.write(work)


async def test_l2_important_customers_are_called_all(database: Database) -> None:
    """`when_all`: they are no part of the sample."""
    books = library(
        playbook("gas", coverage={"share": "0.2", "when_all": "grade == 'A'"}),
    )

    def work(conn: Connection) -> None:
        for number in range(5):
            who = add_customer(conn, f"1380000000{number}", grade="A" if number < 3 else "B")
            add_occasion(conn, who, external_id=str(number))
        plan(conn, books)
        draw_all(conn, books)
        found = fates(conn)
        assert [found[str(number), "gas"] for number in range(3)] == ["waiting"] * 3
        assert Counter(found.values()) == {"waiting": 4, "not_drawn": 1}

    await database.write(work)
