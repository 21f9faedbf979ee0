"""`dialer bench plan`: what it prints, and when it fails."""

import json

import pytest
from typer.testing import CliRunner

from bench import planning
from bench.planning import Figures, Planning
from dialer.app.cli.main import app


def test_a_small_measurement_has_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_PURE", 50)
    figures = planning.run((30, 60))
    assert [size.customers for size in figures.sizes] == [30, 60]
    assert all(size.a_second > 0 for size in figures.sizes)
    assert figures.growth > 0
    assert figures.pure_a_second > 0
    assert figures.megabytes > 0


@pytest.mark.parametrize(
    ("pure", "growth", "megabytes", "wanted"),
    [
        (12_000, 1.1, 200, ""),
        (9_000, 1.0, 200, "wanted are at least 10,000 occasions/s"),
        (12_000, 1.5, 200, "wanted are at most 1.3 times the cost"),
        (12_000, 1.0, 900, "wanted are at most 1.3 times the cost"),
    ],
)
def test_what_is_slow_not_linear_or_takes_too_much_memory_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, pure: float, growth: float, megabytes: float, wanted: str
) -> None:
    figures = Figures(pure, (Planning(10_000, 3.0, 0.5),), growth, megabytes, "profile")
    monkeypatch.setattr("bench.planning.run", lambda _sizes: figures)
    monkeypatch.setattr("dialer.app.cli.bench.set_up_logs", lambda **_: None)
    result = CliRunner().invoke(app, ["bench", "plan", "--json"])
    assert result.exit_code == bool(wanted)
    assert json.loads(result.stdout)["growth"] == growth
    assert wanted in " ".join(result.stderr.split())
    assert "10,000 occasions: 2,857/s" in CliRunner().invoke(app, ["bench", "plan"]).stdout
