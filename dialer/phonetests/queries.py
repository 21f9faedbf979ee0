"""All SQL about tests of phones."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from dialer.phonetests.rules import PhoneTest
from dialer.phonetests.tables import phone_tests
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

_OPEN = Prepared(select(phone_tests).where(phone_tests.c.ended_at.is_(None)).order_by(phone_tests.c.asked_at))


def open_tests(conn: Connection) -> list[PhoneTest]:
    """The tests that have not ended."""
    return fetch(conn, _OPEN, PhoneTest)


def latest_test(conn: Connection, agent_id: str, since: datetime) -> PhoneTest | None:
    """The latest test that this agent has asked for since then."""
    query = select(phone_tests).where(phone_tests.c.agent_id == agent_id, phone_tests.c.asked_at >= since)
    return fetch_one(conn, query.order_by(phone_tests.c.asked_at.desc()).limit(1), PhoneTest)


def latest_tests(conn: Connection, since: datetime) -> Mapping[str, PhoneTest]:
    """By agent the latest test since then."""
    query = select(phone_tests).where(phone_tests.c.asked_at >= since).order_by(phone_tests.c.asked_at)
    return {one.agent_id: one for one in fetch(conn, query, PhoneTest)}
