"""What was said, in a form that is searched; which calls are in it."""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from dialer.storage.base import Id, metadata
from dialer.storage.dialects import Tokens, index_tokens

PASSAGE_WORDS = "passage_words"

# One row a passage: what one party said without a long pause. Rows are replaced, never changed.
passages = Table(
    "passages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False),
    # Its place in the call, by time.
    Column("position", Integer, nullable=False),
    # agent or customer
    Column("channel", String(10), nullable=False),
    Column("start", Float, nullable=False),
    # One character a syllable, and how each sounds, with blanks between.
    Column("chars", Text, nullable=False),
    Column("sounds", Text, nullable=False),
    # [[word, start, end, how many of `chars`], ...] in seconds of the recording
    Column("words", JSON, nullable=False),
    Column("tokens", Tokens, nullable=False),
    Index("ix_passages_attempt", "attempt_id", "position"),
)
index_tokens(passages, PASSAGE_WORDS)

indexed_calls = Table(
    "indexed_calls",
    metadata,
    # A row for each call whose words are there. It is the queue of the worker, too.
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    # The form of the index it is in (rules.FORM); 0 waits.
    Column("form", Integer, nullable=False),
    Index("ix_indexed_calls_form", "form", "attempt_id"),
)
