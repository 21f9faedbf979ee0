"""Checks of calls against their rules, and what was found: one verdict a rule, with its proof."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from dialer.storage.base import Id, UtcDateTime, metadata

checks = Table(
    "checks",
    metadata,
    # One check a transcript; the row is the queue of the check worker.
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    # waiting, done
    Column("state", String(16), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    # Tries in trouble, one after the other, and what the last one met.
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("rule_set", String(60)),
    Column("rule_set_version", Integer),
    # Judged by the rules in force then; NULL: by those in force when the call was placed.
    Column("rules_at", UtcDateTime),
    # How many rules have each verdict; NULL before the first check.
    Column("passes", Integer),
    Column("fails", Integer),
    Column("unclears", Integer),
    # Whether the customer has a question that the insurer must answer: needed, not_needed, for_person.
    Column("question_item", String(12)),
    # What the words showed besides, as {"dissatisfied": true}; null where it cannot be told.
    Column("signals", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("checked_at", UtcDateTime),
    Index("ix_checks_queue", "state", "due_at"),
)

findings = Table(
    "findings",
    metadata,
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("rule_id", String(40), primary_key=True),
    # The rule's place in its rule set.
    Column("position", Integer, nullable=False),
    Column("rule_set", String(60), nullable=False),
    Column("rule_set_version", Integer, nullable=False),
    # pass, fail, unclear, na
    Column("verdict", String(10), nullable=False),
    # Why, as a word that each language has a sentence for: said, not_said, audio_incomplete ...
    Column("reason", String(40), nullable=False),
    # The part of the rule that decided; empty for the whole of it.
    Column("slot", String(60), nullable=False),
    Column("alarm", Boolean, nullable=False),
    # The chief proof: who said what, when. Words and score are NULL where the proof is that nothing was said.
    Column("channel", String(10)),
    Column("start", Float),
    Column("end", Float),
    Column("words", Text),
    Column("score", Float),
    # All proof: [{channel, start, end, words, wording, score, confidence}, ...]
    Column("evidence", JSON, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
)

# What an earlier check said, kept as it was when a later one took its place: old verdicts stay (T7, Q2).
past_checks = Table(
    "past_checks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), nullable=False, index=True),
    Column("rule_set", String(60), nullable=False),
    Column("rule_set_version", Integer, nullable=False),
    Column("question_item", String(12)),
    Column("signals", JSON),
    # The rows of `findings` in their order, as objects.
    Column("findings", JSON, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("replaced_at", UtcDateTime, nullable=False),
)
