"""A drawn call that cannot be reviewed, and its stand-in (S1). Runs in its caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection

from dialer.storage.dialects import keep_event_order
from qa.reviews import queries, service
from qa.reviews.drawing import Site, add_review, reviewer_of
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import Unfit
from qa.sampling import queries as samples
from qa.sampling.proof import basis_of, plan_of, used_of
from qa.sampling.queries import SampleRow
from qa.sampling.rules import Candidate, Pool, risks, stand_in


def set_aside(
    conn: Connection,
    site: Site,
    review_id: str,
    reason: Unfit,
    note: str,
    by: str,
    now: datetime,
    *,
    own_agent_id: str | None = None,
) -> str | None:
    """Set a drawn call aside; its draw remembers it, with the call that stands in, None where there is none.

    Raises:
        ReviewRefused: there is no such review, it is done, it is one's own call, or the reason says nothing.
    """
    keep_event_order(conn)  # two at once would find the same stand-in
    row = service.set_aside(conn, review_id, reason, note, by, now, own_agent_id=own_agent_id)
    drawn = samples.sample(conn, row.sample_id)
    assert drawn is not None  # a review is of a draw
    call = _stand_in(conn, drawn, row)
    told = [row.attempt_id, call.attempt_id if call else None, reason, by, now.isoformat(), note.strip()]
    changed: dict[str, object] = {"replaced": [*drawn.replaced, told]}
    if call is not None:
        changed["taken"] = [*drawn.taken, call.attempt_id]
    samples.change(conn, drawn.id, changed)
    if call is None:
        return None
    why = risks(call, plan_of(drawn.plan))[1] if drawn.pool is Pool.RISK else ()
    reviewer = reviewer_of(conn, site, call, queries.load(conn), drawn.seed)
    add_review(conn, site, drawn.id, drawn.pool, drawn.tier, call, why, reviewer, now)
    return call.attempt_id


def _stand_in(conn: Connection, drawn: SampleRow, row: ReviewRow) -> Candidate | None:
    of_day = [one for one in samples.samples_of(conn, drawn.day) if one.tier is drawn.tier]
    first = next((one for one in of_day if one.basis is not None), None)
    if drawn.pool is Pool.SPOT or first is None or first.basis is None:
        return None
    basis = basis_of(first.basis)
    by_id = {call.attempt_id: call for call in basis.calls}
    agents = {one: call.agent_id for one, call in by_id.items()}
    taken: dict[Pool, list[str]] = {one.pool: one.taken for one in of_day if one.pool is not Pool.SPOT}
    found = stand_in(drawn.pool, drawn.members, row.attempt_id, agents, used_of(taken, basis))
    return by_id[found] if found is not None else None
