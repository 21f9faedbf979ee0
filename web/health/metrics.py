"""The figures of `/metrics`: what the site counts, gathered at most every few seconds (O1, V1)."""

import asyncio
from collections.abc import Iterator, Mapping
from time import perf_counter

from sqlalchemy.exc import SQLAlchemyError

from dialer.figures import LinkFigures
from dialer.storage.feed import latest_id
from web.health.exposition import Family, Kind, by, gauge
from web.health.queries import Counted, SiteFigures, count_after, site_figures
from web.panel import Panel

FRESH_SECONDS = 5.0
# However much there is to count, a reader of the database is not busy with it for more of the time than this.
SHARE = 0.05


class Tally:
    """The site's figures, kept fresh enough. The numbers of attempts rise from the start of this service."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._turn = asyncio.Lock()
        self._last: int | None = None
        self._counted = Counted()
        self._figures: SiteFigures | None = None
        self._good_until = 0.0
        self._up = 1

    async def start(self) -> None:
        """Begin to count attempts after the newest event."""
        self._last = await self._panel.database.read(latest_id)

    async def families(self, lag: float, pages: int) -> list[Family]:
        """Every figure now."""
        async with self._turn:
            if perf_counter() >= self._good_until:
                await self._count()
        return [
            *_of_process(self._panel, lag, pages, self._up),
            *_of_links(self._panel.link_figures()),
            *(_of_site(self._figures, self._counted) if self._figures is not None else ()),
        ]

    async def _count(self) -> None:
        began = perf_counter()
        try:
            if self._last is None:
                await self.start()
            now, last, counted = self._panel.clock(), self._last or 0, self._counted
            self._figures = await self._panel.database.read(lambda conn: site_figures(conn, now))
            self._counted, self._last = await self._panel.database.read(
                lambda conn: count_after(conn, last, counted)
            )
            self._up = 1
        except (SQLAlchemyError, OSError):
            # The figures of the process and the links are still true.
            self._figures, self._up = None, 0
        took = perf_counter() - began
        self._good_until = began + took + max(FRESH_SECONDS, took / SHARE)


def _of_process(panel: Panel, lag: float, pages: int, database_up: int) -> Iterator[Family]:
    engine, store = panel.engine_status(), panel.database.figures
    yield gauge("huifang_database_up", "1 where the database answered the last time.", database_up)
    yield gauge(
        "huifang_engine_settled", "1 where no call is in doubt and new ones are placed.", engine.settled
    )
    yield gauge("huifang_loop_lag_seconds", "The event loop's worst lateness in the last minute.", lag)
    yield gauge("huifang_feed_subscribers", "Pages that listen to the live feed.", pages)
    yield gauge("huifang_writes_waiting", "Units of work that wait to be written.", store.waiting)
    yield Family(
        "huifang_commit_seconds",
        Kind.HISTOGRAM,
        "Time of a commit; on PostgreSQL of its whole transaction.",
        (({}, store.commits),),
    )


def _of_links(links: Mapping[str, LinkFigures]) -> Iterator[Family]:
    up = {node: float(link.up) for node, link in links.items()}
    yield by("huifang_link_up", Kind.GAUGE, "1 where the link to this Asterisk is up.", "node", up)
    again = {node: float(max(0, link.links - 1)) for node, link in links.items()}
    yield by("huifang_link_reconnects_total", Kind.COUNTER, "How often a lost link came back.", "node", again)
    yield Family(
        "huifang_ami_ping_seconds",
        Kind.HISTOGRAM,
        "Round trip of a ping over AMI.",
        tuple(({"node": node}, link.ping) for node, link in sorted(links.items())),
    )
    yield Family(
        "huifang_ami_originate_seconds",
        Kind.HISTOGRAM,
        "From the Originate to the first sign of its channel.",
        tuple(({"node": node}, link.placing) for node, link in sorted(links.items())),
    )
    waiting = {node: float(link.events.waiting) for node, link in links.items()}
    yield by("huifang_ami_events_waiting", Kind.GAUGE, "Events that wait for the engine.", "node", waiting)
    yield Family(
        "huifang_ami_event_wait_seconds",
        Kind.HISTOGRAM,
        "How long an event had waited, from the socket, when the engine took it.",
        tuple(({"node": node}, link.events.waited) for node, link in sorted(links.items())),
    )


def _of_site(site: SiteFigures, counted: Counted) -> Iterator[Family]:
    yield by(
        "huifang_attempts_total",
        Kind.COUNTER,
        "Attempts that ended since this service began, by outcome.",
        "outcome",
        counted.outcomes,
    )
    yield by(
        "huifang_attempts_in_flight", Kind.GAUGE, "Attempts that have not ended.", "state", site.in_flight
    )
    yield Family(
        "huifang_agents",
        Kind.GAUGE,
        "Agents by state and reason.",
        tuple(({"state": key[0], "reason": key[1]}, n) for key, n in sorted(site.agents.items())),
    )
    yield Family(
        "huifang_queue",
        Kind.GAUGE,
        "Follow-ups that may be called now: due, late (past the target), overdue (past the limit).",
        tuple(({"playbook": key[0], "lateness": key[1]}, n) for key, n in sorted(site.queue.items())),
    )
    yield gauge("huifang_queue_not_due", "Follow-ups that wait for their time.", site.not_due)
    yield by(
        "huifang_recordings",
        Kind.GAUGE,
        "Recordings that are not in the archive: expected, missing, failed.",
        "state",
        site.recordings,
    )
    yield Family(
        "huifang_recording_seconds_total",
        Kind.COUNTER,
        "Seconds of talk in recordings archived since this service began: kept, and missing in them (gap).",
        (({"part": "kept"}, counted.archived_seconds), ({"part": "gap"}, counted.gap_seconds)),
    )
    yield by("huifang_work_waiting", Kind.GAUGE, "Work that waits, by its kind.", "work", site.waiting)
    yield by(
        "huifang_consumer_behind_events",
        Kind.GAUGE,
        "Event rows after the last one a consumer remembers; it counts those of other kinds, too.",
        "consumer",
        site.behind,
    )
    yield by("huifang_alarms_open", Kind.GAUGE, "Open alarms by kind.", "kind", site.alarms)
    yield by(
        "huifang_calling_stopped",
        Kind.GAUGE,
        "1 for each playbook, or for everything, that a supervisor has stopped.",
        "playbook",
        site.halts,
    )
