"""All SQL of corrected words."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from dialer.storage.rows import fetch
from qa.corrections.rules import Correction
from qa.corrections.tables import word_corrections
from qa.speech.port import Segment


def history_of(conn: Connection, attempt_id: str) -> list[Correction]:
    """Every word of a call that was ever put right, the oldest first."""
    query = select(word_corrections).where(word_corrections.c.attempt_id == attempt_id)
    return fetch(conn, query.order_by(word_corrections.c.id), Correction)


def corrections_of(conn: Connection, attempt_id: str) -> list[Correction]:
    """The corrected words of a call that are in force, in the order of its transcript."""
    in_force = (one for one in history_of(conn, attempt_id) if one.replaced_at is None)
    return sorted(in_force, key=lambda one: one.place)


def corrected(segments: Sequence[Segment], found: Iterable[Correction]) -> list[Segment]:
    """The segments with the words as they were said. A person was sure of what he wrote: confidence 1.

    Nothing is written over a word that is not the one that was put right.
    """
    said = list(segments)
    for one in found:
        if one.segment >= len(said) or one.word >= len(said[one.segment].words):
            continue
        segment = said[one.segment]
        words = list(segment.words)
        if words[one.word].text != one.heard:
            continue
        words[one.word] = replace(words[one.word], text=one.said, confidence=1.0)
        text = "".join(word.text for word in words)
        said[one.segment] = replace(segment, words=tuple(words), text=text)
    return said


def add(conn: Connection, values: dict[str, Any]) -> None:
    """A word put right."""
    conn.execute(insert(word_corrections).values(**values))


def change(conn: Connection, correction_id: int, values: dict[str, Any]) -> None:
    """It has another place in a newer transcript, or is not in force any more."""
    conn.execute(update(word_corrections).where(word_corrections.c.id == correction_id).values(**values))
