"""Calls of the past judged by two rule sets. `judge` runs in worker processes, far from the database."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Text, cast, select

from dialer.telephony.outcomes import Leg
from qa.changing.reading import rules_of
from qa.changing.rules import Compared, compare
from qa.checks.material import material_of
from qa.rules.assess import assess
from qa.rules.findings import LegQuality, Reason
from qa.speech.port import Segment, Transcript, Word
from qa.transcripts.queries import heading_of
from qa.transcripts.tables import segments

# Channel, start, end, text, confidence, and the words as the database keeps them: their reading is work, too.
RawSegment = tuple[str, float, float, str, float, str]


@dataclass(frozen=True, slots=True)
class Material:
    """All that judging one call needs. `heading` is its transcript with nothing said in it."""

    attempt_id: str
    heading: Transcript
    said: tuple[RawSegment, ...]
    facts: Mapping[str, str]
    quality: Mapping[Leg, LegQuality]
    unsure_who: Reason | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one call: the comparison, or why it could not be judged."""

    attempt_id: str
    compared: Compared | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls judged together, and the seconds of processor time that took."""

    judged: tuple[Judged, ...]
    seconds: float


def gather(conn: Connection, attempt_ids: Sequence[str], company: str = "") -> tuple[Material, ...]:
    """The material of these calls, in their order; one without transcript or recording is left out."""
    said = _raw_segments(conn, attempt_ids)
    found = (_material(conn, one, said.get(one, ()), company) for one in attempt_ids)
    return tuple(one for one in found if one is not None)


def judge(calls: tuple[Material, ...], before: str, after: str) -> Batch:
    """These calls by both rule sets, which are texts as `reading.as_text` makes them."""
    began = time.process_time()
    judged = tuple(_judge(call, before, after) for call in calls)
    return Batch(judged, time.process_time() - began)


def _judge(call: Material, before: str, after: str) -> Judged:
    try:
        transcript = _transcript(call)
        then, now = (
            assess(
                transcript,
                rules_of(text),
                call.facts,
                call.quality,
                transcript.conduct,
                unsure_who=call.unsure_who,
            ).findings
            for text in (before, after)
        )
    except Exception as error:  # one strange call must not end the judging of ten thousand
        return Judged(call.attempt_id, None, f"{type(error).__name__}: {error}")
    return Judged(call.attempt_id, compare(then, now))


def _transcript(call: Material) -> Transcript:
    said: dict[Leg, list[Segment]] = {leg: [] for leg in call.heading.legs}
    for channel, start, end, text, confidence, words in call.said:
        leg = Leg(channel)
        heard = tuple(Word(*word) for word in json.loads(words))
        said.setdefault(leg, []).append(Segment(leg, start, end, text, confidence, heard))
    legs = {leg: replace(heading, segments=tuple(said[leg])) for leg, heading in call.heading.legs.items()}
    return replace(call.heading, legs=legs)


def _material(
    conn: Connection, attempt_id: str, said: tuple[RawSegment, ...], company: str
) -> Material | None:
    heading = heading_of(conn, attempt_id)
    known = None if heading is None else material_of(conn, attempt_id, heading, company)
    if heading is None or known is None:
        return None
    return Material(attempt_id, heading, said, known.facts, known.quality, known.unsure_who)


def _raw_segments(conn: Connection, attempt_ids: Sequence[str]) -> dict[str, tuple[RawSegment, ...]]:
    query = (
        select(
            segments.c.attempt_id,
            segments.c.channel,
            segments.c.start,
            segments.c.end,
            segments.c.text,
            segments.c.confidence,
            cast(segments.c.words, Text),
        )
        .where(segments.c.attempt_id.in_(attempt_ids))
        .order_by(segments.c.attempt_id, segments.c.position)
    )
    found: dict[str, list[RawSegment]] = {}
    for attempt_id, *rest in conn.execute(query):
        found.setdefault(attempt_id, []).append(tuple(rest))
    return {attempt_id: tuple(rows) for attempt_id, rows in found.items()}


__all__ = ["Batch", "Judged", "Material", "gather", "judge"]
