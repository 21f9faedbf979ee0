"""Draws samples of what came in, and puts others in for those who cannot be reached (L2).

A draw is worked out from what is in the database each time, so that it may be done again at any moment:
rows that came late find their place, and what was not begun yet is given up or taken in accordingly.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from dialer.followups.states import FollowUpState
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.planning.batch import carry_out, gather
from dialer.planning.loading import in_chunks, known_of, occasions_of, people_of, since_of
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.fates import Fate, decide
from dialer.planning.rules.gates import Gate, compact
from dialer.planning.rules.owed import Key, Row, Site
from dialer.planning.rules.reasons import SOFT, Reason
from dialer.planning.rules.sampling import (
    Draw,
    order_of,
    population_hash,
    seed_of,
    settle,
    size_of,
    stratum_of,
)
from dialer.planning.rules.standing import key_of
from dialer.planning.tables import decisions, exclusions, samples
from dialer.storage.dialects import keep_event_order, upsert
from dialer.storage.feed import emit

_WAITING = (
    select(exclusions.c.day, exclusions.c.playbook)
    .where(exclusions.c.reason == Reason.TO_DRAW)
    .order_by(exclusions.c.day, exclusions.c.playbook)
    .limit(1)
)
_OF_DAY = select(exclusions).where(
    exclusions.c.day == bindparam("day"), exclusions.c.playbook == bindparam("of_playbook")
)
_LEFT_OUT = select(exclusions).where(
    exclusions.c.playbook == bindparam("of_playbook"),
    exclusions.c.occasion_id.in_(bindparam("many", expanding=True)),
)
_CALLED = select(follow_ups).where(
    follow_ups.c.playbook == bindparam("of_playbook"),
    follow_ups.c.occasion_id.in_(bindparam("many", expanding=True)),
)
_NOT_DRAWN = update(exclusions).where(exclusions.c.id == bindparam("gone")).values(reason=bindparam("why"))
_OPEN_TO_DRAW = (Reason.TO_DRAW, Reason.NOT_DRAWN)


@dataclass(frozen=True, slots=True)
class Stratum:
    """What one draw is from: a playbook's occasions of a day, alike in certain facts."""

    playbook: str
    period: str
    name: str
    segment: str = ""


def draw_waiting(conn: Connection, site: Site, now: datetime) -> Counter[str]:
    """Draw from the strata of one playbook and day that wait for it; empty where none does."""
    keep_event_order(conn)
    first = conn.execute(_WAITING).first()
    if first is None:
        return Counter()
    populations: defaultdict[Stratum, set[str]] = defaultdict(set)
    waiting: set[Stratum] = set()
    for row in conn.execute(_OF_DAY, {"day": first.day, "of_playbook": first.playbook}).mappings():
        data = row["data"]
        if "stratum" not in data:
            continue
        stratum = Stratum(row["playbook"], data["period"], data["stratum"], data.get("segment", ""))
        populations[stratum].add(row["occasion_id"])
        if row["reason"] == Reason.TO_DRAW:
            waiting.add(stratum)
    counts: Counter[str] = Counter(strata=len(waiting))
    for stratum in sorted(waiting, key=lambda one: (one.period, one.name)):
        counts += redraw(conn, site, stratum, populations[stratum], now)
    return counts


def replace_unreached(conn: Connection, site: Site, follow_up_id: str, now: datetime) -> Counter[str]:
    """A follow-up of a sample was given up: the next in the seed's order stands in for it."""
    keep_event_order(conn)
    row = conn.execute(select(follow_ups).where(follow_ups.c.id == follow_up_id)).mappings().first()
    playbook = site.library.find(row["playbook"]) if row else None
    if row is None or playbook is None:
        return Counter()
    coverage = playbook.variant(row["segment"]).coverage
    if coverage.share >= 1:
        return Counter()
    occasion = occasions_of(conn, [row["occasion_id"]])[row["occasion_id"]]
    record = people_of(conn, [row["customer_id"]])[row["customer_id"]].record
    name = stratum_of(coverage.strata, facts_of(occasion, record), row["segment"])
    period = occasion["happened_at"].astimezone(site.zone).date().isoformat()
    return redraw(conn, site, Stratum(row["playbook"], period, name, row["segment"]), (), now)


