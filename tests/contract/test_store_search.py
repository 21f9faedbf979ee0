"""Words said are found again, the same on both databases (A4)."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Update, update

from dialer.calling.tables import attempts
from dialer.telephony.outcomes import Leg
from qa.search import queries, service
from qa.search.queries import Filter
from qa.search.rules import Nearness, NothingToFind
from qa.search.service import Results
from qa.search.worker import SearchWorker
from tests.unit.qa_store.world import Says, Turn, World, heard

A, C = Leg.AGENT, Leg.CUSTOMER
# What is said in each call, the oldest first; the last two as an engine may mishear them.
CALLS: tuple[tuple[Turn, ...], ...] = (
    ((A, 1.0, "您知道退保会有损失吗？"), (C, 6.0, "知道，退保有损失。"), (A, 20.0, "谢谢，再见。")),
    ((A, 1.0, "提前退保可能会有"), (A, 3.2, "损失，您清楚吗？"), (C, 9.0, "不清楚啊。")),
    ((A, 1.0, "您知道推保会有损失吗？"), (C, 6.0, "嗯。")),
    ((A, 1.0, "您的车牌是京A12345吗？"), (C, 6.0, "对，修得很满意。"), (A, 12.0, "您对维修质量满意吗？")),
    ((A, 1.0, "您知道退宝费有损失吗？"), (C, 6.0, "知道。")),
    ((A, 1.0, "您对维秀子量蛮意吗？"), (C, 6.0, "我是湖蓝人。")),
)


@pytest.fixture
async def calls(world: World) -> list[str]:
    """The calls above, a minute apart, transcribed and indexed."""
    made = []
    for number, turns in enumerate(CALLS):
        attempt_id = await world.archived(plate=f"京A1234{number}")
        at = world.now + timedelta(minutes=number)
        change = update(attempts).where(attempts.c.id == attempt_id).values(placed_at=at)
        await world.db.write(partial(run, statement=change))
        worker = world.transcription(Says(heard(turns)))
        while await worker.step():
            pass
        made.append(attempt_id)
    worker_of_words = SearchWorker(world.db)
    while await worker_of_words.step():
        pass
    return made


def run(conn: Connection, statement: Update) -> None:
    conn.execute(statement)


async def look(
    world: World, typed: str, wanted: Filter | None = None, limit: int = 20, offset: int = 0
) -> Results:
    return await world.db.read(
        lambda conn: service.search(conn, typed, wanted or Filter(), limit=limit, offset=offset)
    )


def shown(results: Results, calls: list[str]) -> list[tuple[int, str, Nearness]]:
    """Each hit as the number of its call, who said it, and how near it is."""
    return [(calls.index(hit.call.attempt_id), hit.call.channel, hit.nearness) for hit in results.hits]


EXPECTED = {
    # Exact characters first, the newest of them first; then by sound.
    "退保": [(1, "agent", 0), (0, "agent", 0), (0, "customer", 0), (4, "agent", 1), (2, "agent", 1)],
    # A phrase over two segments; blanks part phrases that must all be there.
    "会有损失": [(2, "agent", 0), (1, "agent", 0), (0, "agent", 0)],
    "退保 清楚": [(1, "agent", 0)],
    # What is mixed up on a telephone (zh/z, an/ang), exact first.
    "维修质量满意": [(3, "agent", 0), (5, "agent", 2)],
    "湖南人": [(5, "customer", 2)],
    # Digits as they are spoken or written, letters in either case.
    "京a一二三四五": [(3, "agent", 0)],
    # Alike: one syllable of many is another.
    "您知道退保会有损失吗": [(0, "agent", 0), (2, "agent", 1), (4, "agent", 3)],
    "保险公司": [],
    "\"' OR NOT 满意*": [],
}


@pytest.mark.parametrize("typed", list(EXPECTED))
async def test_the_same_words_give_the_same_calls(world: World, calls: list[str], typed: str) -> None:
    """A4: one list for both databases: nearest first, then newest."""
    assert shown(await look(world, typed), calls) == EXPECTED[typed]


async def test_a_hit_is_marked_and_played_from_its_word(world: World, calls: list[str]) -> None:
    """A4: the second of the word itself, whatever passage it is in."""
    hit = (await look(world, "损失", Filter(channel="customer"))).hits[0]
    assert [piece.text for piece in hit.pieces if piece.hit] == ["损失"]
    assert "".join(piece.text for piece in hit.pieces) == "知道，退保有损失。"
    assert hit.start == pytest.approx(6.0 + 6 * 0.25)
    assert hit.play_from == pytest.approx(hit.start - service.LEAD)
    assert calls[0] == hit.call.attempt_id


async def test_filters_and_pages(world: World, calls: list[str]) -> None:
    """A4: with plate, agent, date, playbook; pages neither lose nor repeat a hit."""
    start = world.now
    for wanted, numbers in (
        (Filter(plate="A12341"), [1]),
        (Filter(agent_code="8001", since=start + timedelta(minutes=1)), [1, 4, 2]),
        (Filter(until=start + timedelta(minutes=1)), [0, 0]),
        (Filter(playbook="other"), []),
        (Filter(disposition="completed"), []),
        (Filter(rule="thanks", verdict="fail"), []),
    ):
        assert [one for one, *_ in shown(await look(world, "退保", wanted), calls)] == numbers
    whole = shown(await look(world, "您知道退保会有损失吗"), calls)
    pages = [shown(await look(world, "您知道退保会有损失吗", limit=1, offset=n), calls) for n in range(4)]
    assert [hit for page in pages for hit in page] == whole
    results = await look(world, "退保", limit=1)
    assert (results.places, results.calls) == (5, 4)


async def test_a_finding_narrows_the_search(world: World, calls: list[str]) -> None:
    """A4: words said in calls where a rule has a verdict."""
    while await world.checks().step():
        pass
    some = await look(world, "退保", Filter(rule="recording_notice", verdict="fail"))
    assert len(some.hits) == 5
    assert (await look(world, "退保", Filter(rule="recording_notice", verdict="pass"))).hits == ()


async def test_words_that_changed_are_found_by_their_new_form(world: World, calls: list[str]) -> None:
    """A call transcribed anew loses its old words; a re-index goes on where it stopped."""
    queue = partial(queries.queue_all, anew=True)
    assert await world.db.write(queue) == len(calls)
    worker = SearchWorker(world.db)
    assert await worker.index_waiting(most=2) >= 2
    assert 0 < await world.db.read(queries.waiting) < len(calls)
    assert len((await look(world, "退保")).hits) == 5
    await worker.index_waiting()
    assert await world.db.read(queries.waiting) == 0
    assert len((await look(world, "退保")).hits) == 5


async def test_nothing_that_can_be_spoken_is_refused(world: World) -> None:
    with pytest.raises(NothingToFind, match="type the words"):
        await look(world, " ，。 ")
