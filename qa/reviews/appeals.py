"""An agent's appeal against a review, and its decision by a second reviewer (S4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.ids import new_id
from dialer.storage.transition import apply
from qa.reviews import queries
from qa.reviews.in_force import clear_overturned
from qa.reviews.queries import AppealRow, ReviewRow
from qa.reviews.rules import Deadlines
from qa.reviews.scorecards import score, scorecard_of
from qa.reviews.service import ReviewRefused
from qa.reviews.states import MACHINE, ReviewEvent, ReviewState
from qa.reviews.tables import reviews
from qa.rules.findings import Verdict

OVERDUE = "appeal_overdue"


def last_day(row: ReviewRow, deadlines: Deadlines) -> datetime | None:
    """Until when the agent may appeal; None where there is nothing to appeal against."""
    if row.submitted_at is None or row.state is not ReviewState.SUBMITTED:
        return None
    return deadlines.to_appeal(row.submitted_at)


def file(
    conn: Connection,
    review_id: str,
    agent_id: str,
    about: Sequence[str],
    reason: str,
    now: datetime,
    deadlines: Deadlines,
) -> str:
    """The agent appeals; the appeal's id. `about`: rules and lines of the scorecard.

    Raises:
        ReviewRefused: it is not his, too late, filed already, or does not say about what and why.
    """
    row = queries.review(conn, review_id)
    if row is None or row.agent_id != agent_id:
        raise ReviewRefused("Only the agent of a call appeals against its review.")
    until = last_day(row, deadlines)
    if until is None:
        raise ReviewRefused("There was an appeal against this review already, or it is not done.")
    if now > until:
        raise ReviewRefused(f"An appeal was possible until {until:%Y-%m-%d %H:%M}.")
    known = {*queries.verdicts(conn, review_id), *queries.scores(conn, review_id)}
    if not about or not set(about) <= known or not reason.strip():
        raise ReviewRefused("Name what the appeal is about, and say why.")
    appeal_id = new_id()
    values = {"id": appeal_id, "review_id": review_id, "agent_id": agent_id, "about": list(about)}
    due_at = deadlines.to_decide(now)
    queries.add_appeal(conn, {**values, "reason": reason.strip(), "filed_at": now, "due_at": due_at})
    move = MACHINE.advance(row.state, ReviewEvent.APPEAL, now)
    apply(conn, reviews, review_id, move, data={"agent": agent_id, "about": list(about)})
    return appeal_id


def decide(
    conn: Connection,
    review_id: str,
    by: str,
    now: datetime,
    *,
    granted: bool,
    note: str,
    verdicts: Mapping[str, Verdict] | None = None,
    points: Mapping[str, int | None] | None = None,
    own_agent_id: str | None = None,
) -> None:
    """A second reviewer decides. Where it is granted, `verdicts` and `points` are what counts from now on.

    Raises:
        ReviewRefused: it is the first reviewer or the agent himself, nothing waits for a decision, it is
            granted without any change, or no note says why.
        BadScore: the points are not on the scorecard.
    """
    row = queries.review(conn, review_id)
    appeal = queries.appeal_of(conn, review_id)
    if row is None or appeal is None or row.state is not ReviewState.APPEALED:
        raise ReviewRefused("No appeal waits for a decision here.")
    if by == row.reviewer or own_agent_id == row.agent_id:
        raise ReviewRefused("Who reviewed the call, or spoke in it, does not decide the appeal.")
    if not note.strip():
        raise ReviewRefused("Say why it is decided so: the agent reads it.")
    if granted and not verdicts and not points:
        raise ReviewRefused("A granted appeal changes a verdict or points: say which.")
    if granted:
        for rule_id, verdict in (verdicts or {}).items():
            if not queries.decide_rule(conn, review_id, rule_id, verdict):
                raise ReviewRefused(f"This review says nothing of {rule_id}.")
        queries.set_points(conn, review_id, points or {})
    result = score(scorecard_of(row.card, row.scorecard), queries.scores(conn, review_id))
    closing = {"decided_by": by, "decided_at": now, "granted": granted, "note": note.strip()}
    if not queries.close_appeal(conn, appeal.id, closing):
        raise ReviewRefused("Somebody else has decided it meanwhile.")
    values = {
        "score": None if result.points is None else int(result.points * 100),
        "fatal": bool(result.fatal),
    }
    move = MACHINE.advance(row.state, ReviewEvent.DECIDE, now)
    apply(conn, reviews, review_id, move, values=values, data={"by": by, "granted": granted})
    clear_alarm(conn, OVERDUE, review_id, now)
    clear_overturned(conn, [row.attempt_id], now)


def overdue(conn: Connection, now: datetime) -> list[AppealRow]:
    """The appeals whose decision is late."""
    return [one for one in queries.open_appeals(conn) if one.due_at < now]


def tell_overdue(conn: Connection, now: datetime) -> int:
    """An alarm for each appeal whose decision is late; how many are."""
    late = overdue(conn, now)
    for one in late:
        raise_alarm(conn, OVERDUE, one.review_id, now, {"review": one.review_id, "agent": one.agent_id})
    return len(late)
