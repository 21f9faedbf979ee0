"""Use cases of reviews. Each runs in its caller's transaction. `by` is the login of who does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dialer.ids import new_id
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from qa.checks.queries import check_of
from qa.reviews import queries
from qa.reviews.alone import heard_alone
from qa.reviews.in_force import clear_overturned
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import Opinion, OverrideReason, Unfit, may_review, still_open
from qa.reviews.scorecards import score, scorecard_of
from qa.reviews.states import MACHINE, ReviewEvent, ReviewState
from qa.reviews.tables import reviews
from qa.rules.findings import Verdict

# So long a review is held for one who does nothing with it.
_HELD = timedelta(minutes=30)
AGENT, TRAINING = "agent", "training"


class ReviewRefused(Exception):
    """It may not or cannot be reviewed so. The message says why and what to do."""


class StaleDraft(ReviewRefused):
    """Another tab, or another person, has saved this review since: read it anew."""


class NotFinished(ReviewRefused):
    """Something is still open. `lacks` tells by rule or line of the scorecard what."""

    def __init__(self, lacks: Mapping[str, str]) -> None:
        super().__init__(f"Still open: {', '.join(lacks)}.")
        self.lacks = lacks


def claim(
    conn: Connection, review_id: str, by: str, now: datetime, *, own_agent_id: str | None = None
) -> ReviewRow:
    """Take a review to work at it; again is harmless.

    Raises:
        ReviewRefused: there is no such review, it is somebody else's, it is done, or it is one's own call.
    """
    row = _get(conn, review_id)
    others = [
        one.reviewer
        for one in queries.of_calls(conn, [row.attempt_id])
        if one.id != row.id and one.reviewer is not None and one.state is not ReviewState.SET_ASIDE
    ]
    if not may_review(row.agent_id, own_agent_id, others, by):
        raise ReviewRefused("Nobody reviews his own calls, nor a call twice: take another one.")
    if row.state is ReviewState.CLAIMED and row.reviewer == by:
        queries.hold(conn, row.id, now + _HELD)
        return row
    if row.state is not ReviewState.WAITING or row.reviewer not in {by, None}:
        raise ReviewRefused("This review is done, or somebody else works at it: take the next one.")
    move = MACHINE.advance(row.state, ReviewEvent.CLAIM, now)
    apply(conn, reviews, row.id, move, values={"reviewer": by, "held_until": now + _HELD}, data={"by": by})
    return _get(conn, review_id)


def save_draft(
    conn: Connection, review_id: str, by: str, draft: Mapping[str, Any], revision: int, now: datetime
) -> int:
    """Keep what is filled in so far; the new revision.

    Raises:
        StaleDraft: it was saved elsewhere since `revision`, or is not this user's any more.
        ReviewRefused: the draft holds what cannot be read, or other first verdicts than were given blind.
    """
    row, opinions = _held(conn, review_id, by, now), opinions_of(draft)
    before = opinions_of(row.draft)
    for rule_id in standing(conn, row):
        if rule_id not in opinions or opinions[rule_id].verdict is not before[rule_id].verdict:
            raise ReviewRefused("A verdict given blind stands: what one thinks later is kept beside it.")
    if not queries.save_draft(conn, review_id, by, revision, draft, now + _HELD):
        raise StaleDraft("This review was saved in another tab or by another person: load it anew.")
    return revision + 1


def standing(conn: Connection, row: ReviewRow) -> frozenset[str]:
    """The rules of a blind review whose first verdict stands: the machine's was shown after it (S4)."""
    if not row.is_blind:
        return frozenset()
    return frozenset(opinions_of(row.draft)) & frozenset(queries.machine_verdicts(conn, row.attempt_id))


def submit(
    conn: Connection,
    review_id: str,
    by: str,
    now: datetime,
    *,
    asked: Sequence[str] = (),
) -> None:
    """The review is done: what its draft says becomes its result. `asked` are the rules that a person judges
    where the machine has judged none: of a call that was not checked.

    Raises:
        NotFinished: a verdict, a reason or a line of the scorecard is missing.
        ReviewRefused: it is not this user's to submit.
        BadScore: the draft has points that the scorecard does not have.
    """
    row = _held(conn, review_id, by, now)
    if row.state is not ReviewState.CLAIMED or row.reviewer != by:
        raise ReviewRefused("Only who works at a review submits it: open it first.")
    machine = queries.machine_verdicts(conn, row.attempt_id)
    alone = heard_alone(conn, row.attempt_id)
    opinions = opinions_of(row.draft)
    points = points_of(row.draft)
    result = score(scorecard_of(row.card, row.scorecard), points)
    lacks = still_open(opinions, machine, blind=row.is_blind, asked=() if machine else asked)
    lacks |= dict.fromkeys(result.missing, "points")
    if lacks:
        raise NotFinished(lacks)
    said = []
    for rule_id in machine or asked:
        opinion = opinions.get(rule_id) or Opinion(machine[rule_id])
        # What it says of words that a person put right is not its own verdict: those it had misheard.
        misheard = rule_id in alone and alone[rule_id] is not machine.get(rule_id)
        said.append(
            {
                "rule_id": rule_id,
                "machine": alone.get(rule_id),
                "verdict": opinion.verdict,
                "reconsidered": None if opinion.last is opinion.verdict else opinion.last,
                "reason": opinion.reason or (OverrideReason.MISHEARD if misheard else ""),
                "note": opinion.note,
                "decided": None,
            }
        )
    queries.replace_result(conn, row.id, said, points)
    move = MACHINE.advance(row.state, ReviewEvent.SUBMIT, now)
    check = check_of(conn, row.attempt_id)
    values = {
        "rule_set": check.rule_set if check else None,
        "rule_set_version": check.rule_set_version if check else None,
        "score": None if result.points is None else int(result.points * 100),
        "fatal": bool(result.fatal),
        "note": str(row.draft.get("note") or ""),
        "submitted_at": now,
        "held_until": None,
    }
    told = {"by": by, "agent": row.agent_id, "attempt_id": row.attempt_id, "score": values["score"]}
    apply(conn, reviews, row.id, move, values=values, data=told)
    clear_overturned(conn, [row.attempt_id], now)


