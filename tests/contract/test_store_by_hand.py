"""A person says how a call ended that nothing can prove any more, on both databases (D7, V2)."""

from functools import partial

import pytest
from sqlalchemy import Connection, select

from dialer.agents.states import AgentState
from dialer.alarms.service import open_alarms
from dialer.calling import service
from dialer.calling.by_hand import SETTLED_BY_HAND, CannotSettle, settle_by_hand
from dialer.calling.queries import Attempt, latest_repairs
from dialer.calling.service import EndRules
from dialer.calling.settling import Decision, Settlement
from dialer.calling.states import AttemptState
from dialer.customers.contacts import ContactKind
from dialer.customers.tables import contacts
from dialer.followups.states import FollowUpState
from dialer.storage.database import Database
from dialer.storage.feed import of_subject
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import LIBRARY, RUN, SHANGHAI, at, attempt_of, follow_up_of, placed, session_of

HOLE = Decision(Settlement.KEEP_UNKNOWN, "the log has a hole")
say = partial(settle_by_hand, by="chen", library=LIBRARY, now=at(600), site=EndRules(SHANGHAI))


def in_doubt(conn: Connection, *, gone: bool = True) -> Attempt:
    """A call whose customer was dialled, and whose end no log shows."""
    current = placed(conn)
    assert service.grant_go(conn, current.id, RUN, at(5))
    service.note_customer_ringing(conn, current.id, at(7))
    doubted = service.doubt(conn, current.id, RUN, at(30))
    assert doubted is not None
    service.keep_unknown(conn, doubted, HOLE, at(40), gone=gone)
    return attempt_of(conn, current.id)


def kinds(conn: Connection, attempt_id: str) -> set[str]:
    found = conn.execute(select(contacts.c.kind).where(contacts.c.attempt_id == attempt_id))
    return {str(kind) for kind in found.scalars()}


async def test_d7_not_reached_counts_as_a_try_and_keeps_who_said_so(database: Database) -> None:
    def work(conn: Connection) -> None:
        doubted = in_doubt(conn)
        assert [alarm.data["gone"] for alarm in open_alarms(conn)] == [True]
        say(conn, doubted.id, talked=False, words=" 坐席说没人接 ")
        ended = attempt_of(conn, doubted.id)
        assert (ended.state, ended.outcome) == (AttemptState.ENDED, DialOutcome.UNKNOWN)
        assert (ended.counted, ended.ended_at) == (True, at(30))
        owed = follow_up_of(conn, doubted.follow_up_id)
        assert owed.state is FollowUpState.WAITING
        assert owed.due_at > at(600), "not at once"
        assert kinds(conn, doubted.id) == {ContactKind.DIAL}
        (repair,) = latest_repairs(conn)
        assert repair.evidence == {"why": "坐席说没人接", "by": "chen"}
        assert open_alarms(conn) == []
        (told,) = [one for one in of_subject(conn, doubted.id) if one.kind == SETTLED_BY_HAND]
        assert (told.data["by"], told.data["talked"]) == ("chen", False)

    await database.write(work)


async def test_d7_talked_owes_the_form(database: Database) -> None:
    """The agent was let go meanwhile: the form comes to him as soon as he is free (see the watchdog)."""

    def work(conn: Connection) -> None:
        doubted = in_doubt(conn)
        assert session_of(conn, doubted.agent_id).state is AgentState.READY
        say(conn, doubted.id, talked=True, words="录音里有对话")
        ended = attempt_of(conn, doubted.id)
        assert (ended.outcome, ended.answered_at, ended.ended_at) == (DialOutcome.ANSWERED, at(7), at(30))
        assert follow_up_of(conn, doubted.follow_up_id).state is FollowUpState.WRAP_UP
        assert kinds(conn, doubted.id) == {ContactKind.DIAL, ContactKind.TALK}

    await database.write(work)


async def test_d7_what_may_still_go_on_is_not_settled_by_hand(database: Database) -> None:
    def work(conn: Connection) -> None:
        doubted = in_doubt(conn, gone=False)
        with pytest.raises(CannotSettle, match="still be going on"):
            say(conn, doubted.id, talked=False, words="没接")
        service.keep_unknown(conn, doubted, HOLE, at(50))
        with pytest.raises(CannotSettle, match="write down"):
            say(conn, doubted.id, talked=False, words="  ")
        say(conn, doubted.id, talked=False, words="没接")
        for again in (doubted.id, "0" * 26):
            with pytest.raises(CannotSettle, match="load the page again"):
                say(conn, again, talked=True, words="接了")
        # And the settler, which had looked at it before, changes nothing.
        service.keep_unknown(conn, doubted, HOLE, at(700))
        assert open_alarms(conn) == []
        assert len(latest_repairs(conn)) == 1

    await database.write(work)
