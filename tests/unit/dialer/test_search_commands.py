"""`dialer search` and `dialer examiner` (A4, Q7)."""

import asyncio
import json
import zipfile
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.calling.queries import attempt
from dialer.storage.feed import after
from dialer.storage.migrating import migrate
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, str]:
    """A data folder with one transcribed call, and the call's follow-up."""
    folder = tmp_path / "data"
    folder.mkdir()
    url = load_settings(folder).url

    async def fill() -> str:
        await migrate(url)
        world = await World(tmp_path, url).open()
        world.install_model()
        attempt_id = await world.archived()
        worker = world.transcription(Says(heard(GOOD_CALL)))
        while await worker.step():
            pass
        call = await world.db.read(partial(attempt, attempt_id=attempt_id))
        await world.close()
        assert call is not None
        return call.follow_up_id

    return folder, asyncio.run(fill())


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)], env={"COLUMNS": "200"})


def test_words_are_found_from_the_command_line(data: tuple[Path, str]) -> None:
    """A4: a re-index first, then hits as JSON and as text; what cannot be spoken is refused."""
    folder, _ = data
    assert "1 calls indexed" in run(folder, "search", "--reindex", "--all").output
    found = run(folder, "search", "接待台度", "--agent", "8001", "--json")
    (hit,) = json.loads(found.output)
    assert (hit["hit"], hit["channel"], hit["nearness"]) == ("接待态度", "agent", "same_sound")
    assert "1 place in 1 call; 0 more are alike." in run(folder, "search", "接待态度").output
    assert json.loads(run(folder, "search", "接待态度", "--agent", "8002", "--json").output) == []
    refused = run(folder, "search", "，")
    assert (refused.exit_code, "type the words" in refused.output) == (1, True)


def test_a_package_is_written_and_told(data: tuple[Path, str], tmp_path: Path) -> None:
    """Q7: one file; who made it is in the audit trail; what is not there is said."""
    folder, follow_up = data
    out = tmp_path / "package.zip"
    made = run(folder, "examiner", "--follow-up", follow_up, "--out", str(out), "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["issued"] == 1
    with zipfile.ZipFile(out) as archive:
        assert "录音文件不在档案中" in archive.read("index.html").decode()

    async def told() -> list[str]:
        world = World(tmp_path, load_settings(folder).url)
        await world.db.start()
        rows = await world.db.read(lambda conn: after(conn, 0, kinds=("package.made",)))
        await world.close()
        return [row.subject for row in rows]

    assert follow_up in asyncio.run(told())
    nothing = run(folder, "examiner", "--policy", "P-9", "--out", str(out))
    assert (nothing.exit_code, "nothing was issued" in nothing.output) == (1, True)
    assert run(folder, "examiner", "--out", str(out)).exit_code == 1
