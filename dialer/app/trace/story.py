"""One call's rows and log lines as one story, in the order in which things happened. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asterisk.cel_lines import CelLine
from dialer.app.trace.queries import Facts, Row
from dialer.planning.rules.gates import Gate
from web.i18n import N_
from web.masking import masked

# What an event row of this kind means; others are shown by their kind.
EVENTS: Mapping[str, str] = {
    "attempt.placing_agent": N_("The attempt was committed: the agent's phone may ring."),
    "attempt.customer_go": N_("The go was committed: the customer may be dialled."),
    "attempt.customer_ringing": N_("The customer's phone rings."),
    "attempt.talking": N_("The customer answered."),
    "attempt.unknown": N_("The attempt is in doubt: its customer is not dialled meanwhile."),
    "attempt.ended": N_("The attempt has ended."),
    "attempt.repaired": N_("The doubt was settled."),
    "attempt.heard": N_("What answered was recognised by its words."),
    "offer.open": N_("It was laid before the agent."),
    "offer.pressed": N_("The agent pressed Call, or its time had come."),
    "offer.called": N_("The call that was wanted was committed to."),
    "ticket.ringing": N_("The customer rang."),
    "ticket.offered": N_("An agent's phone was to ring for the customer who waited."),
    "ticket.talking": N_("The customer who rang was put through."),
    "ticket.missed": N_("The customer who rang was not put through."),
    "ticket.filed": N_("The agent said what the customer rang for."),
}
CEL: Mapping[str, str] = {
    "CHAN_START": N_("a channel begins"),
    "ANSWER": N_("answered"),
    "BRIDGE_ENTER": N_("joins the conversation"),
    "BRIDGE_EXIT": N_("leaves the conversation"),
    "HANGUP": N_("hung up"),
    "CHAN_END": N_("a channel ends"),
    "LINKEDID_END": N_("nothing of the call is left"),
}


# Who is with the customer, and who talks in private meanwhile.
_WITH = (N_("{who} talks with the customer from here on."), N_("{who} talked with the customer until here."))
_ASIDE = (
    N_("{who} talks in private from here on; the customer hears music."),
    N_("{who} talked in private until here."),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `text` is a message id or a bare kind; `more` what is known besides."""

    at: datetime
    source: str
    text: str
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """A call from why it was made to what came of it. `unread` says which log could not be read."""

    attempt_id: str
    head: Mapping[str, str]
    gates: tuple[Gate, ...]
    steps: tuple[Step, ...]
    unread: str = ""


def tell(facts: Facts, cel: Sequence[CelLine], unread: str = "") -> Story:
    """Put everything in its order; what happened at one moment stays in the order of its sources."""
    steps = sorted(_steps(facts, cel), key=lambda step: step.at)
    judged = [one for one in facts.decided if one.attempt_id == facts.attempt.id] or list(facts.decided)
    gates = judged[-1].gates if judged else ()
    return Story(facts.attempt.id, _head(facts), gates, tuple(steps), unread)


def _head(facts: Facts) -> dict[str, str]:
    current, owed = facts.attempt, facts.owed
    known = {
        "agent": f"{facts.agent.get('name', '')} ({facts.agent.get('code', '')})",
        "follow_up": owed.id,
        "playbook": f"{owed.playbook} v{current.playbook_version or owed.playbook_version}",
        "plate": owed.plate,
        "number": masked(current.number),
        "mode": current.mode,
        "trunk": current.trunk,
        "node": current.node,
        "state": str(current.state),
        "outcome": current.outcome,
        "heard": current.heard,
        "cause": current.cause,
        "dial_status": current.dial_status,
        "hung_up_by": current.hung_up_by,
        "counted": "yes" if current.counted else "no",
    }
    return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _steps(facts: Facts, cel: Sequence[CelLine]) -> Iterator[Step]:
    yield from _of_plan(facts)
    for row in facts.events:
        yield Step(row.at, "event", EVENTS.get(row.kind, row.kind), _flat(_hidden(row.data)))
    for stretch in facts.history:
        text = N_("The agent was {state} until this moment.")
        more = _some(stretch, "state", "reason", "event", "why", "agent", "extension")
        yield Step(stretch["ended_at"], "agent", text, more)
    for line in cel:
        text = CEL.get(line.event, line.event)
        cause = {} if line.cause is None else {"cause": str(line.cause)}
        yield Step(line.at, "CEL", text, {"channel": line.channel, **cause})
    yield from _of_parties(facts)
    for repair in facts.repairs:
        more = {**_some(repair, "found", "decided"), **_flat(repair["evidence"])}
        yield Step(repair["at"], "repair", N_("The doubt was settled, by this evidence."), more)
    for contact in facts.contacts:
        yield Step(contact["at"], "ledger", N_("Counts as a contact."), _some(contact, "kind", "exempt"))
    yield from _of_talk(facts)


