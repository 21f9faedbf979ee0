"""Whether this data folder is a copy of another, or another a copy of it, and both may be served (D8)."""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from dialer.app.installation import copied_from, copy_note, installation_of, is_copy
from dialer.app.settings import Settings
from dialer.nodes.queries import owners
from dialer.storage.database import Database
from dialer.storage.dialects import is_sqlite
from web.finding import Finding, Level, said
from web.i18n import N_

_TITLE = N_("Data folder")


async def look_at_copies(settings: Settings) -> list[Finding]:
    """What the folder says of itself, and, where services share nodes, who has them."""
    mine, having = installation_of(settings.data_dir), frozenset[str]()
    if not is_sqlite(settings.url):
        database = Database(settings.url)
        try:
            having = await database.read(owners)
        except SQLAlchemyError:
            pass  # said by the check of the database
        finally:
            await database.stop()
    return [judge(settings.data_dir, [one for one in having if is_copy(one, mine)])]


def judge(data_dir: Path, others: list[str]) -> Finding:
    """`others` are the copies that have a node at this moment."""
    came = copied_from(data_dir)
    if others:
        names = ", ".join(sorted(one.rpartition(" ")[0] for one in others))
        seen = said(N_("A copy of this data folder is served, too: {names}."), names=names)
        do = said(
            N_(
                "Nobody is called twice: they share the telephone systems. Stop one of them, or make the "
                "copy a service of its own: stop it, delete its file {file}, give a cloned machine a new "
                "/etc/machine-id, and start it again."
            ),
            file="installation",
        )
        return Finding("copies", _TITLE, Level.FAIL, seen, do)
    if came is None:
        return Finding("copies", _TITLE, Level.OK, said(N_("It is no copy of another one.")))
    host, at = came
    seen = said(N_("It is a copy, made before {at}, of one at {host}."), at=at, host=host)
    do = said(
        N_(
            "See that no service runs on the other one, or customers are called twice. "
            "Then delete {file}: this finding ends."
        ),
        file=copy_note(data_dir),
    )
    return Finding("copies", _TITLE, Level.WARN, seen, do)
