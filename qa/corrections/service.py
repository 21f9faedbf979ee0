"""A person puts a word of a transcript right (S2). Each runs in its caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from dialer.storage.feed import emit
from qa.corrections import queries
from qa.corrections.rules import place_in
from qa.speech.port import Segment

CORRECTED = "transcript.corrected"
_LONGEST = 200


class CannotCorrect(Exception):
    """There is no such word, or nothing to put in its place. The message says which."""


def correct(
    conn: Connection,
    attempt_id: str,
    segments: Sequence[Segment],
    segment: int,
    word: int,
    *,
    heard: str,
    said: str,
    by: str,
    now: datetime,
) -> None:
    """Keep what was said beside what the machine heard; search and judgement follow by the event row.

    `segments` is the call's transcript as the machine heard it. `heard` is the word that stands there, as
    whoever corrects it saw it: after another transcription the place may be another word's.

    Raises:
        CannotCorrect: the new word is empty or too long, or another word stands there by now.
    """
    said = said.strip()
    if not said or len(said) > _LONGEST:
        raise CannotCorrect(f"Give what was said, in at most {_LONGEST} characters.")
    place, found = (segment, word), queries.corrections_of(conn, attempt_id)
    before = next((one for one in found if one.place == place), None)
    words = {
        (position, index): one.text
        for position, part in enumerate(queries.corrected(segments, found))
        for index, one in enumerate(part.words)
    }
    if words.get(place) != heard:
        raise CannotCorrect("There is no such word any more: load the page again.")
    if before is not None:
        queries.change(conn, before.id, {"replaced_at": now})
    row = {
        "attempt_id": attempt_id,
        "segment": segment,
        "word": word,
        "heard": before.heard if before else heard,
        "said": said,
        "corrected_by": by,
        "corrected_at": now,
    }
    queries.add(conn, row)
    emit(conn, CORRECTED, attempt_id, now, {"by": by, "segment": segment, "word": word})


def carry_over(
    conn: Connection, attempt_id: str, before: Sequence[Segment], after: Sequence[Segment], now: datetime
) -> None:
    """The call was transcribed anew: each correction goes with its word, and ends where that is not heard."""
    for one in queries.corrections_of(conn, attempt_id):
        place = place_in(after, before, one)
        values = {"segment": place[0], "word": place[1]} if place else {"replaced_at": now}
        queries.change(conn, one.id, values)
