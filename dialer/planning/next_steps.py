"""Steps that start from the one before, or from a signal with a longest wait (P17)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, select

from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.planning.batch import settle
from dialer.planning.loading import Known, in_chunks, known_of, occasions_of, since_of
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.owed import ON_ARRIVAL, Owed, Row, Site, begin_of_signal, first_steps, owed
from dialer.planning.tables import signals
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import Step, StepStart, TriggerKind
from dialer.storage.dialects import keep_event_order, only_filters

_MANY: BindParameter[str] = bindparam("many", expanding=True)
_DONE = select(follow_ups).where(
    follow_ups.c.id.in_(_MANY), only_filters(follow_ups.c.state) == FollowUpState.DONE
)
_STEPS = select(follow_ups).where(
    follow_ups.c.customer_id.in_(_MANY), follow_ups.c.state != FollowUpState.CANCELLED
)
_SIGNALS = select(signals).where(signals.c.occasion_id.in_(_MANY)).order_by(signals.c.at)


def after_done(conn: Connection, site: Site, done_at: dict[str, datetime], now: datetime) -> Counter[str]:
    """Plan the steps that follow these follow-ups, which were done at those moments. Again is harmless."""
    keep_event_order(conn)
    rows = list(in_chunks(conn, _DONE, done_at))
    rows = [row for row in rows if _following(site, row) is not None]
    if not rows:
        return Counter()
    known = _known(conn, site, {row["occasion_id"] for row in rows}, now)
    heard = _heard(conn, {row["occasion_id"] for row in rows})
    due: list[Owed] = []
    for row in rows:
        found = _next(site, known, row, done_at[row["id"]], heard.get(row["occasion_id"], []), now)
        if found is not None:
            due.append(found)
    return settle(conn, site, known, due, now)


def after_signals(conn: Connection, site: Site, occasion_ids: Iterable[str], now: datetime) -> Counter[str]:
    """Plan what signals for these occasions start, and bring forward what waited for them at the longest."""
    keep_event_order(conn)
    ids = set(occasion_ids)
    known = _known(conn, site, ids, now)
    heard = _heard(conn, ids)
    customers = {known.occasions[key]["customer_id"] for key in ids if key in known.occasions}
    steps = [row for row in in_chunks(conn, _STEPS, sorted(customers)) if row["occasion_id"] in ids]
    due: list[Owed] = []
    for key in sorted(ids & known.occasions.keys()):
        due += _started(site, known, known.occasions[key], heard.get(key, []), now)
    for row in steps:
        if row["state"] == FollowUpState.DONE and _hears(site, row, heard.get(row["occasion_id"], [])):
            found = _next(site, known, row, row["due_at"], heard.get(row["occasion_id"], []), now)
            if found is not None:
                due.append(found)
    return settle(conn, site, known, due, now)


def _known(conn: Connection, site: Site, ids: Iterable[str], now: datetime) -> Known:
    return known_of(conn, occasions_of(conn, sorted(ids)).values(), since_of(now, 0))


def _heard(conn: Connection, ids: Iterable[str]) -> dict[str, list[Row]]:
    heard: dict[str, list[Row]] = {}
    for row in in_chunks(conn, _SIGNALS, sorted(ids)):
        heard.setdefault(row["occasion_id"], []).append(row)
    return heard


def _following(site: Site, row: Row) -> tuple[Playbook, Step] | None:
    """The step that starts when this follow-up is done."""
    playbook = site.library.find(row["playbook"], row.get("playbook_version"))
    if playbook is None:
        return None
    variant = playbook.variant(row["segment"])
    ids = [step.id for step in variant.steps]
    at = ids.index(row["step"]) + 1 if row["step"] in ids else len(ids)
    if at == len(ids) or variant.steps[at].start is StepStart.OCCASION:
        return None
    return variant, variant.steps[at]


def _hears(site: Site, row: Row, heard: Sequence[Row]) -> bool:
    """Whether the step after this one waited for a signal that was given meanwhile."""
    following = _following(site, row)
    return following is not None and any(
        one["name"] == following[1].signal and one["at"] >= row["due_at"] for one in heard
    )


def _next(
    site: Site, known: Known, row: Row, done_at: datetime, heard: Sequence[Row], now: datetime
) -> Owed | None:
    following = _following(site, row)
    occasion, person = known.occasions.get(row["occasion_id"]), known.people.get(row["customer_id"])
    if following is None or occasion is None or person is None:
        return None
    playbook, step = following
    begins_at: datetime | None = done_at
    if step.start is StepStart.SIGNAL:
        begins_at = begin_of_signal(site, step, done_at, heard)
    if begins_at is None:
        return None
    return owed(
        site,
        playbook,
        step,
        occasion,
        person,
        facts_of(occasion, person.record),
        known.staff,
        begins_at,
        now,
        segment=row["segment"],
        cycle=row["cycle"],
        previous_id=row["id"],
    )


def _started(site: Site, known: Known, occasion: Row, heard: Sequence[Row], now: datetime) -> list[Owed]:
    """What begins with a signal: whole playbooks, and first steps that wait for one."""
    person = known.people[occasion["customer_id"]]
    facts = facts_of(occasion, person.record)
    due: list[Owed] = []
    for playbook in site.by_kind.get(occasion["kind"], ()):
        if not playbook.applies_to(occasion["kind"], facts):
            continue
        begins_at: datetime | None = None
        if playbook.trigger.kind is TriggerKind.SIGNAL:
            given: list[datetime] = [row["at"] for row in heard if row["name"] == playbook.trigger.signal]
            if not given:
                continue
            begins_at = min(given)
        elif playbook.trigger.kind not in ON_ARRIVAL:
            continue
        due += first_steps(
            site, playbook, occasion, person, facts, known.staff, now, begins_at=begins_at, heard=heard
        )
    return due
