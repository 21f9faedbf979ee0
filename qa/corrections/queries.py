"""All SQL of corrected words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from dialer.storage.dialects import upsert
from dialer.storage.rows import fetch
from qa.corrections.tables import word_corrections
from qa.speech.port import Segment


@dataclass(frozen=True, slots=True)
class Correction:
    """One word put right. `segment` and `word` are its place in the transcript."""

    attempt_id: str
    segment: int
    word: int
    heard: str
    said: str
    corrected_by: str
    corrected_at: datetime


def corrections_of(conn: Connection, attempt_id: str) -> list[Correction]:
    """Every corrected word of a call, in the order of its transcript."""
    query = (
        select(word_corrections)
        .where(word_corrections.c.attempt_id == attempt_id)
        .order_by(word_corrections.c.segment, word_corrections.c.word)
    )
    return fetch(conn, query, Correction)


def corrected(segments: Sequence[Segment], found: Sequence[Correction]) -> list[Segment]:
    """The segments with the words as they were said. A person was sure of what he wrote: confidence 1."""
    said = list(segments)
    for one in found:
        if one.segment >= len(said) or one.word >= len(said[one.segment].words):
            continue
        segment = said[one.segment]
        words = list(segment.words)
        words[one.word] = replace(words[one.word], text=one.said, confidence=1.0)
        text = "".join(word.text for word in words)
        said[one.segment] = replace(segment, words=tuple(words), text=text)
    return said


def keep(conn: Connection, values: dict[str, Any]) -> None:
    """A word put right, or put right anew."""
    upsert(conn, word_corrections, values, ["attempt_id", "segment", "word"])


def drop(conn: Connection, attempt_id: str) -> None:
    """The call was transcribed anew: places are others now."""
    conn.execute(delete(word_corrections).where(word_corrections.c.attempt_id == attempt_id))
