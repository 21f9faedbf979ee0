"""Published versions of rule sets, drafts of the next, and replays of drafts on stored calls."""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dialer.storage.base import Id, UtcDateTime, metadata

rule_set_versions = Table(
    "rule_set_versions",
    metadata,
    Column("rule_set", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    # As a person writes it.
    Column("yaml", Text, nullable=False),
    # The whole set, with what it includes from other files: the version means the same for ever.
    Column("rules", JSON, nullable=False),
    # What the content is known by, whatever version number it bears.
    Column("fingerprint", String(64), nullable=False),
    # The shipped content that this version is or came from; NULL for a set the site made itself.
    Column("shipped", String(64)),
    # Who wrote it; none and "" where it came with the product.
    Column("authors", JSON, nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("note", Text, nullable=False),
    # Why it was published without a replay; "" where there was one.
    Column("unreplayed", Text, nullable=False),
    Column("replay_id", Id),
    # Judges calls placed from then on ...
    Column("effective_from", UtcDateTime, nullable=False),
    # ... that went by this version of the script or a later one; NULL: by any.
    Column("script_from", Integer),
    Column("published_at", UtcDateTime, nullable=False),
)

rule_drafts = Table(
    "rule_drafts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule_set", String(60), nullable=False),
    # 1, 2, ... within the rule set: what people call it.
    Column("number", Integer, nullable=False),
    # open, offered, published, discarded
    Column("state", String(12), nullable=False),
    Column("yaml", Text, nullable=False),
    # The version in force when it was begun; 0 for a new rule set.
    Column("based_on", Integer, nullable=False),
    Column("shipped", String(64)),
    # Who wrote in it, the first one first; none in what the product offers.
    Column("authors", JSON, nullable=False),
    # Counts the savings: two windows cannot overwrite each other.
    Column("revision", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("rule_set", "number"),
    Index(
        "uq_rule_drafts_open",
        "rule_set",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

rule_replays = Table(
    "rule_replays",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule_set", String(60), nullable=False),
    # NULL for a file that is no draft.
    Column("draft_id", Id, ForeignKey("rule_drafts.id"), index=True),
    # running, stopped, failed, done
    Column("state", String(12), nullable=False),
    # The text that is tried and its content, and the version it is held against.
    Column("yaml", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("rules", JSON, nullable=False),
    Column("against", Integer, nullable=False),
    Column("against_rules", JSON, nullable=False),
    # Which calls: of these playbooks, placed from then on, the newest so many.
    Column("playbooks", JSON, nullable=False),
    Column("since", UtcDateTime),
    Column("most", Integer),
    # The call it came to, from the newest to the oldest.
    Column("cursor", Id),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    # Calls of which at least one verdict would be another; calls that could not be judged.
    Column("flipped", Integer, nullable=False),
    Column("unjudged", Integer, nullable=False),
    # {rule: {"pass>fail": 3, ...}}, with the unchanged ones as "pass>pass"
    Column("counts", JSON, nullable=False),
    Column("work_seconds", Float, nullable=False),
    Column("error", Text),
    Column("asked_by", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Whoever works on it keeps this ahead of the others' clocks.
    Column("due_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("ix_rule_replays_queue", "state", "due_at"),
)

rule_flips = Table(
    "rule_flips",
    metadata,
    Column("replay_id", Id, ForeignKey("rule_replays.id"), primary_key=True),
    Column("attempt_id", Id, ForeignKey("attempts.id"), primary_key=True),
    Column("rule_id", String(60), primary_key=True),
    # Verdict and reason by the version in force and by the draft; "" where that has no such rule.
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
    Column("before_reason", String(40), nullable=False),
    Column("after_reason", String(40), nullable=False),
    # Where to listen: the proof of one of them, in seconds.
    Column("channel", String(10)),
    Column("start", Float),
    Column("end", Float),
    Column("words", Text),
    Index("ix_rule_flips_change", "replay_id", "rule_id", "before", "after"),
)
