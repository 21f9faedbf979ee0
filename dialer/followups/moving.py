"""Open follow-ups of a playbook that was changed: which of them move to its new version, and how (T7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select, update

from dialer.customers.tables import occasions
from dialer.followups.dates import DateBook
from dialer.followups.states import OPEN, UNTOUCHED
from dialer.followups.tables import follow_ups
from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import Step
from dialer.storage.feed import emit

_BATCH = 500
_MOVE = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("moved_id"), follow_ups.c.state == bindparam("moved_from"))
    .values(
        playbook_version=bindparam("to_version"),
        earliest_at=bindparam("to_earliest"),
        due_at=bindparam("to_due"),
        target_at=bindparam("to_target"),
        limit_at=bindparam("to_limit"),
    )
)
_CANDIDATES = (
    select(follow_ups, occasions.c.happened_at, occasions.c.facts, occasions.c.kind.label("occasion_kind"))
    .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
    .where(
        follow_ups.c.playbook == bindparam("of_playbook"),
        follow_ups.c.playbook_version != bindparam("from_others"),
        follow_ups.c.state.in_(UNTOUCHED),
    )
    .order_by(follow_ups.c.id)
    # Nobody dials one of them meanwhile.
    .with_for_update(of=follow_ups)
)


@dataclass(frozen=True, slots=True)
class Begin:
    """What the dates of a follow-up count from; `foreseen`: that day was known beforehand."""

    at: datetime
    foreseen: bool = False


# Of a follow-up's row with its occasion's `happened_at`, `facts` and `occasion_kind`; None: from another.
BeginOf = Callable[[Playbook, Step, Mapping[str, object]], Begin | None]


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Open follow-ups of a playbook, by what a new version does to them where it is told to move them.

    `movable` ones would move; those `in_talk` stay, as their questionnaire is being asked, and so do those
    `without_step`, whose step the new version does not have.
    """

    movable: int
    in_talk: int
    without_step: int


def count_open(conn: Connection, playbook: Playbook) -> OpenCount:
    """How many of its follow-ups are open, over all versions, if `playbook` came into force."""
    columns = (follow_ups.c.state, follow_ups.c.segment, follow_ups.c.step)
    query = (
        select(*columns, func.count())
        .where(follow_ups.c.playbook == playbook.id, follow_ups.c.state.in_(OPEN))
        .group_by(*columns)
    )
    movable = in_talk = without_step = 0
    for state, segment, step, count in conn.execute(query):
        if state not in UNTOUCHED:
            in_talk += count
        elif playbook.variant(segment).step(step) is None:
            without_step += count
        else:
            movable += count
    return OpenCount(movable, in_talk, without_step)


def move_to_version(
    conn: Connection,
    playbook: Playbook,
    begin_of: BeginOf,
    *,
    zone: ZoneInfo,
    calendar: WorkCalendar,
    now: datetime,
) -> int:
    """Let the open follow-ups of this playbook go by this version of it; how many did.

    Those in a call or its wrap-up stay: their questionnaire does not change under them. So do those whose
    step the new version does not have. Dates are worked out anew where `begin_of` says what they count from;
    a time that was set by a try or an appointment stays.
    """
    dates = DateBook(zone, calendar)
    candidates = conn.execute(_CANDIDATES, {"of_playbook": playbook.id, "from_others": playbook.version})
    rows = iter(candidates.mappings().all())
    moved = 0
    while batch := list(islice(rows, _BATCH)):
        changes = []
        for row in batch:
            variant = playbook.variant(row["segment"])
            step = variant.step(row["step"])
            if step is None:
                continue
            values = {str(name): row[name] for name in row}
            changes.append(_change(values, variant, step, begin_of(variant, step, values), dates))
        if changes:
            conn.execute(_MOVE, changes)
        for change in changes:
            emit(conn, "follow_up.moved", str(change["moved_id"]), now, {"version": playbook.version})
        moved += len(changes)
    return moved


def _change(
    row: Mapping[str, object], playbook: Playbook, step: Step, begin: Begin | None, dates: DateBook
) -> dict[str, object]:
    change = {
        "moved_id": row["id"],
        "moved_from": row["state"],
        "to_version": playbook.version,
        "to_earliest": row["earliest_at"],
        "to_due": row["due_at"],
        "to_target": row["target_at"],
        "to_limit": row["limit_at"],
    }
    if begin is not None:
        new = dates.of(step, begin.at, playbook.holidays, foreseen=begin.foreseen)
        change |= {"to_earliest": new.earliest, "to_target": new.target, "to_limit": new.limit}
        if not row["tries"] and row["appointment_at"] is None:
            change["to_due"] = new.earliest
    return change
