"""What is seen of the service from outside: figures, the story of a call, the doctor's look (O1, O5)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event

from dialer.agents.states import AgentState
from dialer.alarms.service import raise_alarm
from dialer.app.doctor import sizing, store
from dialer.app.trace.queries import NoSuchCall, find, gather
from dialer.app.trace.story import tell
from dialer.calling import service
from dialer.calling.progress import Ending
from dialer.halts.rules import EVERYTHING
from dialer.halts.service import stop
from dialer.storage.database import Database
from dialer.storage.dialects import is_sqlite
from dialer.storage.feed import emit, latest_id, remember
from dialer.storage.looking import look_at
from dialer.telephony.outcomes import DialOutcome
from tests.support.core import LIBRARY, PLAYBOOK, add_follow_up, at, placed, talking
from web.finding import Level
from web.health.queries import Counted, answers, count_after, site_figures

ANSWERED = Ending(DialOutcome.ANSWERED, dialled=True)


async def test_o1_figures(database: Database) -> None:
    """O1: attempts, agents, queue by lateness, consumers and alarms, each as it stands."""

    def work(conn: Connection) -> None:
        talking(conn)
        add_follow_up(conn)
        raise_alarm(conn, "link_down", "pbx", at(0))
        remember(conn, "recordings", 0)

    await database.write(work)
    figures = await database.read(lambda conn: site_figures(conn, at(10)))
    assert figures.in_flight == {"talking": 1}
    assert figures.agents == {(AgentState.TALKING, ""): 1}
    assert figures.queue == {(PLAYBOOK.id, "due"): 1}
    assert figures.alarms == {"link_down": 1}
    assert figures.behind["recordings"] == await database.read(latest_id) > 0
    late = await database.read(lambda conn: site_figures(conn, at(0) + timedelta(days=400)))
    assert late.queue == {(PLAYBOOK.id, "overdue"): 1}
    early = await database.read(lambda conn: site_figures(conn, at(0) - timedelta(days=400)))
    assert (early.queue, early.not_due) == ({}, 1)
    assert await database.read(answers)


async def test_o1_attempts_are_counted_from_where_it_began(database: Database) -> None:
    """O1: the counter goes on from the event it saw last, and counts none twice."""
    first = await database.read(latest_id)

    def end(conn: Connection) -> None:
        call = talking(conn)
        service.end(conn, call.id, ANSWERED, LIBRARY, at(60))

    await database.write(end)
    found, last = await database.read(lambda conn: count_after(conn, first, Counted()))
    assert found.outcomes == {"answered": 1}
    assert await database.read(lambda conn: count_after(conn, last, found)) == (found, last)


async def test_a1_seconds_that_recordings_lack_are_counted(database: Database) -> None:
    """A1, O1: what is kept of the talks, and what is not, as each recording is archived."""

    def work(conn: Connection) -> None:
        emit(conn, "recording.archived", "R1", at(0), {"seconds": 60.0, "gap_seconds": 0.0})
        emit(conn, "recording.archived", "R2", at(1), {"seconds": 55.5, "gap_seconds": 4.5})

    await database.write(work)
    found, _ = await database.read(lambda conn: count_after(conn, 0, Counted()))
    assert (found.archived_seconds, found.gap_seconds) == (115.5, 4.5)


async def test_v2_what_is_stopped_is_a_figure(database: Database) -> None:
    """V2: nothing is there while nothing is stopped."""
    assert (await database.read(lambda conn: site_figures(conn, at(0)))).halts == {}
    await database.write(lambda conn: stop(conn, EVERYTHING, "chen", "停电", at(0)))
    assert (await database.read(lambda conn: site_figures(conn, at(0)))).halts == {"everything": 1}


async def test_o1_the_story_of_a_call(database: Database) -> None:
    """O1: every row of a call in one order, found by the beginning of its id."""

    def work(conn: Connection) -> str:
        call = talking(conn)
        service.end(conn, call.id, ANSWERED, LIBRARY, at(60))
        return call.id

    attempt_id = await database.write(work)
    found = await database.read(lambda conn: find(conn, attempt_id[:24].lower()))
    facts = await database.read(lambda conn: gather(conn, found))
    story = tell(facts, [])
    assert story.attempt_id == attempt_id
    assert [step.at for step in story.steps] == sorted(step.at for step in story.steps)
    texts = [step.text for step in story.steps]
    assert texts.index("The customer answered.") < texts.index("The attempt has ended.")
    assert {step.source for step in story.steps} >= {"event", "agent", "ledger"}


async def test_o1_an_id_that_names_no_call_or_several(database: Database) -> None:
    """O1: the error says what to do."""

    attempt_id = await database.write(lambda conn: placed(conn).id)
    for key, says in (("01ZZZ", "begins with 01ZZZ"), ("豫A12345", "dialer explain"), ("", "dialer explain")):
        with pytest.raises(NoSuchCall, match=says):
            await database.read(partial(find, key=key))
    assert await database.read(lambda conn: find(conn, attempt_id)) == attempt_id


async def test_o5_the_database_is_looked_at(database: Database) -> None:
    """O5: its schema, and how long a commit takes; the site's own size."""
    look = await look_at(database.url)
    assert look.schema == look.newest
    assert look.commit_ms > 0
    assert look.journal == ("wal" if is_sqlite(database.url) else "")
    assert store.judge(look)[0].level is Level.OK
    await database.write(placed)
    measured = await database.read(lambda conn: sizing.measure(conn, at(0)))
    assert (measured.agents, measured.talks, measured.work_a_second) == (1, 0, None)


async def test_o1_no_figure_reads_a_whole_table(database: Database) -> None:
    """O1: cheap however much there is: on SQLite nothing of what grows is scanned."""
    if not is_sqlite(database.url):
        return
    plans: list[str] = []

    def work(conn: Connection) -> None:
        sent: list[tuple[str, Any]] = []

        def note(_conn: object, _cursor: object, text: str, values: Any, *_: object) -> None:
            sent.append((text, values))

        event.listen(conn, "before_cursor_execute", note)
        site_figures(conn, at(0))
        count_after(conn, 0, Counted())
        event.remove(conn, "before_cursor_execute", note)
        for text, values in sent:
            rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            plans.extend(row[3] for row in rows)

    await database.read(work)
    growing = ("follow_ups", "attempts", "events", "recordings", "transcripts", "alarms")
    assert [one for one in plans if one.startswith("SCAN") and one.split()[1] in growing] == []
    assert plans
