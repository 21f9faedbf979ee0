"""A visit ends the absence that a customer would have been called about (P2)."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from dialer.customers.tables import occasions
from dialer.followups.states import UNTOUCHED, FollowUpState
from dialer.followups.tables import follow_ups
from dialer.planning.rules.owed import Row, Site
from dialer.planning.rules.reasons import Reason
from dialer.playbooks.form.timing import TriggerKind
from dialer.storage.dialects import only_filters
from dialer.storage.feed import emit

_ABSENT = (
    select(
        follow_ups.c.id,
        follow_ups.c.state,
        follow_ups.c.customer_id,
        follow_ups.c.plate,
        occasions.c.happened_at,
    )
    .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
    .where(
        follow_ups.c.customer_id.in_(bindparam("many", expanding=True)),
        follow_ups.c.origin == TriggerKind.ABSENCE.value,
        only_filters(follow_ups.c.state).in_(UNTOUCHED),
    )
)
_CANCEL = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("gone"), follow_ups.c.state.in_(UNTOUCHED))
    .values(state=FollowUpState.CANCELLED, reason=Reason.VISITED.value)
)


def cancel_absences(conn: Connection, site: Site, batch: Iterable[Row], now: datetime) -> int:
    """Whoever came back is not called about the absence: with the visit it is over."""
    kinds = {
        kind
        for playbook in site.library
        if playbook.trigger.kind is TriggerKind.ABSENCE
        for kind in playbook.occasions.kinds
    }
    came: dict[str, list[Row]] = {}
    for row in batch:
        if row["kind"] in kinds:
            came.setdefault(row["customer_id"], []).append(row)
    if not came:
        return 0
    cancelled = 0
    for absence in conn.execute(_ABSENT, {"many": sorted(came)}).mappings().all():
        if any(_ends(visit, absence) for visit in came[absence["customer_id"]]):
            moved = conn.execute(_CANCEL, {"gone": absence["id"]})
            cancelled += moved.rowcount
            data = {"before": absence["state"], "reason": Reason.VISITED.value, "event": "cancel"}
            emit(conn, "follow_up.cancelled", absence["id"], now, data)
    return cancelled


def _ends(visit: Row, absence: RowMapping) -> bool:
    same_car = not visit["plate"] or not absence["plate"] or visit["plate"] == absence["plate"]
    later: bool = visit["happened_at"] > absence["happened_at"]
    return same_car and later