def set_aside(
    conn: Connection,
    review_id: str,
    reason: Unfit,
    note: str,
    by: str,
    now: datetime,
    *,
    own_agent_id: str | None = None,
) -> ReviewRow:
    """This call cannot be reviewed, and why; what it was. `qa.reviews.setting_aside` finds its stand-in.

    Raises:
        ReviewRefused: it is done already, it is a call of one's own, or the reason says nothing.
    """
    row = _get(conn, review_id)
    if reason is Unfit.OTHER and not note.strip():
        raise ReviewRefused("Say why this call cannot be reviewed.")
    if row.agent_id == own_agent_id:
        raise ReviewRefused("This is a call of your own: somebody else sets it aside.")
    if row.state not in queries.OPEN:
        raise ReviewRefused("This review is done already: it cannot be set aside.")
    move = MACHINE.advance(row.state, ReviewEvent.SET_ASIDE, now)
    told = {"by": by, "reason": reason, "note": note.strip(), "attempt_id": row.attempt_id}
    apply(conn, reviews, row.id, move, values={"note": note.strip(), "held_until": None}, data=told)
    return row


def ask_aside(conn: Connection, review_id: str, reason: Unfit, note: str, by: str, now: datetime) -> None:
    """Whoever works at a review asks for its call to be set aside: a QA lead decides (S1). It goes back with
    what is filled in so far, and comes last in his sample; judging on takes the question back.

    Raises:
        ReviewRefused: it is not this user's, or the reason says nothing.
    """
    row = _get(conn, review_id)
    if row.state is not ReviewState.CLAIMED or row.reviewer != by:
        raise ReviewRefused("Only who works at a review submits it: open it first.")
    if reason is Unfit.OTHER and not note.strip():
        raise ReviewRefused("Say why this call cannot be reviewed.")
    draft = {**row.draft, "unfit": {"reason": str(reason), "note": note.strip()}}
    save_draft(conn, row.id, by, draft, row.revision, now)
    move = MACHINE.advance(ReviewState.CLAIMED, ReviewEvent.GIVE_BACK, now)
    apply(conn, reviews, row.id, move, data={"by": by, "unfit": str(reason)})


def let_go(conn: Connection, now: datetime) -> int:
    """Give back what nobody works at any more; its draft stays. How many."""
    ids = queries.left_alone(conn, now)
    for one in ids:
        apply(conn, reviews, one, MACHINE.advance(ReviewState.CLAIMED, ReviewEvent.GIVE_BACK, now))
    return len(ids)


def send_clip(
    conn: Connection,
    attempt_id: str,
    rule_id: str | None,
    start: float,
    end: float,
    *,
    purpose: str,
    note: str,
    by: str,
    now: datetime,
) -> str:
    """Keep a piece of a call for its agent, or as a case for training (T8); the clip's id.

    Raises:
        ReviewRefused: it is no piece of a call, or nobody's.
    """
    if not 0 <= start < end or purpose not in {AGENT, TRAINING}:
        raise ReviewRefused("A clip has a beginning before its end, and goes to the agent or to training.")
    clip = {
        "id": new_id(),
        "attempt_id": attempt_id,
        "rule_id": rule_id,
        "start": start,
        "end": end,
        "purpose": purpose,
        "note": note,
        "made_by": by,
        "made_at": now,
    }
    queries.add_clip(conn, clip)
    emit(conn, "clip.made", attempt_id, now, {"purpose": purpose, "by": by})
    return str(clip["id"])


def opinions_of(draft: Mapping[str, Any]) -> dict[str, Opinion]:
    """The verdicts of a draft. Raises ReviewRefused."""
    try:
        return {
            str(rule_id): Opinion(
                Verdict(said["verdict"]),
                OverrideReason(said["reason"]) if said.get("reason") else None,
                str(said.get("note") or ""),
                Verdict(said["reconsidered"]) if said.get("reconsidered") else None,
            )
            for rule_id, said in dict(draft.get("verdicts") or {}).items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ReviewRefused(f"A verdict of this draft cannot be read: {error}.") from error


def points_of(draft: Mapping[str, Any]) -> dict[str, int | None]:
    """The points of a draft. Raises ReviewRefused."""
    try:
        given = dict(draft.get("scores") or {})
        return {str(key): None if value is None else int(value) for key, value in given.items()}
    except (TypeError, ValueError) as error:
        raise ReviewRefused(f"The points of this draft cannot be read: {error}.") from error


def _held(conn: Connection, review_id: str, by: str, now: datetime) -> ReviewRow:
    """The review; held once more by whose hold ran out while he listened, and nobody has begun since."""
    row = _get(conn, review_id)
    if row.state is ReviewState.WAITING and row.reviewer == by:
        return claim(conn, review_id, by, now)
    return row


def _get(conn: Connection, review_id: str) -> ReviewRow:
    row = queries.review(conn, review_id)
    if row is None:
        raise ReviewRefused(f"There is no review {review_id}.")
    return row
