"""Users, their sessions, and the wrong passwords that slow further tries."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    # In lower case: a name is the same however it is typed.
    Column("login", String(60), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("name", String(60), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("agent_id", Id, ForeignKey("agents.id"), unique=True),
    Column("language", String(5), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcDateTime, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    # SHA-256 of the cookie: who reads the table cannot log in with it.
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    # "login:<name>", known or not, or "address:<ip>".
    Column("key", String(120), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)
