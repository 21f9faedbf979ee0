"""`dialer agent` on a data folder: people, phones, and what each did on a day (D5, F7)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from typer.testing import CliRunner

from dialer.agents.queries import agent_of_code
from dialer.agents.service import ready, sign_in
from dialer.app.cli.common import with_database
from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.storage.database import Database


def said(folder: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*arguments, "--data", str(folder)])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_d5_agents_may_share_a_phone_or_have_none(tmp_path: Path) -> None:
    """D5: hot desking; what is wrong is said in a sentence."""
    assert "at extension 8001 was added" in said(tmp_path, "agent", "add", "1", "王芳", "--extension", "8001")
    said(tmp_path, "agent", "add", "2", "李娜", "--extension", "8001")
    assert "Agent 3 赵敏 was added" in said(tmp_path, "agent", "add", "3", "赵敏")
    assert "the number '3' belongs to another agent" in said(tmp_path, "agent", "add", "3", "孙", code=1)
    assert "窗口 9" in said(tmp_path, "agent", "desk", "8009", "--place", "窗口 9")
    desks = json.loads(said(tmp_path, "agent", "desks", "--json"))
    assert [(one["extension"], one["place"], one["usual"], one["taken_by"]) for one in desks] == [
        ("8001", "", "王芳, 李娜", None),
        ("8009", "窗口 9", "", None),
    ]
    user = ("user", "add", "--name", "x", "--role", "agent", "--password", "long enough")
    assert "name one with --agent" in said(tmp_path, *user, "li", "--extension", "8001", code=1)
    assert "no agent with the number '9'" in said(tmp_path, *user, "li", "--agent", "9", code=1)
    assert "User li was added." in said(tmp_path, *user, "li", "--agent", "2")


def test_f7_the_day_of_an_agent_is_printed(tmp_path: Path) -> None:
    """F7."""
    said(tmp_path, "agent", "add", "1", "王芳", "--extension", "8001")
    # 09:00 in Shanghai.
    began = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

    def work(conn: Connection) -> None:
        who = agent_of_code(conn, "1")
        assert who is not None
        sign_in(conn, who.id, began)
        ready(conn, who.id, began + timedelta(minutes=1))

    async def fill(database: Database) -> None:
        await database.write(work)

    with_database(load_settings(tmp_path), fill)
    rows = json.loads(said(tmp_path, "agent", "history", "1", "--json", "--day", "2026-11-20"))
    assert [(row["state"], row["reason"], row["ended_by"]) for row in rows] == [
        ("paused", "signed_in", "ready"),
        ("ready", None, None),
    ]
    assert (rows[0]["from"], rows[0]["seconds"]) == ("2026-11-20T09:00:00+08:00", 60)
    assert "ready" in said(tmp_path, "agent", "list")
    assert "not on duty" in said(tmp_path, "agent", "history", "1", "--day", "2020-01-01")
    assert "no agent with the number '7'" in said(tmp_path, "agent", "history", "7", code=1)
    assert "write it as 2026-11-25" in said(tmp_path, "agent", "history", "1", "--day", "gestern", code=1)
