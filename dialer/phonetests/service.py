"""The one door through which a test of a phone begins, is taken up, and ends (V3).

Every function runs inside one unit of work: the row and its event row become durable together.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from dialer.agents.queries import session
from dialer.agents.states import AgentState
from dialer.ids import new_id
from dialer.phonetests.queries import latest_test, open_tests
from dialer.phonetests.rules import Refusal, is_over, may_ring, may_say, may_test, values_of
from dialer.phonetests.tables import phone_tests
from dialer.storage.feed import emit
from dialer.telephony.phonetest import PhoneHeard

ASKED, TAKEN, SAID, ENDED = "phone_test.asked", "phone_test.taken", "phone_test.said", "phone_test.ended"
# A test is looked for no longer than this.
_RECENT = timedelta(hours=1)


class TestRefused(ValueError):
    """No test begins, or nothing can be said of one; `why` tells the reason."""

    __test__ = False

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


def ask(conn: Connection, agent_id: str, now: datetime, *, linked: Callable[[str], bool]) -> str:
    """Let the phone where this agent sits be tested; the test's id. `linked`: whether an extension's
    telephone system can be asked.

    Raises:
        TestRefused: he is not paused, sits at no phone, is testing it already, or there is no link.
    """
    state, extension = _seat(conn, agent_id)
    latest = latest_test(conn, agent_id, now - _RECENT)
    why = may_test(state, extension, latest, now, link_up=linked(extension))
    if why is not None:
        raise TestRefused(why)
    for left in open_tests(conn):
        if left.extension == extension:
            if not is_over(left, now):
                raise TestRefused(Refusal.RUNNING)
            end(conn, left.id, None, now)
    test_id = new_id()
    conn.execute(insert(phone_tests).values(id=test_id, agent_id=agent_id, extension=extension, asked_at=now))
    emit(conn, ASKED, agent_id, now, {"extension": extension})
    return test_id


def take(conn: Connection, test_id: str, now: datetime) -> bool:
    """Take a test up, before its phone is rung; False: it must not be rung, and what waited is over."""
    test = next((one for one in open_tests(conn) if one.id == test_id), None)
    if test is None or test.taken_at is not None:
        return False
    if not may_ring(test, *_seat(conn, test.agent_id), now):
        end(conn, test_id, None, now)
        return False
    conn.execute(update(phone_tests).where(phone_tests.c.id == test_id).values(taken_at=now))
    emit(conn, TAKEN, test.agent_id, now)
    return True


def end(conn: Connection, test_id: str, heard: PhoneHeard | None, now: datetime) -> None:
    """A test is over; `heard` None: what became of it was not seen. One that is over stays as it is."""
    which = update(phone_tests).where(phone_tests.c.id == test_id, phone_tests.c.ended_at.is_(None))
    row = conn.execute(
        which.values(ended_at=now, **values_of(heard)).returning(phone_tests.c.agent_id)
    ).first()
    if row is not None:
        emit(conn, ENDED, row.agent_id, now, {"reached": heard.reached if heard else None})


def say(conn: Connection, agent_id: str, heard: bool, now: datetime) -> None:
    """The agent says whether he heard himself in his latest test; one that runs ends with it.

    Raises:
        TestRefused: he has tested nothing of late, or his phone was not answered.
    """
    test = latest_test(conn, agent_id, now - _RECENT)
    if test is None or not may_say(test, now):
        raise TestRefused(Refusal.NO_TEST)
    conn.execute(update(phone_tests).where(phone_tests.c.id == test.id).values(said=heard))
    emit(conn, SAID, agent_id, now, {"heard": heard})


def _seat(conn: Connection, agent_id: str) -> tuple[AgentState | None, str]:
    """What the agent does, and the phone where he sits."""
    current = session(conn, agent_id)
    return (current.state, current.extension or "") if current else (None, "")
