"""What the machine says without a person's help: its error rate is measured on that."""

from sqlalchemy import Connection

from qa.checks.queries import check_of, past_checks_of
from qa.corrections.queries import history_of
from qa.corrections.rules import helped
from qa.reviews.queries import machine_verdicts
from qa.rules.findings import Verdict


def heard_alone(conn: Connection, attempt_id: str) -> dict[str, Verdict]:
    """What the machine says of each rule by what it heard itself: of the last check, by the rules that are
    judged by now, in which no word had been put right by a person (Q5). Empty where there is none."""
    last = check_of(conn, attempt_id)
    if last is None or last.checked_at is None:
        return {}
    put_right = history_of(conn, attempt_id)
    if not helped(put_right, last.checked_at):
        return machine_verdicts(conn, attempt_id)
    rules = (last.rule_set, last.rule_set_version)
    alone = (
        one
        for one in past_checks_of(conn, attempt_id)
        if (one.rule_set, one.rule_set_version) == rules and not helped(put_right, one.checked_at)
    )
    found = next(alone, None)
    return {rule_id: Verdict(said) for rule_id, said in found.verdicts.items()} if found else {}
