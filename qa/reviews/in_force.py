"""What counts of a call: a person's last word on a rule, over the machine's (Q5, S4)."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, select, true

from dialer.alarms.tables import alarms
from dialer.calling.tables import attempts
from qa.checks.queries import findings_of
from qa.checks.service import RULE_BROKEN, seen, told_at_once
from qa.checks.tables import checks, findings
from qa.reviews.queries import DONE
from qa.reviews.tables import appeals, review_verdicts, reviews
from qa.rules.findings import Verdict
from qa.sampling.rules import Tier

_last = func.coalesce(review_verdicts.c.decided, review_verdicts.c.reconsidered, review_verdicts.c.verdict)
_OF_SITE = (reviews.c.state.in_(DONE), reviews.c.tier == Tier.SITE)
_KEPT = {Verdict.PASS, Verdict.NA}
# Of the check: how many rules have a verdict.
_COUNT: Mapping[str, ColumnElement[int | None]] = {
    Verdict.PASS: checks.c.passes,
    Verdict.FAIL: checks.c.fails,
    Verdict.UNCLEAR: checks.c.unclears,
}


@dataclass(frozen=True, slots=True)
class Said:
    """A person's last word on a rule, whose it is, and by which version of the rules it was given."""

    verdict: Verdict
    by: str
    rule_set: str | None
    rule_set_version: int | None


def said_of(conn: Connection, attempt_ids: Collection[str]) -> dict[str, dict[str, Said]]:
    """By call and rule, what people say of these calls: of the latest of the site's submitted reviews."""
    query = (
        select(
            reviews.c.attempt_id,
            reviews.c.id,
            review_verdicts.c.rule_id,
            _last,
            func.coalesce(appeals.c.decided_by, reviews.c.reviewer),
            reviews.c.rule_set,
            reviews.c.rule_set_version,
        )
        .join(review_verdicts, review_verdicts.c.review_id == reviews.c.id)
        .outerjoin(appeals, (appeals.c.review_id == reviews.c.id) & review_verdicts.c.decided.is_not(None))
        .where(reviews.c.attempt_id.in_(attempt_ids), *_OF_SITE)
        .order_by(reviews.c.id, review_verdicts.c.rule_id)
    )
    found: dict[str, dict[str, Said]] = {}
    latest: dict[str, str] = {}
    for attempt_id, review_id, rule_id, verdict, by, rule_set, version in conn.execute(query):
        if latest.get(attempt_id) != review_id:
            latest[attempt_id], found[attempt_id] = review_id, {}
        found[attempt_id][rule_id] = Said(Verdict(verdict), by or "", rule_set, version)
    return found


def counts_in_force(conn: Connection, attempt_ids: Collection[str]) -> dict[str, Counter[Verdict]]:
    """How many rules stand with each verdict, of those of these calls that a person has reviewed."""
    people = said_of(conn, attempt_ids)
    standing: dict[str, dict[str, Verdict]] = {one: {} for one in people}
    query = select(findings.c.attempt_id, findings.c.rule_id, findings.c.verdict)
    for attempt_id, rule_id, verdict in conn.execute(query.where(findings.c.attempt_id.in_(people))):
        standing[attempt_id][rule_id] = Verdict(verdict)
    for attempt_id, said in people.items():
        standing[attempt_id] |= {rule_id: one.verdict for rule_id, one in said.items()}
    return {attempt_id: Counter(rules.values()) for attempt_id, rules in standing.items()}


def has_standing(verdict: str, rule: str = "") -> ColumnElement[bool]:
    """Whether a rule of a call, or this one, stands so; for a query of attempts joined with checks."""
    latest = (
        select(func.max(reviews.c.id))
        .where(reviews.c.attempt_id == attempts.c.id, *_OF_SITE)
        .correlate(attempts)
        .scalar_subquery()
    )
    by_person = exists().where(review_verdicts.c.review_id == latest)
    overruled = by_person.where(review_verdicts.c.rule_id == findings.c.rule_id)
    person = by_person.where(_last == verdict)
    machine = exists().where(
        findings.c.attempt_id == attempts.c.id,
        findings.c.verdict == verdict,
        ~overruled.correlate(attempts, findings),
    )
    if rule:
        person = person.where(review_verdicts.c.rule_id == rule)
        machine = machine.where(findings.c.rule_id == rule)
    # What the check has counted spares a look at most findings.
    counted = _COUNT[verdict] > 0 if verdict in _COUNT else true()
    return person | (counted & machine)


def clear_overturned(conn: Connection, attempt_ids: Collection[str], now: datetime) -> int:
    """Take back what the machine has told of calls in which, as people say, none of those rules is broken;
    how many."""
    kept = overturned(conn, attempt_ids)
    for attempt_id in kept:
        seen(conn, attempt_id, now)
    return len(kept)


def told_of_reviewed(conn: Connection) -> list[str]:
    """The reviewed calls with an open alarm of a broken rule: a later check may have raised it anew."""
    query = (
        select(alarms.c.subject)
        .distinct()
        .join(reviews, reviews.c.attempt_id == alarms.c.subject)
        .where(alarms.c.kind == RULE_BROKEN, alarms.c.cleared_at.is_(None), *_OF_SITE)
    )
    return [row[0] for row in conn.execute(query)]


def overturned(conn: Connection, attempt_ids: Collection[str]) -> list[str]:
    """Those of these calls in which, as people say, no rule is broken whose breach is told at once."""
    return [
        attempt_id for attempt_id, said in said_of(conn, attempt_ids).items() if _kept(conn, attempt_id, said)
    ]


def _kept(conn: Connection, attempt_id: str, said: Mapping[str, Said]) -> bool:
    broken = told_at_once(findings_of(conn, attempt_id))
    return all(rule_id in said and said[rule_id].verdict in _KEPT for rule_id in broken)
