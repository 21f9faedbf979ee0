"""`dialer playbook`: errors with file, line and what to do; a list; one as it is written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.app.cli.playbooks import app
from tests.unit.dialer.test_playbook_checks import LAST_LINE, written

RUN = CliRunner()


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(
        written("to_head: gradee == 'A'\n").replace("rules: mine", "rules: renewal-telesales"), "utf-8"
    )
    return path


def test_p_check_names_file_line_place_and_what_to_do(wrong: Path) -> None:
    done = RUN.invoke(app, ["check", str(wrong)])
    assert done.exit_code == 1
    assert f"wrong.yaml:{LAST_LINE + 1} to_head: column 1: gradee is not a fact" in done.output
    assert "Is it grade?" in done.output
    assert "0 of 1 right. To mend: 1." in done.output


def test_p_check_tells_a_machine_the_same(wrong: Path) -> None:
    done = RUN.invoke(app, ["check", str(wrong), "--json"])
    assert done.exit_code == 1
    (one,) = json.loads(done.output)
    assert (one["file"], one["line"], one["path"]) == ("wrong.yaml", LAST_LINE + 1, "to_head")


def test_p_check_all_finds_nothing_in_what_is_shipped() -> None:
    done = RUN.invoke(app, ["check", "--all"])
    assert (done.exit_code, done.output.count("\n")) == (0, 1), done.output


def test_p_check_says_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: [", "utf-8")
    for name, words in (("broken.yaml", "cannot be read"), ("none.yaml", "No such file")):
        done = RUN.invoke(app, ["check", str(tmp_path / name)])
        assert done.exit_code == 1
        assert f"{name}:" in done.output
        assert words in done.output
    assert RUN.invoke(app, ["check"]).exit_code == 1


def test_p_list_and_show_tell_what_is_in_force(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    listed = json.loads(RUN.invoke(app, ["list", "--json", *data]).output)
    assert {"after-sales-satisfaction", "insurance-new-policy"} <= {one["id"] for one in listed}
    assert "售后满意度回访" in RUN.invoke(app, ["list", *data]).output
    shown = RUN.invoke(app, ["show", "after-sales-satisfaction", *data])
    assert shown.output.startswith("# P1")
    assert json.loads(RUN.invoke(app, ["show", "lost-deal", "--json", *data]).output)["id"] == "lost-deal"
    for words in (["show", "nobody"], ["show", "lost-deal", "--version", "77"]):
        assert RUN.invoke(app, [*words, *data]).exit_code == 1


def test_p_a_company_publishes_its_own_from_a_file(tmp_path: Path, wrong: Path) -> None:
    """Section 3: data, not code."""
    data = ["--data", str(tmp_path / "data"), "--by", "wang"]
    ours = tmp_path / "ours.yaml"
    ours.write_text(written(playbook_id="ours").replace("rules: mine", "rules: lost-deal"), "utf-8")
    for version in (1, 2):
        done = RUN.invoke(app, ["publish", str(ours), "--open", "move", "--json", *data])
        assert json.loads(done.output) == {"id": "ours", "version": version, "moved": 0}
    assert "version: 2" in RUN.invoke(app, ["show", "ours", *data[:2]]).output
    assert RUN.invoke(app, ["publish", str(wrong), "--open", "stay", *data]).exit_code == 1
