"""All SQL of checks and findings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from dialer.agents.tables import agents
from dialer.calling.incall.tables import speaker_turns
from dialer.calling.tables import attempts, call_parties
from dialer.cases.states import TaskKind, TaskState
from dialer.cases.tables import tasks
from dialer.customers.blocks import shown_number
from dialer.customers.tables import customers, occasions
from dialer.followups.tables import follow_ups
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one
from dialer.telephony.outcomes import Leg
from qa.checks.facts import OtherMeans
from qa.checks.speaking import Speaker, Speakers, Spell
from qa.checks.states import CheckState
from qa.checks.tables import checks, findings, past_checks
from qa.rules.findings import Finding, Verdict

_IDS_A_QUERY = 500
# What a past check keeps once and not in each of its findings.
_SAME_FOR_ALL = frozenset(("attempt_id", "rule_set", "rule_set_version", "checked_at"))


@dataclass(frozen=True, slots=True)
class CheckRow:
    """How a call's check stands; the counts are of rules, None before the first check."""

    attempt_id: str
    state: CheckState
    due_at: datetime
    tries: int
    error: str | None
    rule_set: str | None
    rule_set_version: int | None
    passes: int | None
    fails: int | None
    unclears: int | None
    created_at: datetime
    checked_at: datetime | None
    # Judged by the rules in force then; None: by those in force when the call was placed.
    rules_at: datetime | None = None
    # Whether there is a question item, as a QuestionNeed; and signals, as {"dissatisfied": True}.
    question_item: str | None = None
    signals: Mapping[str, bool | None] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CheckState(self.state))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One rule's verdict on one call. Times in seconds; `evidence` is all proof, the chief one first."""

    attempt_id: str
    rule_id: str
    position: int
    rule_set: str
    rule_set_version: int
    verdict: Verdict
    reason: str
    slot: str
    alarm: bool
    channel: str | None
    start: float | None
    end: float | None
    words: str | None
    score: float | None
    evidence: Sequence[Mapping[str, Any]]
    checked_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", Verdict(self.verdict))


@dataclass(frozen=True, slots=True)
class PastCheck:
    """What an earlier check said, by the rules of then; `replaced_at`: when a later one took its place."""

    id: int
    attempt_id: str
    rule_set: str
    rule_set_version: int
    question_item: str | None
    signals: Mapping[str, bool | None] | None
    findings: Sequence[Mapping[str, Any]]
    checked_at: datetime
    replaced_at: datetime

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict on each rule, by its id."""
        return {str(one["rule_id"]): str(one["verdict"]) for one in self.findings}


@dataclass(frozen=True, slots=True)
class CheckedCall:
    """What a check needs to know of a call besides its words."""

    attempt_id: str
    playbook: str
    plate: str | None
    branch: str
    name: str
    salutation: str
    agent: str
    placed_at: datetime
    # The version of the script it was talked by (T7); None before versions were kept.
    playbook_version: int | None = None
    # Of its occasion: what it is, and what its source told of it.
    kind: str = ""
    products: Sequence[str] = ()
    amount_fen: int | None = None
    staff: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    document_tail: str = ""
    follow_up_id: str = ""
    # The agents who must not call, because they served the customer.
    barred: Sequence[str] = ()


def findings_of(conn: Connection, attempt_id: str) -> list[FindingRow]:
    """The findings on a call in the order of its rule set; empty before it was checked."""
    query = select(findings).where(findings.c.attempt_id == attempt_id).order_by(findings.c.position)
    return fetch(conn, query, FindingRow)


def findings_at(conn: Connection, attempt_id: str, at: datetime) -> list[FindingRow]:
    """The findings on a call as they stood then, by the rules of then (T7); empty before it was checked."""
    for past in past_checks_of(conn, attempt_id):
        if past.checked_at <= at < past.replaced_at:
            same = {name: getattr(past, name) for name in _SAME_FOR_ALL}
            return [FindingRow(**{**one, **same}) for one in past.findings]
    return [one for one in findings_of(conn, attempt_id) if one.checked_at <= at]


def past_checks_of(conn: Connection, attempt_id: str) -> list[PastCheck]:
    """The earlier checks of a call, the latest first."""
    query = select(past_checks).where(past_checks.c.attempt_id == attempt_id)
    return fetch(conn, query.order_by(past_checks.c.id.desc()), PastCheck)


def check_of(conn: Connection, attempt_id: str) -> CheckRow | None:
    """How the check of a call stands."""
    return fetch_one(conn, select(checks).where(checks.c.attempt_id == attempt_id), CheckRow)


def count_by_state(conn: Connection) -> dict[CheckState, int]:
    """How many checks are in each state; every state is there."""
    query = select(checks.c.state, func.count()).group_by(checks.c.state)
    found = {row[0]: row[1] for row in conn.execute(query)}
    return {state: found.get(state, 0) for state in CheckState}


_CALL = Prepared(
    select(
        attempts.c.id.label("attempt_id"),
        follow_ups.c.playbook,
        follow_ups.c.plate,
        follow_ups.c.branch,
        customers.c.name,
        customers.c.salutation,
        agents.c.code.label("agent"),
        attempts.c.placed_at,
        attempts.c.playbook_version,
        occasions.c.kind,
        occasions.c.products,
        occasions.c.amount_fen,
        occasions.c.staff,
        occasions.c.facts,
        customers.c.document_tail,
        attempts.c.follow_up_id,
        follow_ups.c.barred,
    )
    .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
    .join(occasions, occasions.c.id == follow_ups.c.occasion_id)
    .join(customers, customers.c.id == follow_ups.c.customer_id)
    .join(agents, agents.c.id == attempts.c.agent_id)
    .where(attempts.c.id == bindparam("attempt"))
)


def call_of(conn: Connection, attempt_id: str) -> CheckedCall | None:
    """The call with what its rules may name."""
    return fetch_one(conn, _CALL, CheckedCall, attempt=attempt_id)


def first_placed(conn: Connection, call: CheckedCall) -> datetime:
    """When the first call of its follow-up was placed."""
    query = select(func.min(attempts.c.placed_at)).where(attempts.c.follow_up_id == call.follow_up_id)
    found: datetime | None = conn.execute(query).scalar()
    return found or call.placed_at


def other_means_of(conn: Connection, call: CheckedCall) -> list[OtherMeans]:
    """By which other means its follow-up was done, and by whom: a login, an agent's id, code and name."""
    query = (
        select(tasks.c.done_at, tasks.c.done_by, agents.c.code, agents.c.name)
        .outerjoin(agents, agents.c.id == tasks.c.done_by)
        .where(
            tasks.c.follow_up_id == call.follow_up_id,
            tasks.c.kind == TaskKind.OTHER_MEANS,
            tasks.c.state == TaskState.DONE,
        )
    )
    return [
        OtherMeans(row.done_at, frozenset(name for name in row[1:] if name)) for row in conn.execute(query)
    ]


