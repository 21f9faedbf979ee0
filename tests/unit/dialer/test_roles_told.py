"""Every role is told where users are added, and can be tried in the demo."""

from pathlib import Path

from typer.testing import CliRunner

from dialer.app.cli.demo import _TO_SEE
from dialer.app.cli.main import app
from dialer.app.demo.site import make_site
from web.auth.rules import Role


def test_every_role_is_in_the_help() -> None:
    """`dialer user add --help` names the roles that there are."""
    told = CliRunner().invoke(app, ["user", "add", "--help"], env={"COLUMNS": "200"}).output
    assert all(role in told for role in Role)


def test_the_demo_has_a_lead_beside_who_reviews(tmp_path: Path) -> None:
    """Publishing by another and deciding an appeal need two people of QA."""
    logins = make_site(tmp_path, (), 5060).logins
    assert [(one.login, one.role) for one in logins if one.beside == "qa_lead"] == [("lead", "qa")]
    assert {one.beside or one.role for one in logins} <= set(_TO_SEE)
