"""`dialer plan` on a data folder (L1, promise 4)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from dialer.app.cli.common import with_database
from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.followups.queries import count_by_state
from dialer.storage.database import Database
from tests.support.planned import add_customer, add_occasion


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two orders of yesterday: one customer can be called, one cannot."""

    def work(conn: Connection) -> None:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        for number in ("13800000001", ""):
            add_occasion(conn, add_customer(conn, number), happened_at=yesterday, taken_in_at=yesterday)

    async def fill(database: Database) -> None:
        await database.write(work)

    with_database(load_settings(tmp_path), fill)
    return tmp_path


def planned(folder: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["plan", "--data", str(folder), *arguments])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def states(folder: Path) -> dict[str, int]:
    async def count(database: Database) -> dict[str, int]:
        return await database.read(count_by_state)

    return with_database(load_settings(folder), count)


def test_l1_the_plan_says_who_will_be_called_and_who_not_and_why(folder: Path) -> None:
    assert "1 will be called, 1 not, because: 1 have no number that can be dialled." in planned(folder)
    again = json.loads(planned(folder, "--json"))
    assert (again["to_call"], again["left_out"], again["finished"]) == (1, {"no_number": 1}, True)
    assert again["counts"].get("planned", 0) == 0


def test_l1_a_plan_may_wait_for_its_release(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_PLANNING__RELEASE", "manual")
    planned(folder)
    assert states(folder) == {"planned": 1}
    planned(folder, "--release")
    assert states(folder) == {"waiting": 1}


def test_l1_a_later_plan_cannot_be_released_yet(folder: Path) -> None:
    assert "cannot be released yet" in planned(folder, "--day", "2099-01-01", "--release", code=1)
    assert "2020-01-01: 0 will be called, nobody is left out." in planned(folder, "--day", "2020-01-01")
