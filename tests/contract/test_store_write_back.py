"""Results go back to the systems they came from, with a state that is seen (C6)."""

import csv
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from openpyxl import load_workbook
from sqlalchemy import Connection

from dialer.alarms.service import open_alarms
from dialer.forms.rules import Disposition
from dialer.forms.service import save_form
from dialer.importing.outgoing.export import BadLayout, export_results, read_layout
from dialer.importing.outgoing.write_back import ALARM, WriteBack, states, wait_after
from dialer.importing.settings import Webhook
from dialer.storage.database import Database
from tests.support.core import LIBRARY, NOW, SHANGHAI, answer_all, at, talked

DAY = date(2026, 11, 22)


def complete(conn: Connection, number: str = "13800000001", extension: str = "8001") -> None:
    """A call that was answered, with every question and a saved form."""
    current = talked(conn, number, extension)
    answer_all(conn, current, at(90))
    save_form(
        conn,
        LIBRARY,
        agent_id=current.agent_id,
        attempt_id=current.id,
        disposition=Disposition.COMPLETED,
        wishes="=HYPERLINK(1)",
        now=at(100),
    )


async def exported(database: Database, to: Path, layout: Path | None = None, name: str = "crm") -> int:
    return await export_results(
        database, LIBRARY, DAY, read_layout(layout), to, name=name, zone=SHANGHAI, clock=lambda: at(200)
    )


async def test_c6_the_days_results_in_the_layout_of_the_crm(database: Database, tmp_path: Path) -> None:
    """C6, X2: its columns in its order; a cell that looks like a formula is text; noted as written."""
    await database.write(complete)
    layout = tmp_path / "crm.yaml"
    layout.write_text(
        "客户: name\n电话: number\n结果: disposition\n愿望: wishes\n首问: answer:q1\n时间: called_at\n",
        "utf-8",
    )
    assert await exported(database, tmp_path / "out.csv", layout) == 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == ["客户", "电话", "结果", "愿望", "首问", "时间"]
    assert (row["客户"], row["电话"], row["结果"]) == ("李0001女士", "13800000001", "completed")
    assert (row["愿望"], row["时间"]) == ("'=HYPERLINK(1)", "2026-11-22 10:00:20")
    assert await database.read(states) == {"crm": {"written": 1}}
    assert await exported(database, tmp_path / "out.xlsx") == 1
    book = load_workbook(tmp_path / "out.xlsx")
    sheet = book.worksheets[0]
    heading, values = [list(cells) for cells in sheet.iter_rows(values_only=True)]
    assert values[heading.index("talk_seconds")] == 60
    assert values[heading.index("agent_code")] == "A8001"


async def test_c6_another_day_has_other_results(database: Database, tmp_path: Path) -> None:
    await database.write(complete)
    written = await export_results(
        database,
        LIBRARY,
        DAY - timedelta(days=1),
        read_layout(None),
        tmp_path / "out.csv",
        name="crm",
        zone=SHANGHAI,
        clock=lambda: NOW,
    )
    assert written == 0
    assert await database.read(states) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("结果: satisfactoin\n", "names satisfactoin; known are"),
        ("[1]", "is not a list of lines"),
        ("a: [", "cannot be read"),
    ],
)
def test_c6_a_layout_that_cannot_be_used_says_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "crm.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadLayout, match=words):
        read_layout(path)


@dataclass
class Crm:
    """Another system that takes results, or does not."""

    url: str = ""
    works: bool = True
    taken: list[dict[str, object]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if not self.works:
            return web.Response(status=503)
        self.taken.append(json.loads(await request.text()))
        self.tokens.append(request.headers.get("Authorization", ""))
        return web.Response(status=204)


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    system = Crm()
    app = web.Application()
    app.router.add_post("/results", system.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    system.url = f"http://127.0.0.1:{runner.addresses[0][1]}/results"
    yield system
    await runner.cleanup()


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.now = at(200)

    def __call__(self) -> datetime:
        return self.now


async def test_c6_each_result_is_posted_once_it_is_there(database: Database, crm: Crm) -> None:
    """C6: in the mapped layout, with the token; not twice."""
    hook = Webhook(name="crm", url=crm.url, token="t", columns={"phone": "number", "result": "disposition"})
    worker = WriteBack(database, LIBRARY, [hook], SHANGHAI, Clock())
    async with ClientSession() as session:
        assert await worker.step(session) == 0
        await database.write(complete)
        await database.write(lambda conn: complete(conn, "13800000002", "8002"))
        assert await worker.step(session) == 2
        assert await worker.step(session) == 0
    assert {"phone": "13800000001", "result": "completed"} in crm.taken
    assert len(crm.taken) == 2
    assert crm.tokens == ["Bearer t", "Bearer t"]
    assert await database.read(states) == {"crm": {"written": 2}}


async def test_c6_what_is_not_taken_is_tried_again_with_longer_waits(database: Database, crm: Crm) -> None:
    """C6: the state says so, the third failure is an alarm, and success clears it."""
    clock = Clock()
    worker = WriteBack(database, LIBRARY, [Webhook(name="crm", url=crm.url)], SHANGHAI, clock)
    await database.write(complete)
    crm.works = False
    async with ClientSession() as session:
        for tries in range(1, 4):
            assert await worker.step(session) == 0
            assert await worker.step(session) == 0  # its wait is not over
            assert await database.read(states) == {"crm": {"failed": 1}}
            clock.now += wait_after(tries)
        assert [alarm.kind for alarm in await database.read(open_alarms)] == [ALARM]
        crm.works = True
        assert await worker.step(session) == 1
    assert len(crm.taken) == 1
    assert await database.read(states) == {"crm": {"written": 1}}
    assert await database.read(open_alarms) == []


async def test_c6_a_system_that_is_not_there_holds_nothing_up(database: Database) -> None:
    worker = WriteBack(
        database, LIBRARY, [Webhook(name="crm", url="http://127.0.0.1:9/x")], SHANGHAI, Clock()
    )
    await database.write(complete)
    async with ClientSession() as session:
        assert await worker.step(session) == 0
    assert await database.read(states) == {"crm": {"failed": 1}}


def test_c6_waits_grow_up_to_two_hours() -> None:
    assert [wait_after(n).total_seconds() for n in (1, 2, 3, 4, 5, 9)] == [10, 60, 300, 1800, 7200, 7200]
