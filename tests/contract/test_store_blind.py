"""S4: what the machine says of a call is hidden from who has yet to judge it blind, on both databases."""

from functools import partial

import pytest
from sqlalchemy import Connection, insert, update

from qa.checks.tables import checks, findings
from qa.falsity import queries as falsity
from qa.falsity.states import DoubtState
from qa.falsity.tables import doubts
from qa.reviews import queries
from qa.sampling.rules import Pool
from qa.search import queries as search
from qa.search.rules import phrases
from qa.search.worker import SearchWorker
from tests.support.reviewed import CALLS, drawn, reviewed
from tests.unit.qa_store.world import World
from web.quality.queries import Filter, calls

pytestmark = pytest.mark.usefixtures("a_day_of_calls")


async def test_no_list_tells_before_ones_own_verdict(world: World) -> None:
    """Neither by a filter nor by being listed; others and calls of other pools are listed as ever."""
    row = (await drawn(world))[Pool.RANDOM][0]
    user = row.reviewer or ""
    everybody = await world.db.read(partial(calls, wanted=Filter(), limit=9, offset=0))
    ids = {one.attempt_id for one in everybody}
    assert len(ids) == CALLS
    await world.db.write(lambda conn: conn.execute(update(checks).values(fails=1)))
    broken = update(findings).where(findings.c.rule_id == "thanks").values(verdict="fail")
    await world.db.write(lambda conn: conn.execute(broken))

    def doubt(conn: Connection) -> None:
        for attempt_id in ids:
            told = {"state": DoubtState.SUSPECTED, "score": 90.0, "reasons": [], "scored_at": world.now}
            conn.execute(insert(doubts).values(attempt_id=attempt_id, **told))

    await world.db.write(doubt)
    await world.db.write(partial(search.queue_all, anew=False))
    await SearchWorker(world.db).index_waiting()

    async def found(login: str) -> list[set[str]]:
        hidden = await world.db.read(partial(queries.blind_reviews, user=login))
        failed = await world.db.read(
            partial(calls, wanted=Filter(verdict="fail"), hidden=hidden, limit=9, offset=0)
        )
        rest = await world.db.read(partial(calls, wanted=Filter(), hidden=hidden, limit=9, offset=0))
        doubtful = await world.db.read(
            partial(falsity.listed, states=["suspected"], hidden=hidden, limit=9, offset=0)
        )
        wanted = search.Filter(rule="greet", verdict="pass", hidden=hidden)
        said = await world.db.read(
            partial(search.found, sought=phrases("您好"), wanted=wanted, limit=9, offset=0)
        )
        # Without a verdict among what is looked for, nothing is told of one.
        assert {one.attempt_id for one in rest} == ids
        return [{one.attempt_id for one in rows} for rows in (failed, doubtful, said)]

    blind = set(await world.db.read(partial(queries.blind_reviews, user=user)))
    assert row.attempt_id in blind
    assert blind < ids
    assert await found(user) == [ids - blind] * 3
    assert await found("somebody else") == [ids] * 3
    await reviewed(world, row)
    after = set(await world.db.read(partial(queries.blind_reviews, user=user)))
    assert after == blind - {row.attempt_id}
    assert await found(user) == [ids - after] * 3