def redraw(
    conn: Connection, site: Site, stratum: Stratum, population: Collection[str], now: datetime
) -> Counter[str]:
    """Draw a stratum, `population` added to what it was drawn from before, and carry the draw out."""
    playbook = site.library.find(stratum.playbook)
    if playbook is None:
        return Counter()
    share = playbook.variant(stratum.segment).coverage.share
    found = conn.execute(_sample(stratum)).mappings().first()
    before = dict(found) if found else None
    seed = (
        before["seed"]
        if before
        else seed_of(site.settings.seed, stratum.playbook, stratum.period, stratum.name)
    )
    order = order_of({*population, *(before["order"] if before else ())}, seed)
    if not order:
        return Counter()
    size = size_of(share, len(order))
    state = _State(conn, site, stratum.playbook, order)
    drawn = settle(order, size, state.unreachable)
    fates = _promote(conn, site, state, drawn, now)
    counts = carry_out(conn, site, fates, now)
    decided = {fate.item.standing.id for fate in fates if fate.item.standing is not None}
    _leave_out(conn, state, drawn, decided, now)
    _keep(conn, stratum, seed, drawn, state, before, now)
    return counts


class _State:
    """What became so far of the occasions of a stratum."""

    def __init__(self, conn: Connection, site: Site, playbook: str, order: tuple[str, ...]) -> None:
        self.left_out = list(in_chunks(conn, _LEFT_OUT, order, of_playbook=playbook))
        self.called = list(in_chunks(conn, _CALLED, order, of_playbook=playbook))
        self.unreachable: dict[str, str] = {
            row["occasion_id"]: row["reason"]
            for row in self.left_out
            if row["reason"] not in (*_OPEN_TO_DRAW, *SOFT)
        }
        given_up = (FollowUpState.EXHAUSTED, FollowUpState.CANCELLED)
        self.unreachable |= {
            row["occasion_id"]: row["reason"]
            for row in self.called
            if row["state"] in given_up and row["reason"] not in (Reason.NOT_DRAWN, *SOFT)
        }
        self.unreachable |= _called_elsewhere(conn, site, playbook, self.left_out, order)

    @property
    def open(self) -> dict[Key, Row]:
        """Rows that a draw may still turn into calls."""
        return {key_of(row): row for row in self.left_out if row["reason"] in _OPEN_TO_DRAW}


def _called_elsewhere(
    conn: Connection, site: Site, playbook_id: str, left_out: Iterable[Row], order: tuple[str, ...]
) -> dict[str, str]:
    """Occasions whose thing is called already as another unit reported it (P12: one repair, one call)."""
    once = {row["occasion_id"]: row["data"]["once"] for row in left_out if row["data"].get("once")}
    playbook = site.library.find(playbook_id)
    if not once or playbook is None:
        return {}
    customers = {row["customer_id"] for row in left_out if row["occasion_id"] in once}
    rows = [
        row
        for row in in_chunks(conn, _OF_CUSTOMERS, sorted(customers), of_playbook=playbook_id)
        if row["state"] != FollowUpState.CANCELLED
    ]
    known = occasions_of(conn, {row["occasion_id"] for row in rows})
    called = {
        "|".join(str(facts_of(known[row["occasion_id"]], {}).get(name)) for name in playbook.coverage.once)
        for row in rows
    }
    elsewhere = {key: Reason.CALLED_ONCE.value for key, thing in once.items() if thing in called}
    # Two units may report it on one day, within one stratum as well: the first in the order is called.
    seen: set[str] = set()
    for key in order:
        thing = once.get(key)
        if thing is not None and thing in seen:
            elsewhere[key] = Reason.CALLED_ONCE.value
        elif thing is not None:
            seen.add(thing)
    return elsewhere


