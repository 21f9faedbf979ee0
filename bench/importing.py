"""Rows of a file taken in in a second, at several sizes, beside `sqlite3 .import` of the same file.

Taken in means all of it: decoded, read, checked, customers found or made, stored with its event rows, and
planned. The floor stores the same cells as they are, in one table without a type. What a row costs is told
in seconds of the processor: what else the machine does at the time does not change them much.
"""

import csv
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.importing.options import ImportOptions
from dialer.importing.reading import open_occasions
from dialer.importing.service import import_file
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate

WORST_GROWTH = 1.3
MOST_MEGABYTES = 500
SIZES = (10_000, 100_000)
FULL = 1_000_000

_ZONE = ZoneInfo("Asia/Shanghai")
_NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
_HEADINGS = (
    "结算单号",
    "结算时间",
    "车牌号",
    "客户姓名",
    "手机",
    "服务顾问",
    "维修技师",
    "维修项目",
    "金额",
    "门店",
    "行驶里程",
)
_BRANCHES = 20
_DAYS = 3


@dataclass(frozen=True, slots=True)
class Importing:
    """One size. `cpu_seconds` are the processor's for all of it, `read_cpu_seconds` for reading and checking
    alone, `floor_cpu_seconds` what sqlite3 needs.
    """

    rows: int
    seconds: float
    cpu_seconds: float
    read_cpu_seconds: float
    floor_cpu_seconds: float

    @property
    def a_second(self) -> float:
        """Rows taken in in a second of the clock."""
        return self.rows / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of the processor for a row."""
        return self.cpu_seconds / self.rows

    @property
    def ratio(self) -> float:
        """How many times the processor time of sqlite3's own import of the file it takes."""
        return self.cpu_seconds / self.floor_cpu_seconds


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; `floor` says what the floor was measured with."""

    sizes: tuple[Importing, ...]
    growth: float
    megabytes: float
    floor: str

    @property
    def linear(self) -> bool:
        """Whether a row costs at the largest size what it costs at the smallest."""
        return self.growth <= WORST_GROWTH


async def measure(
    library: Library,
    sizes: tuple[int, ...] = SIZES,
    progress: Callable[[int, int], None] = lambda _rows, _of: None,
) -> Figures:
    """Import a file of each size into a database of its own."""
    found = []
    # The smallest once more at the end: a machine that becomes busier meanwhile is no growth.
    for rows in (*sizes, sizes[0]):
        with tempfile.TemporaryDirectory(prefix="huifang-bench-") as folder:
            found.append(await _measure(library, rows, Path(folder), progress))
    *found, again = found
    smallest = (found[0].cost + again.cost) / 2
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figures(tuple(found), found[-1].cost / smallest, megabytes, _floor_name())


async def _measure(
    library: Library, rows: int, folder: Path, progress: Callable[[int, int], None]
) -> Importing:
    path = folder / "orders.csv"
    write_orders(path, rows)
    began = time.process_time()
    file = open_occasions(path, zone=_ZONE, default_branch="店", today=_NOW.date(), source="bench")
    for _ in file.rows():
        pass
    file.close()
    read_seconds = time.process_time() - began
    url = sqlite_url(folder / "bench.db")
    await migrate(url)
    database = Database(url)
    await database.start()
    began, cpu_began = time.perf_counter(), time.process_time()
    try:
        options = ImportOptions(zone=_ZONE, default_branch="店", source="bench")
        report = await import_file(
            database,
            library,
            path,
            options,
            clock=lambda: _NOW,
            progress=lambda done, _of: progress(done, rows),
        )
    finally:
        await database.stop()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    if report.created != rows:
        raise RuntimeError(f"{report.created} of {rows} rows were taken in: {report}")
    return Importing(rows, seconds, cpu_seconds, read_seconds, _floor(path, folder / "floor.db"))


def write_orders(path: Path, rows: int) -> None:
    """A file of settlement orders as a dealer system exports it, a customer for each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADINGS)
        writer.writerows(_orders(rows))


def _orders(rows: int) -> Iterator[list[str]]:
    letters = "ABCDEFGHJK"
    for n in range(rows):
        at = _NOW - timedelta(days=1 + n % _DAYS, minutes=n % 600)
        yield [
            f"JS{n:08}",
            at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            f"豫{letters[n // 100_000 % 10]}{n % 100_000:05}",
            f"客户{n}女士",
            f"13{n:09}",
            f"顾问{n % 50}",
            f"技师{n % 80}",
            "更换机油、更换机滤、四轮定位",
            f"{200 + n % 3000}.50",
            f"第{n % _BRANCHES}店",
            str(1000 + n % 90_000),
        ]


def _floor_name() -> str:
    return "sqlite3 .import" if shutil.which("sqlite3") else "executemany of Python's sqlite3"


def _floor(path: Path, database: Path) -> float:
    program = shutil.which("sqlite3")
    if program is not None:
        began = _children()
        subprocess.run(
            [program, str(database), "-cmd", ".mode csv", f'.import "{path}" orders'],
            check=True,
            capture_output=True,
        )
        return _children() - began
    began = time.process_time()
    connection = sqlite3.connect(database)
    with path.open(encoding="utf-8", newline="") as file, connection:
        reader = csv.reader(file)
        columns = ", ".join(f"c{n}" for n, _ in enumerate(next(reader)))
        connection.execute(f"CREATE TABLE orders ({columns})")
        marks = ", ".join("?" * len(_HEADINGS))
        connection.executemany(f"INSERT INTO orders VALUES ({marks})", reader)
    connection.close()
    return time.process_time() - began


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
