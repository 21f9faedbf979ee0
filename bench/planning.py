"""How many occasions are planned in a second, at several sizes, on a database of its own.

Each size has as many customers as occasions, over many branches and days, in several playbooks: with a
sample, with merging, with limits. Two things are measured: the pure rules on one core, and whole batches.
"""

import asyncio
import cProfile
import io
import pstats
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from dialer.customers.tables import customers, occasions, phones
from dialer.planning.batch import gather
from dialer.planning.draws import draw_waiting
from dialer.planning.loading import Known
from dialer.planning.rules.fates import decide
from dialer.planning.rules.owed import Person, Site, owed_on_arrival
from dialer.planning.service import plan_new
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate

LEAST_A_SECOND = 10_000
WORST_GROWTH = 1.3
MOST_MEGABYTES = 500
SIZES = (10_000, 100_000)
FULL = 1_000_000

_ZONE = ZoneInfo("Asia/Shanghai")
_NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
_BATCH = 1000
_PURE = 20_000
_BRANCHES = 20
_DAYS = 3
_PROFILED = 12


@dataclass(frozen=True, slots=True)
class Planning:
    """One size: whole batches with their SQL."""

    customers: int
    seconds: float
    draw_seconds: float

    @property
    def a_second(self) -> float:
        """Occasions planned in a second, drawing included."""
        return self.customers / (self.seconds + self.draw_seconds)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    pure_a_second: float
    sizes: tuple[Planning, ...]
    growth: float
    megabytes: float
    profile: str

    @property
    def linear(self) -> bool:
        """Whether an occasion costs at the largest size what it costs at the smallest."""
        return self.growth <= WORST_GROWTH


def run(sizes: Sequence[int] = SIZES) -> Figures:
    """Measure these sizes, the smallest first."""
    site = Site.of(_library(), PlanningSettings(), _ZONE)
    pure = pure_a_second(site)
    planned = tuple(asyncio.run(_plan(site, size)) for size in sorted(sizes))
    growth = planned[0].a_second / planned[-1].a_second
    profile = "" if pure >= LEAST_A_SECOND else _profile(site)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figures(pure, planned, growth, used, profile)


def pure_a_second(site: Site, count: int = _PURE) -> float:
    """Occasions a second through the rules alone: what is due, in which calls, within which limits."""
    rows, people = list(_occasions(count)), _people(count)
    began = time.process_time()
    _decide_all(site, rows, people)
    return count / (time.process_time() - began)


def _decide_all(site: Site, rows: Sequence[dict[str, Any]], people: dict[str, Person]) -> None:
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        due = [
            one for row in batch for one in owed_on_arrival(site, row, people[row["customer_id"]], {}, _NOW)
        ]
        known = Known(people, {})
        decide(gather(site, known, due, _NOW), (), site, _NOW)


def _profile(site: Site) -> str:
    """Where the time goes, by function."""
    rows, people = list(_occasions(_BATCH * 5)), _people(_BATCH * 5)
    profiler = cProfile.Profile()
    profiler.runcall(_decide_all, site, rows, people)
    told = io.StringIO()
    pstats.Stats(profiler, stream=told).strip_dirs().sort_stats("tottime").print_stats(_PROFILED)
    return told.getvalue()


async def _plan(site: Site, count: int) -> Planning:
    with tempfile.TemporaryDirectory(prefix="bench-planning-") as folder:
        url = sqlite_url(Path(folder) / "planning.db")
        await migrate(url)
        database = Database(url)
        await database.start()
        try:
            await _fill(database, count)
            seconds = await _timed(database, partial(plan_new, site=site, now=_NOW, limit=_BATCH))
            drawing = await _timed(database, partial(draw_waiting, site=site, now=_NOW))
        finally:
            await database.stop()
    return Planning(count, seconds, drawing)


async def _timed(database: Database, work: Any) -> float:
    began = time.perf_counter()
    while await database.write(work):
        pass
    return time.perf_counter() - began


async def _fill(database: Database, count: int) -> None:
    for start in range(0, count, 10_000):
        await database.write(partial(_fill_some, first=start, after=min(count, start + 10_000)))


def _fill_some(conn: Connection, first: int, after: int) -> None:
    conn.execute(insert(customers), [_customer(number) for number in range(first, after)])
    conn.execute(
        insert(phones),
        [
            {"customer_id": f"C{number:08}", "number": f"138{number:08}", "position": 0}
            for number in range(first, after)
        ],
    )
    conn.execute(insert(occasions), list(_occasions(after - first, first)))


def _customer(number: int) -> dict[str, Any]:
    return {
        "id": f"C{number:08}",
        "name": f"客户{number}",
        "branch": f"门店{number % _BRANCHES}",
        "created_at": _NOW - timedelta(days=30),
        "grade": "AB"[number % 2],
        "promotion_consent": True,
    }


def _people(count: int) -> dict[str, Person]:
    return {f"C{number:08}": Person(_customer(number), [f"138{number:08}"]) for number in range(count)}


def _occasions(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    for number in range(first, first + count):
        yield {
            "id": f"O{number:08}",
            "kind": ("settlement-order", "repair-visit")[number % 4 == 3],
            "source": "bench",
            "external_id": f"{number}",
            "happened_at": _NOW - timedelta(days=number % _DAYS, hours=3),
            "branch": f"门店{number % _BRANCHES}",
            "customer_id": f"C{number:08}",
            "plate": f"豫A{number:06}"[:9],
            "items": ["更换机油"],
            "staff": {"adviser": "张伟"},
            "amount_fen": 100 * (number % 2000),
            "unit": f"区域{number % 3}",
            "products": [],
            "facts": {"mileage": number % 90_000},
        }


def _library() -> Library:
    text = {"zh": "文", "en": "text"}
    common: dict[str, Any] = {
        "version": 1,
        "name": text,
        "reason": text,
        "windows": [{"start": "09:00", "end": "12:00"}, {"start": "14:00", "end": "20:00"}],
        "questionnaire": [{"id": "q1", "type": "text", "ask": text}],
        "rules": "none",
        "steps": [{"earliest": "1d", "target": "1d", "limit": "3wd"}],
    }
    orders = {"kinds": ["settlement-order"]}
    kinds: tuple[dict[str, Any], ...] = (
        {"id": "visit", "occasions": orders, "merge": {"accept": ["dear"]}, "caller": "not_serving_staff"},
        {"id": "dear", "occasions": {**orders, "when": "amount >= 1500 and grade == 'A'"}},
        {
            "id": "repair",
            "occasions": {"kinds": ["repair-visit"]},
            "coverage": {"share": "0.2", "strata": ["unit", "branch"]},
        },
    )
    return Library(tuple(Playbook.model_validate(common | kind) for kind in kinds))
