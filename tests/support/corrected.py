"""A call whose plate was misheard by one digit, and a person who puts it right (S2)."""

from functools import partial

from qa.corrections.queries import corrected, corrections_of
from qa.corrections.service import correct
from qa.transcripts.queries import segments_of
from tests.unit.qa_store.world import GOOD_CALL, Turn, World

MISHEARD: tuple[Turn, ...] = tuple(
    (leg, at, text.replace("一二三四五", "一二三九五")) for leg, at, text in GOOD_CALL
)


async def put_right(
    world: World, attempt_id: str, shown: str = "九", said: str = "四", by: str = "chen"
) -> None:
    """The first word that stands there as `shown` was really `said`."""
    machine = await world.db.read(partial(segments_of, attempt_id=attempt_id))
    found = await world.db.read(partial(corrections_of, attempt_id=attempt_id))
    segment, word = next(
        (number, index)
        for number, part in enumerate(corrected(machine, found))
        for index, one in enumerate(part.words)
        if one.text == shown
    )
    put = partial(correct, attempt_id=attempt_id, segments=machine, segment=segment, word=word)
    await world.db.write(partial(put, heard=shown, said=said, by=by, now=world.now))