_OF_CUSTOMERS = select(follow_ups).where(
    follow_ups.c.playbook == bindparam("of_playbook"),
    follow_ups.c.customer_id.in_(bindparam("many", expanding=True)),
)


def _promote(conn: Connection, site: Site, state: _State, drawn: Draw, now: datetime) -> list[Fate]:
    """The fates of those who are called now, and of those who are not called any more."""
    called = set(drawn.called)
    keys = frozenset(key for key, row in state.open.items() if row["occasion_id"] in called)
    dropped = {
        row["id"]
        for row in state.called
        if row["occasion_id"] not in called and row["occasion_id"] not in state.unreachable
    }
    concerned = {row["occasion_id"] for row in state.open.values() if row["occasion_id"] in called}
    concerned |= {row["occasion_id"] for row in state.called if row["id"] in dropped}
    if not concerned:
        return []
    batch = occasions_of(conn, sorted(concerned)).values()
    known = known_of(conn, batch, since_of(now, 0))
    items = gather(site, known, (), now, drawn=keys)
    for item in items:
        standing = item.standing
        if standing is None or standing.state is None or standing.touched:
            continue
        if standing.id in dropped:
            item.owed.refused = Reason.NOT_DRAWN
        elif item.owed.refused is Reason.NOT_DRAWN and item.owed.occasion_id in called:
            item.owed.refused = None
    return decide(items, known.contacts, site, now)


def _leave_out(conn: Connection, state: _State, drawn: Draw, decided: Collection[str], now: datetime) -> None:
    called = set(drawn.called)
    places = {key: place for place, key in enumerate(drawn.order, 1)}
    rows = [
        row for row in state.left_out if row["reason"] == Reason.TO_DRAW and row["occasion_id"] not in called
    ]
    if not rows:
        return
    # Whoever is called and could not be was too late; the unreachable keep their own reason.
    why = dict.fromkeys(called, Reason.TOO_LATE.value) | state.unreachable
    conn.execute(
        _NOT_DRAWN,
        [{"gone": row["id"], "why": why.get(row["occasion_id"], Reason.NOT_DRAWN.value)} for row in rows],
    )
    conn.execute(
        insert(decisions),
        [
            {
                "id": new_id(),
                "at": now,
                "subject": row["occasion_id"],
                "attempt_id": None,
                "customer_id": row["customer_id"],
                "playbook": row["playbook"],
                "verdict": "excluded",
                "gates": compact([_gate(places[row["occasion_id"]], drawn.size)]),
            }
            for row in rows
        ],
    )


def _gate(place: int, size: int) -> Gate:
    return Gate("sample", f"place {place}", f"the first {size}", False)


def _keep(
    conn: Connection,
    stratum: Stratum,
    seed: str,
    drawn: Draw,
    state: _State,
    before: Row | None,
    now: datetime,
) -> None:
    replaced = [[gone, instead, state.unreachable[gone]] for gone, instead in drawn.replaced]
    sample_id: str = before["id"] if before else new_id()
    row = {
        "id": sample_id,
        "playbook": stratum.playbook,
        "period": stratum.period,
        "stratum": stratum.name,
        "seed": seed,
        "population": len(drawn.order),
        "population_hash": population_hash(drawn.order),
        "size": drawn.size,
        "order": list(drawn.order),
        "replaced": replaced,
        "drawn_at": now,
    }
    if before and all(row[name] == before[name] for name in ("population_hash", "size", "replaced")):
        return
    upsert(conn, samples, row, ["playbook", "period", "stratum"])
    told = {"playbook": stratum.playbook, "size": drawn.size, "population": len(drawn.order)}
    emit(conn, "sample.drawn", sample_id, now, told)


def _sample(stratum: Stratum) -> Select[*tuple[Any, ...]]:
    return select(samples).where(
        samples.c.playbook == stratum.playbook,
        samples.c.period == stratum.period,
        samples.c.stratum == stratum.name,
    )
