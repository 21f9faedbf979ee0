"""Versions of playbooks in the database, and what happens to open follow-ups (T7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from dialer.customers.tables import customers, occasions, phones
from dialer.followups.moving import OpenCount, count_open
from dialer.followups.service import plan
from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.ids import new_id
from dialer.planning.changing.publishing import Published, preview, publish
from dialer.planning.rules.owed import Site
from dialer.planning.service import plan_occasions
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.editing import with_value
from dialer.playbooks.library import Library
from dialer.playbooks.queries import saved_versions
from dialer.playbooks.reading import BadPlaybook, Path, read_text
from dialer.playbooks.service import PUBLISHED, OpenOnes, StaleVersion, keep_shipped, library_of
from dialer.playbooks.tables import playbook_versions
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.unit.dialer.test_playbook_checks import written

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TEXT = written()
SHIPPED = Library([read_text(TEXT, "mine.yaml")])
LATER = with_value(TEXT, ("steps", 0, "limit"), "5d")


def owed(conn: Connection, state: FollowUpState = FollowUpState.WAITING, **columns: object) -> str:
    """A follow-up of the shipped version whose occasion was yesterday; its id."""
    customer_id, occasion_id = new_id(), new_id()
    number = f"138{int(occasion_id, 36) % 10**8:08}"
    happened_at = NOW - timedelta(days=1)
    conn.execute(insert(customers).values(id=customer_id, name="李", branch="东店", created_at=NOW))
    conn.execute(insert(phones).values(customer_id=customer_id, number=number, position=0))
    conn.execute(
        insert(occasions).values(
            id=occasion_id,
            kind="settlement-order",
            source="test",
            external_id=occasion_id,
            happened_at=happened_at,
            branch="东店",
            customer_id=customer_id,
            items=[],
            staff={},
        )
    )
    plan(
        conn,
        SHIPPED.get("mine"),
        occasion_id=occasion_id,
        customer_id=customer_id,
        branch="东店",
        plate=None,
        number=number,
        happened_at=happened_at,
        zone=ZONE,
        now=NOW,
    )
    here = follow_ups.c.occasion_id == occasion_id
    conn.execute(update(follow_ups).where(here).values(state=state, **columns))
    return str(conn.execute(select(follow_ups.c.id).where(here)).scalar_one())


def save(
    conn: Connection,
    text: str = LATER,
    open_ones: OpenOnes = OpenOnes.STAY,
    based_on: int | None = None,
) -> Published:
    return publish(
        conn,
        SHIPPED,
        text,
        rule_sets={"mine"},
        by="wang",
        open_ones=open_ones,
        zone=ZONE,
        calendar=WorkCalendar(),
        now=NOW,
        based_on=based_on,
    )


def shown(conn: Connection, follow_up_id: str) -> tuple[int, str]:
    """Version and limit (the day of the site) of a follow-up."""
    query = select(follow_ups.c.playbook_version, follow_ups.c.limit_at).where(
        follow_ups.c.id == follow_up_id
    )
    number, limit_at = conn.execute(query).one()
    return number, f"{limit_at.astimezone(ZONE):%m-%d %H:%M}"


async def test_t7_scripts_are_versioned_and_each_follow_up_keeps_its_version(database: Database) -> None:
    """T7: what is saved is the next version; a follow-up that is open stays with the one it began with."""

    def work(conn: Connection) -> None:
        follow_up_id = owed(conn)
        saved = save(conn, with_value(TEXT, ("questionnaire", 1, "ask", "en"), "How many times?"))
        assert (saved.playbook.version, saved.moved) == (2, 0)
        library = library_of(conn, SHIPPED)
        version, limit = shown(conn, follow_up_id)
        assert (version, limit) == (1, "11-27 00:00")
        texts = [library.get("mine", number).questionnaire[1].ask.en for number in (version, 2)]
        assert texts == ["How often?", "How many times?"]
        assert library.get("mine").version == 2
        (row,) = saved_versions(conn, "mine")
        assert (row.version, row.saved_by, row.open_ones, row.saved_at) == (2, "wang", "stay", NOW)
        assert "version: 2\n" in row.yaml
        (event,) = [one for one in of_subject(conn, "mine") if one.kind == PUBLISHED]
        assert event.data["version"] == 2

    await database.write(work)


async def test_t7_an_order_that_comes_again_does_not_move_a_follow_up_that_stayed(database: Database) -> None:
    """T7, L1: planning again goes by the version that the follow-up has; what is new goes by the newest."""

    def work(conn: Connection) -> None:
        stayed = owed(conn)
        save(conn)
        follow_up_of_new = owed(conn)
        conn.execute(delete(follow_ups).where(follow_ups.c.id == follow_up_of_new))
        site = Site.of(library_of(conn, SHIPPED), PlanningSettings(), ZONE)
        for _ in range(2):
            plan_occasions(conn, site, [dict(row) for row in conn.execute(select(occasions)).mappings()], NOW)
        assert shown(conn, stayed) == (1, "11-27 00:00")
        made = conn.execute(select(follow_ups.c.id).where(follow_ups.c.id != stayed)).scalar_one()
        assert shown(conn, made) == (2, "11-29 00:00")

    await database.write(work)


async def test_t7_open_follow_ups_move_where_that_is_asked_for(database: Database) -> None:
    """T7, L1: their dates are worked out anew; a time that a try has set stays."""

    def work(conn: Connection) -> None:
        fresh = owed(conn)
        merged = owed(conn, FollowUpState.MERGED)
        tried = owed(conn, tries={"busy": 1}, due_at=NOW + timedelta(minutes=15))
        talking = owed(conn, FollowUpState.CALLING)
        over = owed(conn, FollowUpState.DONE)
        assert count_open(conn, SHIPPED.get("mine")) == OpenCount(movable=3, in_talk=1, without_step=0)
        earlier = with_value(LATER, ("steps", 0, "earliest"), "0d")
        assert save(conn, earlier, OpenOnes.MOVE).moved == 3
        assert [shown(conn, one) for one in (fresh, merged, tried)] == [(2, "11-29 00:00")] * 3
        assert [shown(conn, one) for one in (talking, over)] == [(1, "11-27 00:00")] * 2
        due = {
            one: conn.execute(select(follow_ups.c.due_at).where(follow_ups.c.id == one)).scalar_one()
            for one in (fresh, tried)
        }
        assert due[tried] == NOW + timedelta(minutes=15)
        assert f"{due[fresh].astimezone(ZONE):%m-%d %H:%M}" == "11-23 00:00"
        assert [one.kind for one in of_subject(conn, fresh)][-1] == "follow_up.moved"

    await database.write(work)


async def test_t7_a_date_in_the_record_counts_for_the_new_version_too(database: Database) -> None:
    """P3: what is due on a date moves with the span that the new version counts from it."""

    def work(conn: Connection) -> None:
        due = owed(conn, origin="due")
        conn.execute(update(occasions).values(facts={"due_date": "2026-12-10"}))
        other = owed(conn, origin="absence")
        text = with_value(LATER, ("trigger",), {"kind": "due", "fact": "due_date"})
        assert save(conn, text, OpenOnes.MOVE).moved == 2
        assert shown(conn, due) == (2, "12-16 00:00")
        assert shown(conn, other) == (2, "11-27 00:00")

    await database.write(work)


async def test_t7_a_follow_up_whose_step_is_gone_stays(database: Database) -> None:
    def work(conn: Connection) -> None:
        follow_up_id = owed(conn)
        text = with_value(TEXT, ("steps", 0, "id"), "other")
        assert count_open(conn, read_text(text, "x")) == OpenCount(movable=0, in_talk=0, without_step=1)
        assert save(conn, text, OpenOnes.MOVE).moved == 0
        assert shown(conn, follow_up_id)[0] == 1

    await database.write(work)


async def test_t7_the_effect_is_seen_before_it_is_saved(database: Database) -> None:
    """T7, promise 2: what a day's occasions would make, under the version in force and under the new one."""

    def work(conn: Connection) -> None:
        for _ in range(4):
            owed(conn)
        changed = read_text(with_value(TEXT, ("coverage", "share"), Decimal("0.5")), "x")
        seen = preview(conn, SHIPPED, changed, PlanningSettings(), ZONE, NOW.date() - timedelta(days=1), NOW)
        assert seen.before is not None
        assert (seen.before.occasions, seen.before.made, seen.before.excluded) == (4, 4, {})
        assert (seen.after.made, seen.after.excluded) == (2, {"not_drawn": 2})
        assert (seen.open.movable, saved_versions(conn)) == (4, [])
        new = preview(conn, Library(()), changed, PlanningSettings(), ZONE, NOW.date(), NOW)
        assert (new.before, new.after.occasions) == (None, 0)

    await database.write(work)


