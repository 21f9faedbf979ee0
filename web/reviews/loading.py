"""The review screen, read in one go."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from dialer.playbooks.library import BadPlaybook, Library
from qa.changing.library import rule_library
from qa.checks.library import shipped_rules
from qa.checks.queries import call_of, findings_of
from qa.reviews import queries as reviews
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import Opinion, OverrideReason, still_open
from qa.reviews.scorecards import Scorecard, score
from qa.reviews.service import opinions_of, points_of
from qa.rules.findings import Verdict
from qa.rules.schema import Rule, RuleSetError
from web.auth.queries import User
from web.i18n import Translator
from web.panel import Panel
from web.quality.view import CallPage, load
from web.reviews.site import card_of
from web.reviews.talk import talk
from web.reviews.view import CardLine, Choice, RuleLine, Screen, Total
from web.reviews.words import RISK

RULES = shipped_rules()
_IN_FORCE = rule_library()
# Done within this time counts for the progress that the page shows.
_DAY = timedelta(hours=24)
_NA_KEY = "n"


def asked_of(conn: Connection, library: Library, row: ReviewRow) -> tuple[Rule, ...]:
    """The rules that a person judges by himself: of a call that was not checked; else none."""
    call = call_of(conn, row.attempt_id)
    if call is None or findings_of(conn, row.attempt_id):
        return ()
    try:
        rules_id = library.get(call.playbook, call.playbook_version).rules
        version = call.playbook_version
        return _IN_FORCE.for_call(conn, rules_id, playbook_version=version, at=call.placed_at).rules
    except (RuleSetError, BadPlaybook):
        return ()  # the check's alarm says it


def load_screen(
    conn: Connection, panel: Panel, row: ReviewRow, user: User, text: Translator
) -> Screen | None:
    """The screen of this review; None where its call is gone."""
    page = load(conn, panel.library, panel.recordings_root, row.attempt_id)
    if page is None:
        return None
    put_right = {one.place: one.heard for one in page.corrections if one.replaced_at is None}
    waiting = len(reviews.open_for(conn, user.login, user.agent_id))
    done = len(reviews.done_by(conn, user.login, panel.clock() - _DAY))
    card, draft = card_of(row), row.draft
    return Screen(
        review_id=row.id,
        sample_id=row.sample_id,
        revision=row.revision,
        pool=row.pool,
        why=text.listed(text(RISK[one]) for one in row.why if one in RISK),
        blind=row.is_blind,
        done=done,
        drawn=done + waiting,
        call=page.call,
        has_sound=page.has_sound,
        seconds=(page.recording.seconds if page.recording else None) or 0.0,
        turns=talk(page.said, put_right, page.answers),
        rules=_rules(page, draft, row.is_blind, text.language, asked_of(conn, panel.library, row)),
        card=_card(card, points_of(draft), text),
        score=_total(card, points_of(draft), text),
        note=str(draft.get("note") or ""),
    )


def _rules(
    page: CallPage, draft: Mapping[str, Any], blind: bool, language: str, asked: Sequence[Rule]
) -> list[RuleLine]:
    opinions, judged = opinions_of(draft), {one.rule_id: one.verdict for one in page.findings}
    lacks = still_open(opinions, judged, blind=blind, asked=[rule.id for rule in asked])
    # The order would tell what is hidden.
    found = sorted(page.findings, key=lambda one: one.position) if blind else page.findings
    lines = [_unchecked(rule, opinions.get(rule.id), language, lacks.get(rule.id, "")) for rule in asked]
    for finding in found:
        opinion, title = opinions.get(finding.rule_id), page.rule_names.get(finding.rule_id, {})
        own = opinion.verdict if opinion else None
        differs = opinion is not None and opinion.last is not finding.verdict
        lines.append(
            RuleLine(
                id=finding.rule_id,
                title=title.get(language) or title.get("zh") or finding.rule_id,
                machine=finding if own is not None or not blind else None,
                own=own,
                reconsidered=opinion.reconsidered if opinion else None,
                own_reason=(opinion.reason or "") if opinion else "",
                own_note=opinion.note if opinion else "",
                reasons=tuple(OverrideReason) if differs else (),
                lacks=lacks.get(finding.rule_id, ""),
            )
        )
    return lines


def _unchecked(rule: Rule, opinion: Opinion | None, language: str, lacks: str) -> RuleLine:
    """A rule of which nothing was found, since the call was not checked."""
    return RuleLine(
        id=rule.id,
        title=rule.title.get(language) or rule.title["zh"],
        machine=None,
        own=opinion.verdict if opinion else None,
        reconsidered=None,
        own_reason="",
        own_note="",
        reasons=(),
        lacks=lacks,
    )


def _card(card: Scorecard, given: Mapping[str, int | None], text: Translator) -> list[CardLine]:
    lines = []
    for item in card.items:
        points, has = given.get(item.id), item.id in given
        choices = [
            Choice(
                key=str(place),
                points=grade.points,
                name=grade.title.get(text.language, grade.title["zh"]),
                chosen=has and points == grade.points,
            )
            for place, grade in enumerate(item.grades, 1)
        ]
        choices.append(Choice(_NA_KEY, None, text("Does not apply"), has and points is None))
        chosen = next((one for one in choices if one.chosen), None)
        lines.append(
            CardLine(
                id=item.id,
                title=item.title.get(text.language, item.title["zh"]),
                weight=item.weight,
                fatal=item.fatal,
                text=chosen.name if chosen else "—",
                look=_look(item.fatal, points) if chosen else "none",
                choices=choices,
                open=not has,
            )
        )
    return lines


def _look(fatal: bool, points: int | None) -> str:
    if points is None:
        return ""
    return "good" if points >= 80 else "bad" if fatal and points == 0 else "warn" if points < 60 else ""


def _total(card: Scorecard, given: Mapping[str, int | None], text: Translator) -> Total:
    result = score(card, given)
    if result.points is None:
        return Total(
            text("{n} lines left", n=len(result.missing)) if result.missing else "—", bool(result.fatal)
        )
    return Total(text("Score {points}", points=result.points), bool(result.fatal))


def changed(draft: Mapping[str, Any], kind: str, name: str, value: Any, *, stands: bool) -> dict[str, Any]:
    """The draft after one key.

    Where the first verdict `stands`, since the machine's was shown after it, another one is kept beside it.
    """
    verdicts = {rule: dict(said) for rule, said in dict(draft.get("verdicts") or {}).items()}
    scores = dict(draft.get("scores") or {})
    note = str(draft.get("note") or "")
    if kind == "verdict":
        before = verdicts.get(name, {})
        first = before.get("verdict") if stands else None
        same = (before.get("reconsidered") or before.get("verdict")) == value
        verdicts[name] = {
            "verdict": first or Verdict(value),
            "reason": before.get("reason", "") if same else "",
            "note": before.get("note", ""),
        }
        if first is not None and first != value:
            verdicts[name]["reconsidered"] = Verdict(value)
    elif kind in {"reason", "verdict_note"} and name in verdicts:
        verdicts[name] |= {"note" if kind == "verdict_note" else "reason": value}
    elif kind == "score":
        scores[name] = value
    elif kind == "note":
        note = value
    return {"verdicts": verdicts, "scores": scores, "note": note}
