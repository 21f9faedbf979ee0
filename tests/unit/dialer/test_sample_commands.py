"""`dialer sample` and `dialer reviews` (S1, S3)."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Update, update
from typer.testing import CliRunner, Result

from dialer.app.cli.main import app
from dialer.app.settings import load_settings
from dialer.calling.tables import attempts
from dialer.clock import system_clock
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from qa.sampling.tables import review_samples
from tests.unit.qa_store.world import GOOD_CALL, Says, World, heard

CALLS = 3
SETTINGS = """
[reviews]
random_share = 0.5
share = 0
quota = 0
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three checked calls of yesterday, and a plan of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dialer.toml").write_text(SETTINGS)
    url = load_settings(folder).url

    async def fill() -> None:
        await migrate(url)
        world = await World(tmp_path, url, now=system_clock() - timedelta(days=1)).open()
        world.install_model()
        for _ in range(CALLS):
            await world.archived()
            await world.transcription(Says(heard(GOOD_CALL))).step()
        await world.checks().step()
        await world.close()

    asyncio.run(fill())
    return folder


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)], env={"COLUMNS": "200"})


def write(data: Path, query: Update) -> None:
    """Somebody writes into the database."""

    async def work() -> None:
        database = Database(load_settings(data).url)
        await database.start()
        await database.write(lambda conn: conn.execute(query))
        await database.stop()

    asyncio.run(work())


def change(data: Path, **values: object) -> None:
    """Somebody changes the random row of the draw."""
    write(data, update(review_samples).where(review_samples.c.pool == "random").values(**values))


def answered_less(data: Path, attempt_id: str) -> None:
    """What was heard corrects a call: it was a machine that answered."""
    write(data, update(attempts).where(attempts.c.id == attempt_id).values(outcome="no_answer"))


def test_a_day_is_drawn_set_aside_and_verified(data: Path) -> None:
    """S1: by the site's own plan; every pool is drawn again; what was changed is told."""
    zone = load_settings(data).web.zone
    today = system_clock().astimezone(zone).date()
    refused = run(data, "sample", "draw", "--day", str(today))
    assert (refused.exit_code, f"{today} is not over" in refused.output) == (1, True)
    assert "sample draw --day" in run(data, "sample", "verify").output
    made = run(data, "sample", "draw", "--seed", "42", "--json")
    assert made.exit_code == 0, made.output
    samples = {one["pool"]: one for one in json.loads(made.output)["samples"]}
    assert [len(one["taken"]) for one in samples.values()] == [2, 0, 0, 0]
    first = samples["random"]["taken"][0]
    needs = run(data, "sample", "set-aside", first, "--reason", "other")
    assert (needs.exit_code, "Say why" in needs.output) == (1, True)
    aside = run(data, "sample", "set-aside", first, "--reason", "bad_sound")
    assert aside.output.strip().endswith("stands in.")
    assert "No review of the call" in run(data, "sample", "set-aside", first, "--reason", "bad_sound").output
    assert "4 draws: each is what its seed gives." in run(data, "sample", "verify").output
    assert json.loads(run(data, "sample", "verify", "--json").output)["not_reproducible"] == []
    answered_less(data, first)
    assert "0 calls more count as answered, and 1 do not any more" in run(data, "sample", "verify").output
    assert json.loads(run(data, "sample", "verify", "--json").output)["not_any_more"] == [first]
    change(data, seed="43")
    bad = run(data, "sample", "verify")
    assert (bad.exit_code, "of 4 draws are not what their seed gives" in bad.output) == (1, True)


def test_a_plan_that_cannot_be_is_told(data: Path) -> None:
    """S1: the setting, what is wrong with it, and what to write."""
    (data / "dialer.toml").write_text("[reviews]\nshare = 5\n")
    told = run(data, "sample", "draw")
    assert told.exit_code == 1
    assert "reviews.share: Value error, 5 is no share: write one from 0 to 1" in told.output


def test_the_week_is_told_before_anything_was_reviewed(data: Path) -> None:
    told = run(data, "reviews", "summary", "--json")
    assert told.exit_code == 0, told.exception
    found = json.loads(told.output)
    assert (found["agents"], found["estimates"], found["open_appeals"]) == ([], {}, 0)