def speakers_of(conn: Connection, attempt_id: str) -> Speakers:
    """Who of ours spoke when. The recording begins with the customer's answer."""
    query = (
        select(
            speaker_turns.c.began_at,
            speaker_turns.c.ended_at,
            speaker_turns.c.private,
            attempts.c.answered_at,
            call_parties.c.extension,
            call_parties.c.number,
            speaker_turns.c.agent_id,
            agents.c.code,
            agents.c.name,
        )
        .join(attempts, attempts.c.id == speaker_turns.c.attempt_id)
        .outerjoin(call_parties, call_parties.c.id == speaker_turns.c.party_id)
        .outerjoin(agents, agents.c.id == speaker_turns.c.agent_id)
        .where(speaker_turns.c.attempt_id == attempt_id, attempts.c.answered_at.is_not(None))
        .order_by(speaker_turns.c.id)
    )
    spells: dict[bool, list[Spell]] = {False: [], True: []}
    for row in conn.execute(query):
        spell = Spell(
            _speaker(row.agent_id, row.code, row.name, row.extension, row.number),
            (row.began_at - row.answered_at).total_seconds(),
            (row.ended_at - row.answered_at).total_seconds() if row.ended_at else None,
        )
        spells[row.private].append(spell)
    return Speakers(spells[False], apart=spells[True])


