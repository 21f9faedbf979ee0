"""A person puts a word of a transcript right (S2). Runs in its caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection

from dialer.storage.feed import emit
from qa.corrections import queries

CORRECTED = "transcript.corrected"
_LONGEST = 200


class CannotCorrect(Exception):
    """There is no such word, or nothing to put in its place. The message says which."""


def correct(
    conn: Connection,
    attempt_id: str,
    segment: int,
    word: int,
    *,
    heard: str,
    said: str,
    by: str,
    now: datetime,
) -> None:
    """Keep what was said beside what the machine heard; search and judgement follow by the event row.

    Raises:
        CannotCorrect: the new word is empty or too long.
    """
    said = said.strip()
    if not said or len(said) > _LONGEST:
        raise CannotCorrect(f"Give what was said, in at most {_LONGEST} characters.")
    before = {(one.segment, one.word): one.heard for one in queries.corrections_of(conn, attempt_id)}
    row = {
        "attempt_id": attempt_id,
        "segment": segment,
        "word": word,
        "heard": before.get((segment, word), heard),
        "said": said,
        "corrected_by": by,
        "corrected_at": now,
    }
    queries.keep(conn, row)
    emit(conn, CORRECTED, attempt_id, now, {"by": by, "segment": segment, "word": word})
