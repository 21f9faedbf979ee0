"""`dialer explain`: a readable table in Chinese or English, or JSON (promise 2)."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.clock import system_clock
from dialer.customers.service import take_in
from dialer.planning.service import plan_arrivals
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from tests.support.core import SHANGHAI, occasion


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one order that was planned."""
    url = load_settings(tmp_path).url

    async def fill() -> None:
        await migrate(url)
        database = Database(url)
        await database.start()
        await database.write(one_order)
        await database.stop()

    def one_order(conn: Connection) -> None:
        now = system_clock()
        take_in(conn, occasion("13800000001", plate="豫A12345", happened_at=now), now)
        plan_arrivals(conn, shipped_library(), PlanningSettings(), SHANGHAI, now)

    asyncio.run(fill())
    return tmp_path


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", *arguments, "--data", str(data)], env={"COLUMNS": "160"})
    return result.exit_code, result.output


def test_promise_2_the_answer_is_a_table_in_both_languages(data: Path) -> None:
    code, said = run(data, "豫A12345")
    assert code == 0
    for word in ("售后满意度", "最早时间", "可拨打时段", "09:00-12:00", "勿打扰", "试运行名单"):
        assert word in said
    code, said = run(data, "13800000001", "--language", "en")
    assert code == 0
    for word in ("Calling hours", "allowed", "Do not call", "Trial list"):
        assert word in said


def test_promise_2_a_machine_reads_json(data: Path) -> None:
    code, said = run(data, "豫A12345", "--json")
    answer = json.loads(said)
    assert code == 0
    names = [gate["name"] for gate in answer["explanations"][0]["gates"]]
    assert {"state", "window", "do_not_call", "carrier_day"} <= set(names)


def test_who_is_not_known_ends_with_1_and_says_so(data: Path) -> None:
    code, said = run(data, "豫B99999", "--language", "en")
    assert code == 1
    assert "Nobody is known by 豫B99999" in said
