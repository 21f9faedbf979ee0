"""Alarms: one open one for each trouble, shown until it is over (V1)."""

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, open_alarms, raise_alarm
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from tests.support.core import at


def kinds(conn: Connection) -> list[str]:
    return [row.kind for row in of_subject(conn, "pbx")]


async def test_an_alarm_raised_again_is_the_same_with_newer_facts(database: Database) -> None:
    def work(conn: Connection) -> None:
        raise_alarm(conn, "link_down", "pbx", at(0), {"reason": "refused"})
        raise_alarm(conn, "link_down", "pbx", at(5), {"reason": "refused"})
        raise_alarm(conn, "link_down", "pbx", at(9), {"reason": "timed out"})
        (alarm,) = open_alarms(conn)
        assert (alarm.raised_at, dict(alarm.data)) == (at(0), {"reason": "timed out"})
        assert kinds(conn) == ["alarm.raised", "alarm.changed"]

    await database.write(work)


async def test_an_alarm_that_is_over_is_gone_and_may_come_again(database: Database) -> None:
    def work(conn: Connection) -> None:
        raise_alarm(conn, "link_down", "pbx", at(0))
        for _ in range(2):
            clear_alarm(conn, "link_down", "pbx", at(5))
        assert open_alarms(conn) == []
        raise_alarm(conn, "link_down", "pbx", at(9))
        assert [alarm.raised_at for alarm in open_alarms(conn)] == [at(9)]
        assert kinds(conn) == ["alarm.raised", "alarm.cleared", "alarm.raised"]

    await database.write(work)


async def test_each_kind_and_subject_has_its_own_newest_first(database: Database) -> None:
    def work(conn: Connection) -> None:
        for second, (kind, subject) in enumerate([("a", "1"), ("a", "2"), ("b", "1")]):
            raise_alarm(conn, kind, subject, at(second))
        clear_alarm(conn, "a", "1", at(9))
        assert [(alarm.kind, alarm.subject) for alarm in open_alarms(conn)] == [("b", "1"), ("a", "2")]

    await database.write(work)
