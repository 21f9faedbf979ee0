"""Who used which right when, and the signature of a month, on both databases (R12, R7, X1)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dialer.importing.outgoing.export import EXPORTED, export_results, read_layout
from dialer.storage.database import Database
from dialer.storage.feed import emit, of_subject
from tests.support.core import LIBRARY, NOW, SHANGHAI
from web.rights import queries
from web.rights.queries import Use
from web.rights.rules import Month
from web.rights.service import CannotSign, sign
from web.rights.words import NOT_OVER, SIGNED_ALREADY

NOVEMBER = Month(2026, 11)
OCTOBER = datetime(2026, 10, 15, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def read(conn: Connection, month: Month = NOVEMBER) -> list[Use]:
    return queries.uses(conn, queries.within(conn, month.begins(SHANGHAI), month.ends(SHANGHAI)))


def looked(conn: Connection, customer: str, login: str, at: datetime) -> None:
    emit(conn, "customer.looked_at", customer, at, {"login": login})


async def test_r12_uses_are_counted_by_user_and_month(database: Database) -> None:
    """R12: of the month's event rows only, whoever wrote them, and of rights only."""

    def october(conn: Connection) -> None:
        for number in range(40):
            looked(conn, f"C{number}", "wang", OCTOBER + timedelta(minutes=number))

    def november(conn: Connection) -> None:
        for number in range(5):
            looked(conn, f"C{number % 2}", "wang", NOW + timedelta(minutes=number))
        looked(conn, "C1", "chen", NOW)
        emit(conn, "customer.blocked", "C1", NOW, {"by": "chen", "reason": "asked"})
        emit(conn, "user.added", "U1", NOW, {"login": "zhou"})
        emit(conn, "user.password_changed", "U1", NOW)
        emit(conn, "answer.saved", "A1", NOW, {"by": "chen"})

    def december(conn: Connection) -> None:
        looked(conn, "C1", "wang", DECEMBER)

    for work in (october, november, december):
        await database.write(work)
    assert await database.read(read) == [
        Use("", "user.added", 1, 1),
        Use("", "user.password_changed", 1, 1),
        Use("chen", "customer.blocked", 1, 1),
        Use("chen", "customer.looked_at", 1, 1),
        Use("wang", "customer.looked_at", 5, 2),
    ]
    assert await database.read(lambda conn: read(conn, Month(2026, 10))) == [
        Use("wang", "customer.looked_at", 40, 40)
    ]
    assert await database.read(lambda conn: read(conn, Month(2026, 9))) == []


async def test_r12_only_the_months_rows_are_read(database: Database) -> None:
    """R12: years of other months are left out by their ids."""

    def fill(conn: Connection) -> None:
        for number in range(200):
            looked(conn, f"C{number}", "wang", NOW + timedelta(days=number - 100))

    await database.write(fill)
    began, ended = NOVEMBER.begins(SHANGHAI), NOVEMBER.ends(SHANGHAI)
    span = await database.read(lambda conn: queries.within(conn, began, ended))
    assert span.last_id - span.first_id == 30
    assert sum(one.times for one in await database.read(read)) == 30


async def test_r12_single_uses_are_paged_the_latest_first(database: Database) -> None:
    """R12: when, and on whom."""

    def work(conn: Connection) -> None:
        for number in range(7):
            looked(conn, f"C{number}", "wang", NOW + timedelta(minutes=number))
        looked(conn, "C9", "chen", NOW)

    await database.write(work)

    def pages(conn: Connection) -> list[str]:
        span = queries.within(conn, NOVEMBER.begins(SHANGHAI), NOVEMBER.ends(SHANGHAI))
        seen, before = list[str](), None
        while page := queries.single_uses(conn, span, "wang", "customer.looked_at", 3, before):
            seen += [one.subject for one in page]
            before = page[-1].id
        return seen

    assert await database.read(pages) == [f"C{number}" for number in range(6, -1, -1)]


async def test_r12_a_month_is_signed_once_when_it_is_over(database: Database) -> None:
    """R12: who, when, and what was seen; a row and an event."""
    await database.write(lambda conn: looked(conn, "C1", "wang", NOW))

    def work(conn: Connection) -> None:
        with pytest.raises(CannotSign, match=NOT_OVER):
            sign(conn, NOVEMBER, SHANGHAI, "", "chen", NOW)
        sign(conn, NOVEMBER, SHANGHAI, "in order", "chen", DECEMBER)
        with pytest.raises(CannotSign, match=SIGNED_ALREADY):
            sign(conn, NOVEMBER, SHANGHAI, "", "zhou", DECEMBER)
        review = queries.review(conn, "2026-11")
        assert review is not None
        assert (review.by, review.at, review.note) == ("chen", DECEMBER, "in order")
        assert review.seen == [["wang", "customer.looked_at", 1, 1]]
        (event,) = of_subject(conn, "2026-11")
        assert (event.kind, event.data) == ("rights.reviewed", {"by": "chen"})

    await database.write(work)


async def test_r12_an_export_leaves_who_took_it(database: Database, tmp_path: Path) -> None:
    """R12, C6: a file of results is personal data that leaves the house."""
    await export_results(
        database,
        LIBRARY,
        date(2026, 11, 22),
        read_layout(None),
        tmp_path / "results.csv",
        name="crm",
        zone=SHANGHAI,
        clock=lambda: NOW,
        by="wang",
    )
    assert await database.read(read) == [Use("wang", EXPORTED, 1, 1)]
