"""All SQL about users and sessions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from dialer.storage.dialects import upsert
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one
from web.auth.rules import Failures
from web.auth.tables import login_failures, users, web_sessions

# Asked at every request.
_USER_OF_SESSION = Prepared(
    select(
        users.c.id,
        users.c.login,
        users.c.name,
        users.c.roles,
        users.c.agent_id,
        users.c.language,
        web_sessions.c.token_hash,
        web_sessions.c.csrf,
        web_sessions.c.last_seen_at,
    )
    .join(web_sessions, web_sessions.c.user_id == users.c.id)
    .where(
        web_sessions.c.token_hash == bindparam("token_hash"),
        web_sessions.c.expires_at > bindparam("now"),
        users.c.active,
    )
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the login and the command line know it."""

    id: str
    login: str
    password_hash: str
    name: str
    roles: frozenset[str]
    agent_id: str | None
    language: str
    active: bool
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(self.roles))


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: a user with a session that is good now."""

    id: str
    login: str
    name: str
    roles: frozenset[str]
    agent_id: str | None
    language: str
    token_hash: str
    csrf: str
    last_seen_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(self.roles))


def account(conn: Connection, login: str) -> Account | None:
    """The user with this name."""
    return fetch_one(conn, select(users).where(users.c.login == login), Account)


def all_accounts(conn: Connection) -> list[Account]:
    """Every user, by name."""
    return fetch(conn, select(users).order_by(users.c.login), Account)


def count_with_role(conn: Connection, role: str, *, but: str) -> int:
    """How many active users have this role, besides `but`."""
    return sum(one.active and role in one.roles and one.login != but for one in all_accounts(conn))


def user_of_session(conn: Connection, token_hash: str, now: datetime) -> User | None:
    """Whose session this is, if it is good and the user is active."""
    return fetch_one(conn, _USER_OF_SESSION, User, token_hash=token_hash, now=now)


def add_account(conn: Connection, row: Account) -> None:
    """Insert a user."""
    conn.execute(
        insert(users).values(
            id=row.id,
            login=row.login,
            password_hash=row.password_hash,
            name=row.name,
            roles=sorted(row.roles),
            agent_id=row.agent_id,
            language=row.language,
            active=row.active,
            created_at=row.created_at,
        )
    )


def change_account(conn: Connection, user_id: str, **values: str | bool) -> None:
    """Change columns of a user."""
    conn.execute(update(users).where(users.c.id == user_id).values(**values))


def add_session(
    conn: Connection, token_hash: str, user_id: str, csrf: str, now: datetime, expires_at: datetime
) -> None:
    """Insert a session, and drop those that are over."""
    conn.execute(delete(web_sessions).where(web_sessions.c.expires_at <= now))
    row = {"token_hash": token_hash, "user_id": user_id, "csrf": csrf}
    times = {"created_at": now, "last_seen_at": now, "expires_at": expires_at}
    conn.execute(insert(web_sessions).values(**row, **times))


def touch_session(conn: Connection, token_hash: str, now: datetime) -> None:
    """Note that the session is in use."""
    change = update(web_sessions).where(web_sessions.c.token_hash == token_hash)
    conn.execute(change.values(last_seen_at=now))


def drop_session(conn: Connection, token_hash: str) -> None:
    """End one session."""
    conn.execute(delete(web_sessions).where(web_sessions.c.token_hash == token_hash))


def drop_sessions_of(conn: Connection, user_id: str) -> None:
    """End every session of a user."""
    conn.execute(delete(web_sessions).where(web_sessions.c.user_id == user_id))


def failures(conn: Connection, key: str) -> Failures:
    """The wrong passwords of a name or address."""
    query = select(login_failures.c.count, login_failures.c.last_at).where(login_failures.c.key == key)
    return fetch_one(conn, query, Failures) or Failures()


def keep_failures(conn: Connection, key: str, count: int, last_at: datetime) -> None:
    """Keep the wrong passwords of a name or address; none left drops the row."""
    if count <= 0:
        conn.execute(delete(login_failures).where(login_failures.c.key == key))
    else:
        upsert(conn, login_failures, {"key": key, "count": count, "last_at": last_at}, ["key"])


def forget_failures(conn: Connection, before: datetime) -> None:
    """Drop wrong passwords of before this time."""
    conn.execute(delete(login_failures).where(login_failures.c.last_at < before))
