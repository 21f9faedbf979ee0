"""An open review goes to another person: a lead gives it, or its reviewer reviews no more (S1).

Each runs in its caller's transaction.
"""

from datetime import datetime

from sqlalchemy import Connection

from dialer.storage.transition import apply
from qa.reviews import queries
from qa.reviews.drawing import Site, reviewer_of
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import may_review
from qa.reviews.service import ReviewRefused
from qa.reviews.states import MACHINE, ReviewEvent
from qa.reviews.tables import reviews
from qa.sampling import queries as samples

# Who hands on the reviews of those who left.
_BY_ITSELF = "system"


def give(conn: Connection, site: Site, review_id: str, to: str, by: str, now: datetime) -> None:
    """A lead gives an open review to another person, who begins it anew: what was filled in is dropped.

    Raises:
        ReviewRefused: there is no such review, it is done, or `to` may not review this call.
    """
    row = queries.review(conn, review_id)
    if row is None or row.state not in queries.OPEN:
        raise ReviewRefused("This review is done already: it cannot be given to another person.")
    if row.reviewer == to:
        return
    person = next((one for one in site.staff if one.user_id == to), None)
    had = queries.reviewers_of(conn, row.attempt_id)
    if person is None or not may_review(row.agent_id, person.agent_id, had, to):
        raise ReviewRefused("Nobody reviews his own calls, nor a call twice: choose another person.")
    _hand_on(conn, row, to, by, now)


def hand_on(conn: Connection, site: Site, now: datetime) -> int:
    """Give the open reviews of those who review no more to whoever has least to do; how many."""
    left = queries.open_but_of(conn, site.logins)
    for row in left:
        call = samples.candidate(conn, row.attempt_id)
        assert call is not None  # only answered calls are drawn
        _hand_on(conn, row, reviewer_of(conn, site, call, queries.load(conn), row.id), _BY_ITSELF, now)
    return len(left)


def _hand_on(conn: Connection, row: ReviewRow, to: str | None, by: str, now: datetime) -> None:
    # A verdict is its reviewer's own, and a blind one must not have seen another's; the greater revision
    # keeps a tab that is still open from saving into it.
    anew: dict[str, object] = {"reviewer": to, "held_until": None, "draft": {}, "revision": row.revision + 1}
    move = MACHINE.advance(row.state, ReviewEvent.HAND_ON, now)
    told = {"by": by, "from": row.reviewer, "reviewer": to}
    apply(conn, reviews, row.id, move, values=anew, data=told)
