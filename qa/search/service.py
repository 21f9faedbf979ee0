"""Use cases of the search. Each runs in its caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from qa.corrections.queries import corrected, corrections_of
from qa.search import queries
from qa.search.queries import Filter, FoundRow
from qa.search.rules import Nearness, Phrase, Piece, Place, kept_syllables, locate, passages, phrases, snippet
from qa.transcripts.queries import segments_of

CONSUMER = "search"
_NEWS = ("transcript.done", "transcript.corrected")
_BATCH = 200
# Heard before the words, in seconds.
LEAD = 2.0


@dataclass(frozen=True, slots=True)
class Hit:
    """Words found in a call. `start` is the second of the first of them; `likeness` 0 to 100."""

    call: FoundRow
    nearness: Nearness
    likeness: float
    start: float
    end: float
    pieces: tuple[Piece, ...]

    @property
    def play_from(self) -> float:
        """Where to begin to listen."""
        return max(0.0, round(self.start - LEAD, 2))


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits; how many places have the words whole or by sound, in how many calls; what is alike."""

    hits: tuple[Hit, ...]
    places: int
    calls: int
    alike: int

    @property
    def total(self) -> int:
        return self.places + self.alike


def search(conn: Connection, typed: str, wanted: Filter, *, limit: int, offset: int = 0) -> Results:
    """Passages with these words: exact ones first, then by sound, then what is alike; each the newest first.

    Raises:
        NothingToFind: there is nothing to look for in `typed`.
    """
    sought = phrases(typed)
    places, calls = queries.count(conn, sought, wanted)
    rows = queries.found(conn, sought, wanted, limit=limit, offset=offset) if offset < places else []
    hits = [hit for row in rows if (hit := _hit(row, sought)) is not None]
    # What is alike is only looked at where it can be on this page or where little else was found.
    alike: list[Hit] = []
    if places < offset + limit:
        judged = [
            hit for row in queries.perhaps(conn, sought, wanted) if (hit := _hit(row, sought)) is not None
        ]
        alike = sorted(judged, key=lambda hit: -hit.likeness)
        begin = max(0, offset - places)
        hits += alike[begin : begin + limit - len(rows)]
    return Results(tuple(hits), places, calls, len(alike))


def _hit(row: FoundRow, sought: Sequence[Phrase]) -> Hit | None:
    syllables = kept_syllables(row.chars, row.sounds)
    places: list[Place] = []
    for phrase in sought:
        place = locate(phrase, syllables)
        if place is None:
            return None
        places.append(place)
    pieces = snippet(row.words, places)
    marked = [piece for piece in pieces if piece.hit]
    likeness = min(place.likeness for place in places)
    nearness = max(place.nearness for place in places)
    return Hit(row, nearness, likeness, marked[0].start, marked[-1].end, pieces)


def has_news(conn: Connection) -> bool:
    """Whether words came that `take_in_news` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_NEWS, limit=1))


def take_in_news(conn: Connection) -> int:
    """Queue each call that was transcribed or corrected since the last time; give how many."""
    keep_event_order(conn)
    latest = feed.latest_id(conn)
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_NEWS, limit=_BATCH)
    for row in rows:
        queries.queue(conn, row.subject)
    if rows:
        feed.remember(conn, CONSUMER, rows[-1].id if len(rows) == _BATCH else latest)
    return len(rows)


def index(conn: Connection, attempt_id: str) -> None:
    """Bring the words of a call into the index as they are now."""
    said = corrected(segments_of(conn, attempt_id), corrections_of(conn, attempt_id))
    queries.replace(conn, attempt_id, passages(said))


def note_search(conn: Connection, by: str, typed: str, now: datetime) -> None:
    """Who looked for what, for the audit trail (X1)."""
    feed.emit(conn, "words.searched", by, now, {"login": by, "words": typed[:100]})
