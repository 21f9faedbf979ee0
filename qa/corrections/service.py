"""A person puts a word of a transcript right (S2). Runs in its caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from dialer.storage.feed import emit
from qa.corrections import queries
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
    before = {(one.segment, one.word): one.heard for one in found}
    words = {
        (position, index): one.text
        for position, part in enumerate(queries.corrected(segments, found))
        for index, one in enumerate(part.words)
    }
    if words.get(place) != heard:
        raise CannotCorrect("There is no such word any more: load the page again.")
    row = {
        "attempt_id": attempt_id,
        "segment": segment,
        "word": word,
        "heard": before.get(place, heard),
        "said": said,
        "corrected_by": by,
        "corrected_at": now,
    }
    queries.keep(conn, row)
    emit(conn, CORRECTED, attempt_id, now, {"by": by, "segment": segment, "word": word})
