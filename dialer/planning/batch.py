"""One batch of planning: what is due anew and what is owed already to the same people, decided together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dialer.followups.states import FollowUpState
from dialer.planning.loading import Known
from dialer.planning.rules.fates import Fate, Item, decide
from dialer.planning.rules.owed import Key, Owed, Row, Site
from dialer.planning.rules.reasons import SOFT, Reason
from dialer.planning.rules.standing import (
    dates_of,
    key_of,
    owed_again,
    row_of_exclusion,
    standing_exclusion,
    standing_of,
)
from dialer.planning.writing import Writer


def settle(
    conn: Connection,
    site: Site,
    known: Known,
    due: Iterable[Owed],
    now: datetime,
    *,
    looked_at: Iterable[str] = (),
    drawn: frozenset[Key] = frozenset(),
) -> Counter[str]:
    """Give everything due its one fate, and write what that changes.

    `looked_at` are occasions whose all is in `due`: what they made due before and do not any more is taken
    back. `drawn` are those of a sample that are called (L2).
    """
    items = gather(site, known, due, now, looked_at=frozenset(looked_at), drawn=drawn)
    fates = decide(items, known.contacts, site, now)
    return carry_out(conn, site, fates, now)


def carry_out(conn: Connection, site: Site, fates: list[Fate], now: datetime) -> Counter[str]:
    """Write what was decided."""
    writer = Writer(site, now)
    writer.add(fates)
    return writer.write(conn)


def gather(
    site: Site,
    known: Known,
    due: Iterable[Owed],
    now: datetime,
    *,
    looked_at: frozenset[str] = frozenset(),
    drawn: frozenset[Key] = frozenset(),
) -> list[Item]:
    """Each thing due with the row it has; and what is owed besides to the same people."""
    rows = {key_of(row): row for row in known.owed}
    left_out = {key_of(row): row for row in known.left_out}
    items: list[Item] = []
    for owed in due:
        key = owed.key
        if key in known.over:
            continue
        row, exclusion = rows.pop(key, None), left_out.pop(key, None)
        if row is not None:
            again = _as_known(_in_its_version(site, known, row, owed, now))
            if row["reason"] == Reason.NOT_DRAWN and key not in drawn:
                again.refused = Reason.NOT_DRAWN
            items.append(Item(again, standing_of(row)))
        elif exclusion is not None:
            called = replace(owed, stratum="") if key in drawn else owed
            items.append(Item(called, standing_exclusion(exclusion)))
        else:
            items.append(Item(owed))
    for row in rows.values():
        item = _again(site, known, row, now, looked_at)
        if item is not None:
            items.append(item)
    for row in left_out.values():
        item = _left_out_again(site, known, row, now, drawn)
        if item is not None:
            items.append(item)
    return items


def _in_its_version(site: Site, known: Known, row: Row, owed: Owed, now: datetime) -> Owed:
    """A follow-up that stayed with an older version of its playbook goes by that, dates included (T7)."""
    occasion, person = known.occasions.get(row["occasion_id"]), known.people.get(row["customer_id"])
    if row["playbook_version"] == owed.playbook.version or occasion is None or person is None:
        return owed
    return owed_again(site, row, occasion, person, known.staff, dates_of(row), now) or owed


def _as_known(owed: Owed) -> Owed:
    """A follow-up that is there is not drawn again, nor is it too late for it: it is overdue (L9)."""
    if owed.stratum or owed.refused is Reason.TOO_LATE:
        refused = None if owed.refused is Reason.TOO_LATE else owed.refused
        return replace(owed, stratum="", refused=refused)
    return owed


def _again(site: Site, known: Known, row: Row, now: datetime, looked_at: frozenset[str]) -> Item | None:
    occasion = known.occasions.get(row["occasion_id"])
    person = known.people.get(row["customer_id"])
    if occasion is None or person is None:
        return None
    standing = standing_of(row)
    owed = owed_again(site, row, occasion, person, known.staff, dates_of(row), now)
    if owed is None:
        return None
    # Only what an occasion makes due by itself is taken back when the occasion has changed.
    if row["occasion_id"] in looked_at and not row["previous_id"] and row["origin"] in _BY_ITSELF:
        owed.refused = Reason.NO_LONGER_DUE
    elif standing.state is FollowUpState.CANCELLED:
        owed.refused = owed.refused or _kept_refusal(standing.reason)
    return Item(owed, standing)


# Signals and the day bring about the others.
_BY_ITSELF = ("event", "due", "list", "case", "answer")


def _kept_refusal(reason: str) -> Reason | None:
    """What planning took back for a reason of its own stays so, unless other follow-ups were the reason."""
    if reason in SOFT or reason not in set(Reason):
        return None
    return Reason(reason)


def _left_out_again(site: Site, known: Known, row: Row, now: datetime, drawn: frozenset[Key]) -> Item | None:
    occasion = known.occasions.get(row["occasion_id"])
    person = known.people.get(row["customer_id"])
    found = row_of_exclusion(row)
    called = key_of(row) in drawn
    soft = row["reason"] in SOFT
    if occasion is None or person is None or found is None or not (soft or called):
        return None
    like, dates = found
    if dates.limit + timedelta(days=site.settings.catch_up_days) < now:
        return None
    owed = owed_again(site, like, occasion, person, known.staff, dates, now)
    return None if owed is None else Item(owed, standing_exclusion(row))
