"""Packages asked for on the page: the one door of their states. Each in its caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection, insert

from dialer.ids import new_id
from dialer.machine import IllegalMove
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from qa.examiner import queries
from qa.examiner.queries import Package, Wanted
from qa.examiner.service import Contents, NothingToPack, note_made
from qa.examiner.states import MACHINE, PackageEvent, PackageState
from qa.examiner.tables import packages

ASKED = "package.waiting"
FETCHED = "package.fetched"
UNDER_WAY = (PackageState.WAITING, PackageState.PACKING)


def ask(conn: Connection, wanted: Wanted, by: str, now: datetime) -> str:
    """Order a package, and give its id; one that the same person waits for already is given again.

    Raises:
        NothingToPack: nothing was issued under this number.
    """
    if not queries.issued(conn, wanted, ()):
        raise NothingToPack("nothing was issued under this number or in this time: look at it again")
    for known in queries.packages_in(conn, UNDER_WAY):
        if known.asked_by == by and known.wanted == wanted:
            return known.id
    made = new_id()
    what = {"follow_up_id": wanted.follow_up_id, "policy": wanted.policy}
    row = {"id": made, **what, "asked_by": by, "asked_at": now, "state": PackageState.WAITING, "due_at": now}
    conn.execute(insert(packages).values(**row, done=0, total=0))
    emit(conn, ASKED, made, now, {"by": by, **what})
    return made


def claim(conn: Connection, now: datetime, until: datetime) -> Package | None:
    """The package to make next, held until then; one whose process was killed is begun anew."""
    for found in queries.packages_in(conn, UNDER_WAY):
        if found.due_at > now:
            continue
        try:
            if found.state is PackageState.PACKING:
                move(conn, found, PackageEvent.GIVE_BACK, now)
            begin = MACHINE.advance(PackageState.WAITING, PackageEvent.BEGIN, now)
            apply(conn, packages, found.id, begin, values={"due_at": until, "done": 0, "total": 0})
        except IllegalMove:
            continue  # another process was quicker
        return queries.package_of(conn, found.id)
    return None


def finish(
    conn: Connection, package: Package, contents: Contents, sha256: str, size: int, now: datetime
) -> None:
    """It is there, and the audit trail says who asked for it (X1).

    Raises:
        IllegalMove: it was stopped at the last moment.
    """
    move(conn, package, PackageEvent.FINISH, now, sha256=sha256, bytes=size, error=None, finished_at=now)
    note_made(conn, contents, sha256, now)


def move(conn: Connection, package: Package, event: PackageEvent, now: datetime, **values: object) -> None:
    """Stop it, order it anew, give it back, note its failure or that its file is gone.

    Raises:
        IllegalMove: not legal in its state, or it moved meanwhile.
    """
    step = MACHINE.advance(package.state, event, now)
    if step.after is PackageState.WAITING:
        values = {"due_at": now, "done": 0, "total": 0, "error": None, **values}
    apply(conn, packages, package.id, step, values=values)


def note_fetched(conn: Connection, package: Package, login: str, now: datetime) -> None:
    """Somebody takes it along: on the package, and on the follow-up it is about (X1)."""
    told = {"login": login, "sha256": package.sha256}
    for subject in filter(None, (package.id, package.follow_up_id)):
        emit(conn, FETCHED, subject, now, told)
