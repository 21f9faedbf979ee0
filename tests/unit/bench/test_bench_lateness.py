"""`dialer bench lateness`: what it measures, what it prints, and when it fails (D2, L7)."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from bench import lateness
from bench.lateness import Figures, Waiting
from dialer.app.cli.main import app


def test_appointments_are_kept_among_other_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real engine, real SQLite, the fake's telephones: each appointment of the half minute is called."""
    monkeypatch.setattr(lateness, "_LOOKS", 3)
    monkeypatch.setattr(lateness, "_FIRST_AFTER_SECONDS", 4.0)
    figures = asyncio.run(lateness.measure((400,), 2, kinds=("SQLite",)))
    (one,) = figures.sizes
    assert (one.kept, one.missed) == (4, 0)
    assert 0 <= one.late_p50 <= one.late_p99 <= one.late_most
    assert 0 < one.looking_p50 <= one.looking_p99
    assert figures.growth == {"SQLite": 1.0}


@pytest.mark.parametrize(
    ("late", "missed", "looking", "good"),
    [(50, 0, 1, True), (150, 0, 1, False), (50, 1, 1, False), (50, 0, 9, False)],
)
def test_what_is_late_missed_or_searched_for_long_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, late: float, missed: int, looking: float, good: bool
) -> None:
    async def measured(*_: object) -> Figures:
        one = Waiting("SQLite", 10_000, 5, late, late, 60 - missed, missed, 0.5, looking)
        return Figures((one,), {"SQLite": 1.0})

    monkeypatch.setattr("bench.lateness.measure", measured)
    monkeypatch.setattr("dialer.app.cli.bench.set_up_logs", lambda **_: None)
    result = CliRunner().invoke(app, ["bench", "lateness", "--json"])
    assert result.exit_code == (not good)
    assert json.loads(result.stdout)["sizes"][0]["missed"] == missed
    assert ("wanted are p99 100 ms" in result.stderr) == (not good)