async def test_t7_what_is_wrong_is_not_saved(database: Database) -> None:
    def work(conn: Connection) -> None:
        path: Path = ("coverage", "when_all")
        with pytest.raises(BadPlaybook, match=r"coverage.when_all: column 1: gradee is not a fact") as caught:
            save(conn, with_value(TEXT, path, "gradee == 'A'"))
        assert [problem.path for problem in caught.value.problems] == [path]
        assert saved_versions(conn) == []

    await database.write(work)


async def test_t7_who_saves_over_a_change_of_somebody_else_is_told(database: Database) -> None:
    def work(conn: Connection) -> None:
        assert save(conn, based_on=1).playbook.version == 2
        with pytest.raises(StaleVersion, match="version 2 of mine was saved meanwhile: open it"):
            save(conn, based_on=1)
        assert save(conn, based_on=2).playbook.version == 3

    await database.write(work)


@pytest.mark.parametrize("break_it", [lambda text: text.replace("limit", "limits"), lambda _: "["])
async def test_a_saved_version_that_cannot_be_read_any_more_says_which(
    database: Database, break_it: Callable[[str], str]
) -> None:
    def work(conn: Connection) -> None:
        save(conn)
        row = saved_versions(conn)[0]
        conn.execute(update(playbook_versions).values(yaml=break_it(row.yaml)))
        with pytest.raises(BadPlaybook, match=r"^mine version 2: "):
            library_of(conn, SHIPPED)

    await database.write(work)


async def test_t7_an_upgrade_does_not_lose_the_version_that_a_call_began_with(database: Database) -> None:
    """T7: shipped versions are kept; they count neither before a newer shipped one nor before a saved one."""
    newer = Library([read_text(with_value(LATER, ("version",), 2), "mine.yaml")])

    def work(conn: Connection) -> None:
        assert [keep_shipped(conn, SHIPPED, NOW) for _ in range(2)] == [1, 0]
        library = library_of(conn, newer)
        assert library.get("mine").version == 2
        assert [str(library.get("mine", number).steps[0].limit) for number in (1, 2)] == ["3d", "5d"]
        assert saved_versions(conn) == []
        assert save(conn).playbook.version == 2
        assert library_of(conn, newer).get("mine").version == 2
        assert keep_shipped(conn, newer, NOW) == 0

    await database.write(work)


async def test_p_a_company_adds_its_own_follow_up_as_data(database: Database) -> None:
    """Section 3: data, not code."""

    def work(conn: Connection) -> None:
        assert save(conn, written(playbook_id="ours")).playbook.version == 1
        assert {one.id for one in library_of(conn, SHIPPED)} == {"mine", "ours"}

    await database.write(work)
