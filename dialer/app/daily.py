"""The parts of the service that prepare the day: files, the plan, assignments, playbooks, cases."""

from collections.abc import Callable, Coroutine

from dialer.app.library import LibraryKeeper
from dialer.app.settings import Settings
from dialer.cases.worker import CaseWorker
from dialer.clock import Clock
from dialer.daily.worker import AssignWorker
from dialer.importing.hot_folder import HotFolder
from dialer.importing.outgoing.write_back import WriteBack
from dialer.planning.worker import PlannerWorker
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from web.i18n import translator

Part = tuple[str, Callable[[], Coroutine[None, None, None]]]


def daily_parts(
    settings: Settings, database: Database, library: Library, keeper: LibraryKeeper | None, clock: Clock
) -> list[Part]:
    """Each part by its name, as what runs it until it is cancelled."""
    zone, imports = settings.web.zone, settings.imports
    files = HotFolder(
        database,
        library,
        imports,
        zone=zone,
        default_branch=settings.site.branch,
        clock=clock,
        planning=settings.planning,
        say=translator(settings.web.language).sentence,
    )
    planner = PlannerWorker(database, lambda: library, settings.planning, zone, clock)
    parts: list[Part] = [
        ("files", files.run),
        ("planner", planner.run),
        ("assigning", AssignWorker(database, library, zone, clock).run),
        ("cases", CaseWorker(database, library, zone, clock, settings.planning.calendar()).run),
        ("write-back", WriteBack(database, library, imports.webhooks, zone, clock).run),
    ]
    if keeper is not None:
        parts.append(("playbooks", keeper.run))
    return parts
