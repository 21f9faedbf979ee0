"""Why each call is made or not: now, and as it was decided then (promise 2 of the product)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.agents.queries import sessions
from dialer.agents.states import AgentState
from dialer.assigning.queries import agent_keys
from dialer.assigning.service import named_callers
from dialer.explaining import queries
from dialer.explaining.gates import OPEN, Around, in_the_way, left_out_gates, own_gates, unwanted
from dialer.explaining.values import Answer, Explanation
from dialer.followups.queries import FollowUp
from dialer.halts.queries import open_halts
from dialer.planning.dialling import verdicts
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.gates import Gate
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library

Row = Mapping[str, Any]


def explain(
    conn: Connection,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    key: str,
    now: datetime,
    trial_numbers: Collection[str] | None = None,
) -> Answer:
    """Everything about a plate, a phone number, or the id of a customer, follow-up, occasion or attempt.

    `trial_numbers` is the white list of trial mode, None in live mode. What an id names comes first.
    """
    ids = queries.customers_of(conn, key)
    found = [
        one
        for customer_id in sorted(ids)
        for one in explain_customer(conn, library, settings, zone, customer_id, now, trial_numbers)
    ]
    wanted = key.strip().upper()
    found.sort(key=lambda one: wanted not in (one.follow_up_id, one.occasion_id))
    return Answer(key.strip(), queries.people(conn, ids), tuple(found))


def explain_customer(
    conn: Connection,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    customer_id: str,
    now: datetime,
    trial_numbers: Collection[str] | None = None,
) -> list[Explanation]:
    """Each follow-up of a customer and each occasion that made none, the newest first."""
    occasions = {row["id"]: row for row in queries.occasion_rows(conn, customer_id)}
    on_duty = {one.agent_id for one in sessions(conn) if one.state is not AgentState.OFFLINE}
    named = named_callers(library, agent_keys(conn))
    names, stopped = queries.agent_names(conn), open_halts(conn)
    around = Around(settings.max_tries, on_duty, names, trial_numbers, named, stopped)
    owed = queries.follow_up_rows(conn, customer_id)
    made = _follow_ups(conn, owed, occasions, around, library, settings, zone, now)
    left = _left_out(conn, queries.exclusion_rows(conn, customer_id), occasions)
    told = {(one.occasion_id, one.playbook) for one in (*made, *left)}
    nothing = _nothing_made(conn, customer_id, occasions, told, library)
    return sorted((*made, *left, *nothing), key=lambda one: one.happened_at, reverse=True)


def _follow_ups(
    conn: Connection,
    owed: list[FollowUp],
    occasions: Mapping[str, Row],
    around: Around,
    library: Library,
    settings: PlanningSettings,
    zone: ZoneInfo,
    now: datetime,
) -> list[Explanation]:
    ids = [one.id for one in owed]
    still = [one for one in owed if one.state in OPEN]
    judged = {one.follow_up_id: one for one in verdicts(conn, still, library, settings, zone, now)}
    decided, tries = queries.decided(conn, ids), queries.tries(conn, ids)
    moves = queries.moves(conn, ids, around.names)
    found = []
    for one in owed:
        occasion = occasions.get(one.occasion_id, {})
        verdict = judged.get(one.id)
        own = tuple(own_gates(one, around, now))
        # What is over is not looked at again: its own gates say where it stands.
        gates = (*own, *(verdict.gates if verdict else ())) if one.state in OPEN else own[:1]
        shut = in_the_way(gates)
        found.append(
            Explanation(
                follow_up_id=one.id,
                occasion_id=one.occasion_id,
                occasion_kind=occasion.get("kind", ""),
                happened_at=occasion.get("happened_at", one.created_at),
                external_id=occasion.get("external_id", ""),
                customer_id=one.customer_id,
                plate=one.plate,
                playbook=one.playbook,
                step=one.step,
                state=one.state,
                reason=shut.name if shut is not None and one.state in OPEN else one.reason,
                gates=gates,
                allowed=shut is None,
                until=verdict.put_off_until if verdict and in_the_way(own) is None else None,
                limit_at=one.limit_at,
                agent=around.names.get(one.owner_id or ""),
                decided=decided.get((one.id, one.playbook), ()),
                tries=tries.get(one.id, ()),
                moves=moves.get(one.id, ()),
            )
        )
    return found


def _left_out(conn: Connection, rows: list[Row], occasions: Mapping[str, Row]) -> list[Explanation]:
    decided = queries.decided(conn, {row["occasion_id"] for row in rows})
    found = []
    for row in rows:
        occasion = occasions.get(row["occasion_id"], {})
        drawn = None
        if row["reason"] == "not_drawn":
            stratum = str(row["data"].get("stratum", ""))
            drawn = queries.sample_of(conn, row["playbook"], stratum, row["occasion_id"])
        then = decided.get((row["occasion_id"], row["playbook"]), ())
        gates = left_out_gates(row["reason"], drawn, then[-1].gates if then else ())
        found.append(_none_made(row["occasion_id"], occasion, row, gates, str(row["reason"]), decided=then))
    return found


def _nothing_made(
    conn: Connection,
    customer_id: str,
    occasions: Mapping[str, Row],
    told: Collection[tuple[str, str]],
    library: Library,
) -> list[Explanation]:
    """Occasions of which no playbook wanted anything, or at which the planner has not looked yet."""
    customer = queries.customer_row(conn, customer_id)
    known = {occasion_id for occasion_id, _ in told}
    found = []
    for occasion_id, row in occasions.items():
        about = {"customer_id": customer_id, "playbook": "", "step": ""}
        if row["planned_at"] is None and occasion_id not in known:
            gate = Gate("planned", "no", "yes", False)
            found.append(_none_made(occasion_id, row, about, (gate,), "planned"))
            continue
        refused = list(unwanted(row["kind"], facts_of(row, customer), library))
        for playbook, gate in refused:
            if (occasion_id, playbook) not in told:
                found.append(
                    _none_made(occasion_id, row, {**about, "playbook": playbook}, (gate,), "condition")
                )
        if not refused and occasion_id not in known:
            gate = Gate("playbook", "none", row["kind"], False)
            found.append(_none_made(occasion_id, row, about, (gate,), "playbook"))
    return found


def _none_made(
    occasion_id: str, occasion: Row, row: Row, gates: tuple[Gate, ...], reason: str, **more: Any
) -> Explanation:
    return Explanation(
        follow_up_id=None,
        occasion_id=occasion_id,
        occasion_kind=occasion.get("kind", ""),
        happened_at=occasion.get("happened_at") or row["at"],
        external_id=occasion.get("external_id", ""),
        customer_id=row["customer_id"],
        plate=occasion.get("plate"),
        playbook=row["playbook"],
        step=row["step"],
        state="none",
        reason=reason,
        gates=gates,
        allowed=False,
        **more,
    )
