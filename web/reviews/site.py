"""What every draw of this site goes by (S1)."""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from qa.reviews.drawing import Site
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import Deadlines
from qa.reviews.scorecards import Scorecard, scorecard_of, shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.sampling.rules import Reviewer
from web.auth.queries import all_accounts
from web.auth.rules import Role
from web.panel import Panel

CARD = "service-quality"
REVIEWERS = (Role.QA, Role.QA_LEAD, Role.SUPERVISOR)


def card_of(row: ReviewRow) -> Scorecard:
    """The scorecard that a review goes by."""
    return scorecard_of(row.card, row.scorecard)


def site_of(conn: Connection, settings: ReviewSettings, zone: ZoneInfo) -> Site:
    """The plan, the scorecard, the zone of its days, who reviews now."""
    active = [one for one in all_accounts(conn) if one.active]
    reviewers = [Reviewer(one.login, one.agent_id) for one in active if Role.QA in one.roles]
    staff = [Reviewer(one.login, one.agent_id) for one in active if one.roles.intersection(REVIEWERS)]
    return Site(settings.plan(), shipped_scorecard(CARD), zone, reviewers, staff)


def deadlines_of(panel: Panel) -> Deadlines:
    """How long an appeal may take, by the site's working days (S4)."""
    return panel.reviews.deadlines(panel.planning.calendar(), panel.settings.zone)
