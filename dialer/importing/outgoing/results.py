"""What came of follow-ups, flat, as other systems want to read it (C6)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.forms.tables import answers, result_forms
from dialer.playbooks.library import Library
from dialer.storage.feed import events
from dialer.telephony.outcomes import DialOutcome

# A follow-up that is over, one way or the other, has a result.
ENDED = ("follow_up.done", "follow_up.exhausted", "follow_up.cancelled")
FIELDS = (
    "external_id",
    "source",
    "kind",
    "happened_at",
    "branch",
    "plate",
    "name",
    "number",
    "playbook",
    "playbook_name",
    "follow_up_id",
    "state",
    "reason",
    "called_at",
    "talk_seconds",
    "outcome",
    "agent_code",
    "agent_name",
    "disposition",
    "satisfaction",
    "wishes",
    "next_step",
    "promise",
    "promise_at",
    "answers",
    "tries",
)
ANSWER, FACT, STAFF = "answer:", "fact:", "staff:"
_AT_ONCE = 500

Result = Mapping[str, str | int | None]


def ended_on(conn: Connection, day: date, zone: ZoneInfo) -> list[str]:
    """The follow-ups that were over on a day of the site, in the order in which they were."""
    start = datetime.combine(day, time(0), zone)
    query = (
        select(events.c.subject)
        .where(events.c.kind.in_(ENDED), events.c.at >= start, events.c.at < start + timedelta(days=1))
        .order_by(events.c.id)
    )
    return list(dict.fromkeys(conn.execute(query).scalars()))


def is_field(name: str) -> bool:
    """Whether a layout may ask for it: a field, `answer:QUESTION`, `fact:NAME` or `staff:ROLE`."""
    return name in FIELDS or any(
        name.startswith(prefix) and len(name) > len(prefix) for prefix in (ANSWER, FACT, STAFF)
    )


def results_of(conn: Connection, library: Library, ids: Sequence[str], zone: ZoneInfo) -> list[Result]:
    """The results of these follow-ups, in their order; one that is merged has the call of its lead."""
    found: dict[str, Result] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found.update(_some(conn, library, ids[start : start + _AT_ONCE], zone))
    return [found[one] for one in ids if one in found]


def _some(conn: Connection, library: Library, ids: Sequence[str], zone: ZoneInfo) -> dict[str, Result]:
    query = (
        select(
            follow_ups,
            customers.c.name,
            customers.c.salutation,
            occasions.c.external_id,
            occasions.c.source,
            occasions.c.kind,
            occasions.c.happened_at,
            occasions.c.facts,
            occasions.c.staff,
        )
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
        .where(follow_ups.c.id.in_(ids))
    )
    rows = [dict(row) for row in conn.execute(query).mappings()]
    calls = _last_calls(conn, {row["merged_into"] or row["id"] for row in rows})
    given: dict[str, dict[str, str]] = defaultdict(dict)
    asked = select(answers.c.follow_up_id, answers.c.question_id, answers.c.value).where(
        answers.c.follow_up_id.in_(ids)
    )
    for answer in conn.execute(asked.order_by(answers.c.at)):
        given[answer.follow_up_id][answer.question_id] = answer.value
    return {
        row["id"]: _result(
            row, calls.get(row["merged_into"] or row["id"], {}), given[row["id"]], library, zone
        )
        for row in rows
    }


def _last_calls(conn: Connection, ids: set[str]) -> dict[str, Mapping[str, Any]]:
    query = (
        select(
            attempts.c.follow_up_id,
            attempts.c.placed_at,
            attempts.c.answered_at,
            attempts.c.ended_at,
            attempts.c.outcome,
            agents.c.code.label("agent_code"),
            agents.c.name.label("agent_name"),
            result_forms.c.disposition,
            result_forms.c.satisfaction,
            result_forms.c.wishes,
            result_forms.c.next_step,
            result_forms.c.promise,
            result_forms.c.promise_at,
        )
        .join(agents, agents.c.id == attempts.c.agent_id)
        .outerjoin(result_forms, result_forms.c.attempt_id == attempts.c.id)
        .where(attempts.c.follow_up_id.in_(ids))
        .order_by(attempts.c.placed_at)
    )
    return {row["follow_up_id"]: dict(row) for row in conn.execute(query).mappings()}


def _result(
    row: Mapping[str, Any],
    call: Mapping[str, Any],
    given: Mapping[str, str],
    library: Library,
    zone: ZoneInfo,
) -> Result:
    playbook = library.find(row["playbook"], row["playbook_version"])
    answered, ended = call.get("answered_at"), call.get("ended_at")
    if call.get("outcome") == DialOutcome.ABANDONED:
        ended = None  # he answered, and nobody talked with him
    result: dict[str, str | int | None] = {
        **{name: row[name] for name in ("external_id", "source", "kind", "branch", "plate", "number")},
        "happened_at": _shown(row["happened_at"], zone),
        "name": f"{row['name']}{row['salutation']}",
        "playbook": row["playbook"],
        "playbook_name": playbook.name.zh if playbook else row["playbook"],
        "follow_up_id": row["id"],
        "state": row["state"],
        "reason": row["reason"],
        "called_at": _shown(answered or call.get("placed_at"), zone),
        "talk_seconds": int((ended - answered).total_seconds()) if answered and ended else None,
        "promise_at": _shown(call.get("promise_at"), zone),
        "answers": "; ".join(f"{question}={value}" for question, value in given.items()),
        "tries": sum(row["tries"].values()),
    }
    for name in (
        "outcome",
        "agent_code",
        "agent_name",
        "disposition",
        "satisfaction",
        "wishes",
        "next_step",
        "promise",
    ):
        result[name] = call.get(name)
    result.update({f"{ANSWER}{question}": value for question, value in given.items()})
    result.update({f"{FACT}{name}": value for name, value in (row["facts"] or {}).items()})
    result.update({f"{STAFF}{role}": name for role, name in (row["staff"] or {}).items()})
    return result


def _shown(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
