"""`dialer bench import`: what it prints, and when it fails."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import importing
from bench.importing import Figures, Importing, write_orders
from dialer.app.cli.main import app
from dialer.customers.values import Occasion
from tests.support.files import read


def test_the_files_of_the_measurement_are_good_files(tmp_path: Path) -> None:
    write_orders(tmp_path / "orders.csv", 300)
    rows = read(tmp_path / "orders.csv")
    assert all(isinstance(row, Occasion) for row in rows)
    assert len({row.external_id for row in rows if isinstance(row, Occasion)}) == 300


async def test_a_small_measurement_has_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.importing.shutil.which", lambda _name: None)
    from tests.support.core import LIBRARY

    figures = await importing.measure(LIBRARY, (40, 80))
    small, large = figures.sizes
    assert (small.rows, large.rows) == (40, 80)
    assert all(size.cost > 0 and size.a_second > 0 and size.ratio > 0 for size in figures.sizes)
    assert figures.growth > 0
    assert figures.floor == "executemany of Python's sqlite3"


@pytest.mark.parametrize(("growth", "megabytes", "code"), [(1.1, 200, 0), (1.5, 200, 1), (1.0, 900, 1)])
def test_what_is_not_linear_or_takes_too_much_memory_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, growth: float, megabytes: float, code: int
) -> None:
    async def measured(*_: object) -> Figures:
        return Figures((Importing(10_000, 5.0, 4.0, 1.0, 0.1),), growth, megabytes, "sqlite3 .import")

    monkeypatch.setattr("bench.importing.measure", measured)
    monkeypatch.setattr("dialer.app.cli.bench.set_up_logs", lambda **_: None)
    result = CliRunner().invoke(app, ["bench", "import", "--json"])
    assert result.exit_code == code
    assert json.loads(result.stdout)["growth"] == growth
    assert ("wanted are at most 1.3 times" in result.stderr) == (code == 1)
