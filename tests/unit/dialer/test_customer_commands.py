"""`dialer customer` on a data folder (C3, X3)."""

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.app.cli.common import with_database
from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.customers.blocks import blocked_numbers
from dialer.customers.service import take_in
from dialer.storage.database import Database
from tests.support.core import NOW, occasion

NUMBER, PLATE = "13800000001", "豫A12345"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with three customers; two share a surname."""

    async def fill(database: Database) -> None:
        for number, name, plate in (
            (NUMBER, "李明", PLATE),
            ("13800000002", "李", "豫B54321"),
            ("13800000003", "王", None),
        ):
            one = occasion(number, name=name, plate=plate)
            await database.write(partial(take_in, occasion=one, now=NOW))

    with_database(load_settings(tmp_path), fill)
    return tmp_path


def said(folder: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["customer", *arguments, "--data", str(folder)])
    assert result.exit_code == code, result.output
    return result.output


def test_x3_block_show_and_unblock_by_plate_or_number(folder: Path) -> None:
    """X3: by plate, by number; numbers are masked."""
    assert "2 numbers and plates are blocked" in said(folder, "block", PLATE)
    shown = said(folder, "show", NUMBER)
    assert "do_not_call" in shown
    assert "138****0001" in shown
    assert NUMBER not in shown
    said(folder, "unblock", PLATE)

    async def held(database: Database) -> dict[str, str]:
        return await database.read(lambda conn: blocked_numbers(conn, [NUMBER]))

    assert with_database(load_settings(folder), held) == {}


def test_c3_merge_and_undo_from_the_command_line(folder: Path) -> None:
    first, second = (
        json.loads(said(folder, "show", key, "--json"))["row"]["id"] for key in (NUMBER, "13800000003")
    )
    merge_id = json.loads(said(folder, "merge", first, second, "--json"))["merge"]
    assert json.loads(said(folder, "show", first, "--json"))["merges"][0]["id"] == merge_id
    assert "apart again" in said(folder, "undo-merge", merge_id)
    assert "no merge" in said(folder, "undo-merge", merge_id, code=1)


def test_x3_forget_names_what_is_kept_and_asks(folder: Path) -> None:
    """X3: without --yes it asks; who is forgotten is found no more; a number can be given free."""
    said(folder, "forget", PLATE, code=1)
    told = json.loads(said(folder, "forget", PLATE, "--yes", "--json"))
    assert {one["what"] for one in told["kept"]} == {"blocks", "record_numbers"}
    assert "no customer" in said(folder, "show", PLATE, code=1)
    said(folder, "unblock", NUMBER, "--number")
    assert "is not blocked" in said(folder, "unblock", NUMBER, "--number", code=1)


def test_c1_a_name_of_several_asks_for_an_id(folder: Path) -> None:
    assert "is 2 customers" in said(folder, "show", "李", code=1)
