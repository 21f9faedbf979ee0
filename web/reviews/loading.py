"""The review screen, read in one go."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection

from qa.checks.library import shipped_rules
from qa.corrections.queries import corrected, corrections_of
from qa.reviews import queries as reviews
from qa.reviews.queries import ReviewRow
from qa.reviews.rules import OverrideReason, still_open
from qa.reviews.scorecards import Scorecard, score, shipped_scorecard
from qa.reviews.service import opinions_of, points_of
from qa.rules.findings import Verdict
from qa.transcripts.queries import segments_of
from web.auth.queries import User
from web.i18n import Translator
from web.panel import Panel
from web.quality.view import CallPage, load
from web.reviews.talk import talk
from web.reviews.view import CardLine, Choice, RuleLine, Screen, Total
from web.reviews.words import RISK

RULES = shipped_rules()
# Done within this time counts for the progress that the page shows.
_DAY = timedelta(hours=24)
_NA_KEY = "n"


@cache
def card_of(name: str) -> Scorecard:
    """The scorecard of a review."""
    return shipped_scorecard(name)


def load_screen(
    conn: Connection, panel: Panel, row: ReviewRow, user: User, text: Translator
) -> Screen | None:
    """The screen of this review; None where its call is gone."""
    page = load(conn, panel.library, RULES, panel.recordings_root, row.attempt_id)
    if page is None:
        return None
    put_right = corrections_of(conn, row.attempt_id)
    said = corrected(segments_of(conn, row.attempt_id), put_right)
    waiting = len(reviews.open_for(conn, user.login, user.agent_id))
    done = len(reviews.done_by(conn, user.login, panel.clock() - _DAY))
    card, draft = card_of(row.scorecard), row.draft
    return Screen(
        review_id=row.id,
        revision=row.revision,
        pool=row.pool,
        why="、".join(text(RISK[one]) for one in row.why if one in RISK),
        blind=row.is_blind,
        done=done,
        drawn=done + waiting,
        call=page.call,
        has_sound=page.has_sound,
        seconds=(page.recording.seconds if page.recording else None) or 0.0,
        turns=talk(said, {(one.segment, one.word): one.heard for one in put_right}, page.answers),
        rules=_rules(page, draft, row.is_blind, text.language),
        card=_card(card, points_of(draft), text),
        score=_total(card, points_of(draft), text),
        note=str(draft.get("note") or ""),
    )


def _rules(page: CallPage, draft: Mapping[str, Any], blind: bool, language: str) -> list[RuleLine]:
    opinions = opinions_of(draft)
    lacks = still_open(opinions, {one.rule_id: one.verdict for one in page.findings}, blind=blind)
    # The order would tell what is hidden.
    found = sorted(page.findings, key=lambda one: one.position) if blind else page.findings
    lines = []
    for finding in found:
        opinion, title = opinions.get(finding.rule_id), page.rule_names.get(finding.rule_id, {})
        own = opinion.verdict if opinion else None
        differs = own is not None and own is not finding.verdict
        lines.append(
            RuleLine(
                id=finding.rule_id,
                title=title.get(language) or title.get("zh") or finding.rule_id,
                machine=finding if own is not None or not blind else None,
                own=own,
                own_reason=(opinion.reason or "") if opinion else "",
                own_note=opinion.note if opinion else "",
                reasons=tuple(OverrideReason) if differs else (),
                open=finding.rule_id in lacks,
            )
        )
    return lines


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


def changed(draft: Mapping[str, Any], kind: str, name: str, value: Any) -> dict[str, Any]:
    """The draft after one key."""
    verdicts = {rule: dict(said) for rule, said in dict(draft.get("verdicts") or {}).items()}
    scores = dict(draft.get("scores") or {})
    note = str(draft.get("note") or "")
    if kind == "verdict":
        before = verdicts.get(name, {})
        same = before.get("verdict") == value
        verdicts[name] = {
            "verdict": Verdict(value),
            "reason": before.get("reason", "") if same else "",
            "note": before.get("note", ""),
        }
    elif kind in {"reason", "verdict_note"} and name in verdicts:
        verdicts[name] |= {"note" if kind == "verdict_note" else "reason": value}
    elif kind == "score":
        scores[name] = value
    elif kind == "note":
        note = value
    return {"verdicts": verdicts, "scores": scores, "note": note}