def spoken_by(conn: Connection, attempt_ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """Whose the findings on these calls are, by call and rule, where others than the call's own agent may be
    heard (D6): the agent who spoke at their first evidence; empty where that was no agent of ours."""
    handed_on: set[str] = set()
    for start in range(0, len(attempt_ids), _IDS_A_QUERY):
        some = attempt_ids[start : start + _IDS_A_QUERY]
        told = select(speaker_turns.c.attempt_id).where(speaker_turns.c.attempt_id.in_(some))
        handed_on.update(row[0] for row in conn.execute(told))
    found: dict[tuple[str, str], str] = {}
    for attempt_id in sorted(handed_on):
        speakers = speakers_of(conn, attempt_id)
        for finding in findings_of(conn, attempt_id):
            chief = finding.evidence[0] if finding.evidence else None
            if chief is not None and chief["channel"] == Leg.AGENT:
                spoke = speakers.alone(chief["start"], chief["end"])
                if spoke is not None:
                    found[attempt_id, finding.rule_id] = spoke.agent_id
    return found


def _speaker(
    agent_id: str | None, code: str | None, name: str | None, extension: str | None, number: str | None
) -> Speaker:
    # Of a phone outside nobody's name is known.
    outside = shown_number(number) if number else extension or ""
    return Speaker(code or outside, name or outside, agent_id or "")


def next_due(conn: Connection, now: datetime) -> str | None:
    """The call to check next: the one that is due the longest."""
    query = select(checks.c.attempt_id).where(checks.c.state == CheckState.WAITING, checks.c.due_at <= now)
    found: str | None = conn.execute(query.order_by(checks.c.due_at).limit(1)).scalar()
    return found


def add(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A new row, waiting and due."""
    row = {"attempt_id": attempt_id, "state": CheckState.WAITING, "due_at": now, "created_at": now}
    conn.execute(insert(checks).values(tries=0, **row))


def judge_by_rules_of(conn: Connection, attempt_id: str, at: datetime) -> None:
    """The next check goes by the rules in force at `at`, whenever the call was placed."""
    conn.execute(update(checks).where(checks.c.attempt_id == attempt_id).values(rules_at=at))


def put_off(conn: Connection, attempt_id: str, due_at: datetime, error: str | None) -> None:
    """Where it still waits, it is tried again at `due_at`."""
    _put_off(conn, checks.c.attempt_id == attempt_id, due_at, error)


def put_off_playbook(conn: Connection, playbook: str, due_at: datetime, error: str) -> None:
    """Every call of this playbook that waits is tried again at `due_at`."""
    of_playbook = (
        select(attempts.c.id)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .where(follow_ups.c.playbook == playbook)
    )
    _put_off(conn, checks.c.attempt_id.in_(of_playbook), due_at, error)


def _put_off(conn: Connection, which: ColumnElement[bool], due_at: datetime, error: str | None) -> None:
    waiting = update(checks).where(which, checks.c.state == CheckState.WAITING)
    conn.execute(waiting.values(due_at=due_at, tries=checks.c.tries + 1, error=error))


def keep_past(conn: Connection, attempt_id: str, now: datetime) -> None:
    """Put what the check says now beside the earlier ones; nothing before the first check."""
    check, found = check_of(conn, attempt_id), findings_of(conn, attempt_id)
    if check is None or check.checked_at is None or check.rule_set is None:
        return
    kept = [
        {name: value for name, value in asdict(one).items() if name not in _SAME_FOR_ALL} for one in found
    ]
    conn.execute(
        insert(past_checks).values(
            attempt_id=attempt_id,
            rule_set=check.rule_set,
            rule_set_version=check.rule_set_version,
            question_item=check.question_item,
            signals=check.signals,
            findings=kept,
            checked_at=check.checked_at,
            replaced_at=now,
        )
    )


def replace_findings(
    conn: Connection,
    attempt_id: str,
    found: Sequence[Finding],
    *,
    rule_set: str,
    version: int,
    now: datetime,
) -> None:
    """These findings instead of any that were there."""
    conn.execute(delete(findings).where(findings.c.attempt_id == attempt_id))
    common = {"attempt_id": attempt_id, "rule_set": rule_set, "rule_set_version": version, "checked_at": now}
    rows = [{**common, "position": position, **_columns(one)} for position, one in enumerate(found)]
    if rows:
        conn.execute(insert(findings), rows)


def _columns(one: Finding) -> dict[str, Any]:
    chief = one.evidence[0] if one.evidence else None
    spoken = chief if chief is not None and chief.words else None
    return {
        "rule_id": one.rule_id,
        "verdict": one.verdict.value,
        "reason": one.reason.value,
        "slot": one.slot,
        "alarm": one.alarm,
        "channel": chief.channel.value if chief else None,
        "start": round(chief.start, 3) if chief else None,
        "end": round(chief.end, 3) if chief else None,
        "words": spoken.words if spoken else None,
        "score": spoken.score if spoken else None,
        "evidence": [
            {
                "channel": proof.channel.value,
                "start": round(proof.start, 3),
                "end": round(proof.end, 3),
                "words": proof.words,
                "wording": proof.wording,
                "score": proof.score,
                "confidence": proof.confidence,
            }
            for proof in one.evidence
        ],
    }
