"""The database: reachable, brought to the newest schema, quick enough for calls."""

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from dialer.storage.looking import DatabaseLook, look_at
from web.finding import Finding, Level, said
from web.i18n import N_

_TITLE, _SPEED = N_("Database"), N_("Time of a commit")
# Two commits guard every call; a hundred calls a second are offered at most.
_SLOW_MS, _TOO_SLOW_MS = 20.0, 200.0


async def look_at_database(url: str) -> list[Finding]:
    """Look, and judge."""
    try:
        return list(judge(await look_at(url)))
    except FileNotFoundError as error:
        seen, do = (
            said("{error}", error=str(error)),
            said(N_("Begin with `dialer migrate` or `dialer serve`.")),
        )
        return [Finding("database", _TITLE, Level.FAIL, seen, do)]
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        seen = said(N_("The database does not answer: {error}"), error=str(error).partition("\n")[0])
        do = said(N_("Check database_url, that the database runs, its disk and the rights of its files."))
        return [Finding("database", _TITLE, Level.FAIL, seen, do)]


def judge(look: DatabaseLook) -> tuple[Finding, Finding]:
    """What was seen, in two findings. Pure."""
    return _schema(look), _speed(look)


def _schema(look: DatabaseLook) -> Finding:
    if look.schema != look.newest:
        seen = said(
            N_("Its schema is {there}, this version needs {here}."),
            there=look.schema or "–",
            here=look.newest,
        )
        do = said(N_("Stop the service, make a copy, then run `dialer migrate`."))
        return Finding("database", _TITLE, Level.FAIL, seen, do)
    if look.journal not in ("", "wal"):
        seen = said(N_("SQLite keeps its journal as {mode}: readers would hold up calls."), mode=look.journal)
        do = said(
            N_("Keep the data folder on a local disk: WAL needs shared memory, network drives have none.")
        )
        return Finding("database", _TITLE, Level.FAIL, seen, do)
    return Finding("database", _TITLE, Level.OK, said(N_("It answers and has the newest schema.")))


def _speed(look: DatabaseLook) -> Finding:
    slowest = max(look.commit_ms, look.lock_ms)
    seen = said(
        N_("A durable commit takes {commit} ms; the right to write came after {lock} ms."),
        commit=f"{look.commit_ms:.1f}",
        lock=f"{look.lock_ms:.1f}",
    )
    if slowest < _SLOW_MS:
        return Finding("commit", _SPEED, Level.OK, seen)
    level = Level.WARN if slowest < _TOO_SLOW_MS else Level.FAIL
    do = said(
        N_(
            "Put the data folder on a faster local disk (SSD); see what else writes to it. "
            "Calls wait for commits."
        )
    )
    return Finding("commit", _SPEED, level, seen, do)
