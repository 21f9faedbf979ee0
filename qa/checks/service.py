"""Use cases of checks. Each runs in its caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from dialer.telephony.outcomes import Leg
from qa.checks import queries
from qa.checks.queries import CheckedCall, CheckRow, FindingRow
from qa.checks.states import MACHINE, CheckEvent, CheckState
from qa.checks.tables import checks
from qa.corrections.service import CORRECTED
from qa.rules.assess import Assessment
from qa.rules.findings import Finding, Reason, Verdict
from qa.rules.schema import RuleSet

CONSUMER = "checks"
# A call was transcribed, or a person put a word of it right.
_NEW_WORDS = ("transcript.done", CORRECTED)
_BATCH = 200

RULES_UNUSABLE = "rules_unusable"
CHECK_FAILED = "check_failed"
RULE_BROKEN = "rule_broken"


class NoCheck(Exception):
    """There is no such check. The message says why."""


def has_news(conn: Connection) -> bool:
    """Whether a call has new words that `expect_transcribed` has not seen."""
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_NEW_WORDS, limit=1))


def expect_transcribed(conn: Connection, now: datetime) -> int:
    """Queue a check for each call with new words since the last time; give how many.

    Exactly once: the position in the event rows moves in the same transaction. A call that was
    transcribed anew, or corrected, is checked anew.
    """
    keep_event_order(conn)  # one process at a time: two would read the same position
    latest = feed.latest_id(conn)
    transcribed = feed.after(conn, feed.position(conn, CONSUMER), kinds=_NEW_WORDS, limit=_BATCH)
    for row in transcribed:
        known = queries.check_of(conn, row.subject)
        if known is None:
            queries.add(conn, row.subject, now)
            feed.emit(conn, "check.waiting", row.subject, now)
        elif known.state is CheckState.DONE:
            _again(conn, row.subject, now)
    if transcribed:
        feed.remember(conn, CONSUMER, transcribed[-1].id if len(transcribed) == _BATCH else latest)
    return len(transcribed)


def keep(
    conn: Connection, call: CheckedCall, rules: RuleSet, judged: Assessment, now: datetime
) -> dict[str, int]:
    """What was judged of a call, told as "call.checked"; the counts by verdict. What was before is history.

    Raises:
        IllegalMove: another process was quicker.
    """
    found = judged.findings
    verdicts = Counter(one.verdict for one in found)
    values = {
        "rule_set": rules.id,
        "rule_set_version": rules.version,
        "passes": verdicts[Verdict.PASS],
        "fails": verdicts[Verdict.FAIL],
        "unclears": verdicts[Verdict.UNCLEAR],
        "question_item": judged.question_item,
        "signals": dict(judged.signals),
        "tries": 0,
        "error": None,
        "checked_at": now,
    }
    move = MACHINE.advance(CheckState.WAITING, CheckEvent.FINISH, now)
    queries.keep_past(conn, call.attempt_id, now)
    apply(conn, checks, call.attempt_id, move, values=values)
    queries.replace_findings(conn, call.attempt_id, found, rule_set=rules.id, version=rules.version, now=now)
    counts = {"pass": values["passes"], "fail": values["fails"], "unclear": values["unclears"]}
    broken = told_at_once(found)
    told = {**counts, "rule_set": rules.id, "rule_set_version": rules.version, "alarms": broken}
    told |= {"question_item": judged.question_item, "signals": values["signals"], "said": _said(judged)}
    feed.emit(conn, "call.checked", call.attempt_id, now, told)
    clear_alarm(conn, RULES_UNUSABLE, call.playbook, now)
    clear_alarm(conn, CHECK_FAILED, call.attempt_id, now)
    if broken:
        titles = {rule.id: rule.title for rule in rules.rules}
        named = {
            **_who(call),
            **_spoke(conn, call, found, broken[0]),
            "rules": broken,
            "titles": [titles[one] for one in broken],
        }
        raise_alarm(conn, RULE_BROKEN, call.attempt_id, now, named)
    else:
        clear_alarm(conn, RULE_BROKEN, call.attempt_id, now)
    return {str(verdict): count for verdict, count in verdicts.items()}


def told_at_once(found: Iterable[Finding | FindingRow]) -> list[str]:
    """The rules that were broken by what was said wrongly; what was not said waits for the review."""
    return [one.rule_id for one in found if one.alarm and one.reason != Reason.NOT_SAID]


def rules_unusable(conn: Connection, call: CheckedCall, reason: str, due_at: datetime, now: datetime) -> None:
    """The rules of this call's playbook cannot be used: once a person mended them it goes on by itself."""
    queries.put_off_playbook(conn, call.playbook, due_at, reason)
    raise_alarm(conn, RULES_UNUSABLE, call.playbook, now, {"playbook": call.playbook, "error": reason})


def check_failed(conn: Connection, attempt_id: str, reason: str, due_at: datetime, now: datetime) -> None:
    """This call cannot be checked; it is tried again, and a person is told."""
    queries.put_off(conn, attempt_id, due_at, reason)
    raise_alarm(conn, CHECK_FAILED, attempt_id, now, {"attempt_id": attempt_id, "error": reason})


def seen(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A person has seen that a rule with an alarm was broken in this call."""
    clear_alarm(conn, RULE_BROKEN, attempt_id, now)


def again(conn: Connection, attempt_id: str, now: datetime) -> None:
    """A person asks for this call to be checked again, by the rules as they are now.

    Raises:
        NoCheck: it was never transcribed.
    """
    row: CheckRow | None = queries.check_of(conn, attempt_id)
    if row is None:
        raise NoCheck(f"The call {attempt_id} has no transcript, so nothing to check. Transcribe it first.")
    queries.judge_by_rules_of(conn, attempt_id, now)
    if row.state is CheckState.DONE:
        _again(conn, attempt_id, now)
    else:
        queries.put_off(conn, attempt_id, now, row.error)


def _again(conn: Connection, attempt_id: str, now: datetime) -> None:
    move = MACHINE.advance(CheckState.DONE, CheckEvent.AGAIN, now)
    apply(conn, checks, attempt_id, move, values={"due_at": now, "tries": 0, "error": None})


def _said(judged: Assessment) -> dict[str, list[dict[str, object]]]:
    """The places that show the question item and each signal."""
    proofs = {**judged.signal_evidence, "question_item": judged.question_evidence}
    return {
        name: [
            {
                "channel": one.channel.value,
                "start": round(one.start, 3),
                "end": round(one.end, 3),
                "words": one.words,
            }
            for one in found
        ]
        for name, found in proofs.items()
        if found
    }


def _spoke(conn: Connection, call: CheckedCall, found: Sequence[Finding], rule_id: str) -> dict[str, str]:
    """Who broke this rule, where another one than the call's own agent spoke then (D6)."""
    broken = next(one for one in found if one.rule_id == rule_id)
    if not broken.evidence or broken.evidence[0].channel is not Leg.AGENT:
        return {}
    chief = broken.evidence[0]
    spoke = queries.speakers_of(conn, call.attempt_id).alone(chief.start, chief.end)
    return {"agent": spoke.code} if spoke else {}


def _who(call: CheckedCall) -> dict[str, str | None]:
    return {"attempt_id": call.attempt_id, "plate": call.plate, "agent": call.agent, "branch": call.branch}
