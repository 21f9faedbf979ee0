"""Users and their logins."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.agents import service as agents
from dialer.ids import new_id
from dialer.storage.database import Database
from dialer.storage.feed import emit
from web.auth import queries
from web.auth.passwords import matches
from web.auth.queries import Account
from web.auth.rules import FORGET_AFTER, BadUser, check_new_user
from web.settings import WebSettings


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that succeeded: the cookie's value, and where the user's own settings go."""

    token: str
    account: Account


@dataclass(frozen=True, slots=True)
class Refused:
    """A login that did not: `wait_seconds` is more than 0 where it was not even looked at."""

    wait_seconds: int = 0


def add_user(
    conn: Connection,
    *,
    login: str,
    name: str,
    password_hash: str,
    roles: Collection[str],
    agent_id: str | None = None,
    language: str = "zh",
    now: datetime,
) -> str:
    """Add a user; `password_hash` is of `passwords.hash_password`. Returns the id.

    Raises:
        BadUser: the name is taken, a role is not known, or an agent has no agent row.
    """
    login, wanted = login.strip().lower(), frozenset(roles)
    check_new_user(login, wanted, agent_id)
    if queries.account(conn, login) is not None:
        raise BadUser(f"there is a user {login!r} already: choose another name")
    user_id = new_id()
    queries.add_account(
        conn, Account(user_id, login, password_hash, name, wanted, agent_id, language, True, now)
    )
    emit(conn, "user.added", user_id, now, {"login": login, "roles": sorted(wanted)})
    return user_id


def set_password(conn: Connection, login: str, password_hash: str, now: datetime) -> None:
    """Give a user another password, and end every session of before.

    Raises:
        BadUser: there is no such user.
    """
    known = _known(conn, login)
    queries.change_account(conn, known.id, password_hash=password_hash)
    queries.drop_sessions_of(conn, known.id)
    emit(conn, "user.password_changed", known.id, now)


def set_active(conn: Connection, login: str, active: bool, now: datetime) -> None:
    """Let a user in, or no longer; no longer ends every session at once.

    Raises:
        BadUser: there is no such user.
    """
    known = _known(conn, login)
    queries.change_account(conn, known.id, active=active)
    if not active:
        queries.drop_sessions_of(conn, known.id)
    emit(conn, "user.activated" if active else "user.deactivated", known.id, now)


def set_language(conn: Connection, user_id: str, language: str) -> None:
    """The user's pages are in this language from now on."""
    queries.change_account(conn, user_id, language=language)


async def log_in(
    database: Database, settings: WebSettings, login: str, password: str, address: str, now: datetime
) -> LoggedIn | Refused:
    """Check a name and password, and begin a session.

    The try is counted as wrong before the password is looked at, so that many at once gain
    nothing. Unknown names are counted and answered like known ones.
    """
    login = "".join(letter for letter in login.strip().lower() if letter.isprintable())[:60]
    wait = await database.write(lambda conn: _count_try(conn, settings, login, address, now))
    if wait > timedelta(0):
        return Refused(max(1, round(wait.total_seconds())))
    known = await database.read(lambda conn: queries.account(conn, login))
    right = await matches(password, known.password_hash if known and known.active else None)
    if known is None or not right:
        return Refused()
    token = secrets.token_urlsafe(32)
    await database.write(lambda conn: _begin_session(conn, settings, known, token, address, now))
    return LoggedIn(token, known)


def log_out(
    conn: Connection, token_hash: str, user_id: str, now: datetime, *, agent_id: str | None = None
) -> None:
    """End a session, and the work of the agent who works with it."""
    queries.drop_session(conn, token_hash)
    if agent_id is not None:
        agents.leave(conn, agent_id, token_hash, now)
    emit(conn, "user.logged_out", user_id, now)


def hash_token(token: str) -> str:
    """What is kept of a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def _count_try(conn: Connection, settings: WebSettings, login: str, address: str, now: datetime) -> timedelta:
    longest = timedelta(seconds=settings.longest_wait_seconds)
    found = {
        key: (queries.failures(conn, key).as_of(now), free)
        for key, free in (
            (f"login:{login}", settings.login_tries),
            (f"address:{address}", settings.address_tries),
        )
    }
    wait = max(failures.wait(free, longest, now) for failures, free in found.values())
    if wait == timedelta(0):
        for key, (failures, _) in found.items():
            queries.keep_failures(conn, key, failures.count + 1, now)
    return wait


def _begin_session(
    conn: Connection, settings: WebSettings, known: Account, token: str, address: str, now: datetime
) -> None:
    queries.forget_failures(conn, now - FORGET_AFTER)
    queries.keep_failures(conn, f"login:{known.login}", 0, now)
    # Of the address only this try is taken back: an own account must not whitewash guessing others.
    key = f"address:{address}"
    queries.keep_failures(conn, key, queries.failures(conn, key).count - 1, now)
    until = now + timedelta(hours=settings.session_hours)
    queries.add_session(conn, hash_token(token), known.id, secrets.token_urlsafe(32), now, until)
    emit(conn, "user.logged_in", known.id, now, {"address": address})
    if known.agent_id is not None:
        agents.take_over(conn, known.agent_id, hash_token(token), now)


def _known(conn: Connection, login: str) -> Account:
    known = queries.account(conn, login.strip().lower())
    if known is None:
        raise BadUser(f"there is no user {login!r}: see the list of users")
    return known