def _of_parties(facts: Facts) -> Iterator[Step]:
    """Who was asked into the call, how that ended, and who was with the customer when."""
    for one in facts.parties:
        who = _some(_hidden(one), "agent", "extension", "number", "trunk")
        asked = {**who, **_some(one, "purpose", "mode", "asked_by")}
        yield Step(one["asked_at"], "party", N_("A further phone was asked into the call."), asked)
        if one["up_at"] is not None:
            yield Step(one["up_at"], "party", N_("The further phone answered."), who)
        if one["ended_at"] is not None:
            ended = {**who, **_some(one, "cause", "mode")}
            yield Step(one["ended_at"], "party", N_("The further phone is out of the call."), ended)
    own = str(facts.agent.get("name", ""))
    for turn in facts.turns:
        by = turn["agent"] or (turn["extension"] if turn["party_id"] else own) or ""
        begins, ends = _ASIDE if turn["private"] else _WITH
        yield Step(turn["began_at"], "speaker", begins, {"who": str(by)})
        if turn["ended_at"] is not None:
            yield Step(turn["ended_at"], "speaker", ends, {"who": str(by)})


def _of_plan(facts: Facts) -> Iterator[Step]:
    for one in facts.decided:
        shut = ", ".join(gate.name for gate in one.gates if not gate.passed)
        yield Step(one.at, "plan", one.verdict, {"shut": shut} if shut else {})


def _of_talk(facts: Facts) -> Iterator[Step]:
    for answer in facts.answers:
        yield Step(answer["at"], "answer", answer["question_id"], _some(answer, "value", "second"))
    if facts.form is not None:
        more = _some(facts.form, "disposition", "satisfaction", "call_again_at", "promise_at")
        yield Step(facts.form["saved_at"], "form", N_("The result was saved."), more)
    for table, row in facts.brought_about:
        at = row.get("opened_at") or row["made_at"]
        yield Step(at, table, row["title"], _some(row, "id", "state", "department", "owner"))
    if facts.clip is not None:
        more = _some(facts.clip, "path", "seconds")
        yield Step(
            facts.clip["created_at"], "recording", N_("What was heard before the answer was kept."), more
        )
    if facts.recording is not None:
        yield from _of_recording(facts.recording)
    if facts.takeover is not None:
        more = _some(facts.takeover, "due_at", "tries", "error")
        yield Step(
            facts.takeover["created_at"], "recording", N_("Files may lie at the telephone system."), more
        )
    if facts.transcript is not None:
        yield from _of_transcript(facts.transcript, len(facts.said))
    if facts.check is not None:
        yield from _of_check(facts.check, facts.findings)


def _of_recording(row: Row) -> Iterator[Step]:
    yield Step(row["created_at"], "recording", N_("A recording is expected."), _some(row, "call_seconds"))
    if row["archived_at"] is not None:
        more = _some(row, "path", "seconds", "gap_seconds", "sha256")
        problems = {"problems": ", ".join(row["problems"])} if row["problems"] else {}
        yield Step(
            row["archived_at"], "recording", N_("The recording is in the archive."), {**more, **problems}
        )
    elif row["state"] != "expected":
        later = row["created_at"] + timedelta(milliseconds=1)
        yield Step(later, "recording", N_("There is no recording."), _some(row, "state", "error"))


def _of_transcript(row: Row, said: int) -> Iterator[Step]:
    if row["done_at"] is not None:
        more = {**_some(row, "state", "model", "seconds", "work_seconds", "error"), "sentences": str(said)}
        yield Step(row["done_at"], "transcript", N_("The call was transcribed."), more)
    else:
        more = _some(row, "state", "tries", "due_at", "error")
        yield Step(row["created_at"], "transcript", N_("The call waits to be transcribed."), more)


def _of_check(row: Row, found: Sequence[Row]) -> Iterator[Step]:
    if row["checked_at"] is None:
        yield Step(
            row["created_at"], "check", N_("The call waits to be checked."), _some(row, "tries", "error")
        )
        return
    more = _some(row, "rule_set", "passes", "fails", "unclears")
    yield Step(row["checked_at"], "check", N_("The call was checked against its rules."), more)
    for one in found:
        if one["verdict"] in ("fail", "unclear"):
            yield Step(row["checked_at"], "check", one["rule_id"], _some(one, "verdict", "reason", "words"))


def _hidden(row: Row) -> Row:
    """Its numbers masked: a story is read by whoever looks for a fault."""
    return {name: masked(value) if name == "number" and value else value for name, value in row.items()}


def _some(row: Row, *names: str) -> dict[str, str]:
    """Those that are set; times as ISO, numbers short."""
    return {name: _shown(row[name]) for name in names if row.get(name) not in (None, "")}


def _flat(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: _shown(value) for name, value in data.items() if value not in (None, "", {}, [])}


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, float):
        return f"{value:g}" if value.is_integer() else f"{value:.2f}"
    return str(value)
