"""`dialer import` and `dialer export results`, as typed (C3, C6)."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.app.cli.main import app
from tests.support.orders import order, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def dialer(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)])


def test_c3_a_dry_run_shows_everything_and_changes_nothing(data: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", [order(key="1"), order(key="2", phone="x")], "gbk")
    shown = dialer(data, "import", str(path), "--dry-run")
    assert shown.exit_code == 0
    for words in (
        "gb18030",
        "settlement-order (found from the headings)",
        "2 rows: 1 good, 1 would be rejected",
    ):
        assert words in shown.stdout
    seen = json.loads(dialer(data, "import", str(path), "--dry-run", "--json").stdout)
    assert (seen["rows"], seen["good"], seen["rejected"]) == (2, 1, 1)
    assert seen["columns"][0] == {"heading": "结算单号", "field": "external_id"}
    assert not path.with_name("orders.csv.errors.csv").exists()
    report = json.loads(dialer(data, "import", str(path), "--json").stdout)
    assert (report["created"], report["rejected"], report["state"]) == (1, 1, "done")
    reasons = path.with_name("orders.csv.errors.csv").read_text("utf-8-sig")
    assert "不是电话号码" in reasons


def test_c3_a_mapping_is_given_as_a_file_and_kept(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("who,call,when,no\n李,13800000001,2026-11-21,1\n", "utf-8")
    mapping = tmp_path / "map.yaml"
    mapping.write_text("who: name\ncall: number\nwhen: happened_at\nno: external_id\n", "utf-8")
    refused = dialer(data, "import", str(path))
    assert refused.exit_code == 1
    assert "no headings are known; the first line has: who, call, when, no" in refused.stderr
    given = ("--kind", "repair-visit", "--source", "crm")
    assert dialer(data, "import", str(path), *given, "--map", str(mapping)).exit_code == 0
    again = dialer(data, "import", str(path), *given)
    assert again.exit_code == 0
    assert "0 new, 0 changed, 1 unchanged, 0 rejected" in again.stdout
    mapping.write_text("[1]", "utf-8")
    assert "is not a list of lines" in dialer(data, "import", str(path), "--map", str(mapping)).stderr


def test_c6_a_day_without_results_is_a_file_with_headings(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = dialer(data, "export", "results", "--day", "2026-11-21", "--to", str(out))
    assert result.exit_code == 0
    assert out.read_text("utf-8-sig").startswith("external_id,source,kind")
    wrong = dialer(data, "export", "results", "--day", "yesterday", "--to", str(out))
    assert wrong.exit_code == 1
