"""What every draw of this site goes by (S1)."""

from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from qa.reviews.drawing import Site
from qa.reviews.rules import Deadlines
from qa.reviews.scorecards import Scorecard, shipped_scorecard
from qa.reviews.settings import ReviewSettings
from qa.sampling.rules import Reviewer
from web.auth.queries import all_accounts
from web.auth.rules import Role
from web.panel import Panel

CARD = "service-quality"


@cache
def card_of(name: str) -> Scorecard:
    """The scorecard of a review."""
    return shipped_scorecard(name)


def site_of(conn: Connection, settings: ReviewSettings, zone: ZoneInfo) -> Site:
    """The plan, the scorecard, the zone of its days, who reviews now."""
    reviewers = [
        Reviewer(one.login, one.agent_id) for one in all_accounts(conn) if one.active and Role.QA in one.roles
    ]
    return Site(settings.plan(), card_of(CARD), zone, reviewers)


def deadlines_of(panel: Panel) -> Deadlines:
    """How long an appeal may take, by the site's working days (S4)."""
    return panel.reviews.deadlines(panel.planning.calendar(), panel.settings.zone)
