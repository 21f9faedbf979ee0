"""Gathers what a package holds. Runs in its caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import yaml
from sqlalchemy import Connection

from dialer.followups.queries import follow_up
from dialer.forms.queries import answers_of, form_of
from dialer.forms.topics import playbook_of
from dialer.playbooks.library import BadPlaybook, Library
from dialer.storage import feed
from dialer.telephony.outcomes import Leg
from qa.changing.library import rule_library
from qa.checks.queries import check_of, findings_of, past_checks_of, speakers_of
from qa.corrections.queries import corrected, history_of
from qa.corrections.rules import Correction
from qa.examiner import queries
from qa.examiner.queries import Row, Wanted
from qa.examiner.rules import Sums, fate_of, sums
from qa.rules.schema import RuleSet, RuleSetError
from qa.speech.port import Segment
from qa.transcripts.queries import segments_of, transcript_of
from recordings.queries import early_clip_of, recording_of
from recordings.rules import masked

MADE = "package.made"
_RULES = rule_library()
# What of a call was judged by a version of rules.
_JUDGED = ("findings", "past_checks", "human")
_FIRST = ("id", "title", "kind")


class NothingToPack(ValueError):
    """Nothing was issued under this number or in this time. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a package tells; everything in `issued` can be written as JSON.

    `texts` are the scripts and the rules by which it was called and judged, by the names of their files.
    """

    title: str
    by: str
    at: datetime
    sums: Sums
    issued: list[Row] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def gather(conn: Connection, library: Library, wanted: Wanted, by: str, now: datetime) -> Contents:
    """All that is known of what was issued.

    Raises:
        NothingToPack: there is nothing.
    """
    kinds: tuple[str, ...] = ()
    if wanted.playbook:
        playbook = library.find(wanted.playbook)
        if playbook is None:
            raise NothingToPack(f"there is no playbook {wanted.playbook}: look at `dialer playbook list`")
        kinds = tuple(kind for kind in playbook.occasions.kinds if kind != "question-explained")
    found = [_occasion(conn, library, row, wanted.playbook) for row in queries.issued(conn, wanted, kinds)]
    if not found:
        raise NothingToPack("nothing was issued under this number or in this time: look at it again")
    title = wanted.policy or wanted.follow_up_id or wanted.playbook
    counted = sums((one["fate"], one["proven"]) for one in found)
    return Contents(title, by, now, counted, found, _texts(conn, library, found))


def note_made(conn: Connection, contents: Contents, sha256: str, now: datetime) -> None:
    """Who took which package along, on each follow-up and call in it (X1)."""
    told = {"by": contents.by, "title": contents.title, "sha256": sha256}
    for occasion in contents.issued:
        for owed in occasion["follow_ups"]:
            for subject in (owed["id"], *(call["id"] for call in owed["attempts"])):
                feed.emit(conn, MADE, subject, now, told)


def _occasion(conn: Connection, library: Library, row: Row, playbook: str) -> Row:
    owed = [_follow_up(conn, library, one) for one in queries.follow_ups_of(conn, row["id"], playbook)]
    excluded = queries.exclusions_of(conn, row["id"], playbook)
    main = next((one for one in owed if one["state"] == "done"), owed[-1] if owed else None)
    fate = fate_of(main["state"] if main else None, excluded=bool(excluded))
    proven = main is None or bool(main["attempts"] or main["tasks"]) or main["reason"] not in ("", "new")
    return {**row, "follow_ups": owed, "exclusions": excluded, "fate": fate, "proven": proven}


def _follow_up(conn: Connection, library: Library, row: Row) -> Row:
    owed = follow_up(conn, row["id"])
    assert owed is not None
    asks: dict[str, str] = {}
    labels: dict[tuple[str, str], str] = {}
    name = shown = row["playbook"]
    try:
        playbook = playbook_of(library, owed)
        shown = playbook.name.in_("zh")
        for question in playbook.questionnaire:
            asks[question.id] = question.ask.in_("zh")
            labels |= {(question.id, choice.value): choice.label.in_("zh") for choice in question.choices}
    except BadPlaybook:
        pass  # a version that nobody has any more: its number and the answers stay
    order = {key: number for number, key in enumerate(asks)}
    given = [
        {**asdict(answer), "ask": asks.get(key, key), "shown": labels.get((key, answer.value), answer.value)}
        for key, answer in sorted(
            answers_of(conn, row["id"]).items(), key=lambda one: order.get(one[0], len(order))
        )
        if answer.value
    ]
    calls = [_attempt(conn, library, name, one) for one in queries.attempts_of(conn, row["id"])]
    items = [_item(conn, one) for one in queries.items_of(conn, row["id"])]
    looks = queries.looks_at(conn, [row["id"], *(call["id"] for call in calls)])
    return {
        **row,
        "number": masked(row["number"]),
        "playbook_name": shown,
        "answers": given,
        "attempts": calls,
        "tasks": queries.tasks_of(conn, row["id"]),
        "question_items": items,
        "looks": [asdict(look) for look in looks],
    }


def _attempt(conn: Connection, library: Library, playbook: str, row: Row) -> Row:
    key = row["id"]
    recording, early, form = recording_of(conn, key), early_clip_of(conn, key), form_of(conn, key)
    transcript, check = transcript_of(conn, key), check_of(conn, key)
    heard, put_right = segments_of(conn, key), history_of(conn, key)
    in_force = [one for one in put_right if one.replaced_at is None]
    return {
        **row,
        "number": masked(row["number"]),
        "form": asdict(form) if form else None,
        "recording": asdict(recording) if recording else None,
        "early": asdict(early) if early else None,
        "transcript": asdict(transcript) if transcript else None,
        # What counts as said, by which was judged; what the machine heard; who put which word right.
        "said": [asdict(segment) for segment in corrected(heard, in_force)],
        "heard_by_machine": [asdict(segment) for segment in heard],
        "corrections": [{**asdict(one), "second": _second(heard, one)} for one in put_right],
        "check": asdict(check) if check else None,
        "findings": _findings(conn, key),
        "past_checks": [asdict(past) for past in past_checks_of(conn, key)],
        "human": _human(conn, library, playbook, row),
    }


def _second(heard: Sequence[Segment], one: Correction) -> float | None:
    """When the word was said; None where it does not count: put right anew, or not in the transcript now."""
    if one.replaced_at is not None or one.segment >= len(heard):
        return None
    word = next(iter(heard[one.segment].words[one.word : one.word + 1]), None)
    return word.start if word is not None and word.text == one.heard else None


def _human(conn: Connection, library: Library, playbook: str, row: Row) -> list[Row]:
    """What people said of the rules, each with its rule's name in the version that was before them."""
    human = queries.verdicts_of(conn, row["id"])
    versions = {(said["rule_set"], said["rule_set_version"]) for said in human}
    titles = {one: _titles_for(conn, library, playbook, row, *one) for one in versions}
    shown = (titles[said["rule_set"], said["rule_set_version"]].get(said["rule_id"], {}) for said in human)
    return [
        {**said, "title": title.get("zh") or said["rule_id"]}
        for said, title in zip(human, shown, strict=True)
    ]


def _titles_for(
    conn: Connection, library: Library, playbook: str, row: Row, rule_set: str | None, version: int
) -> Mapping[str, Mapping[str, str]]:
    """Of the version that judged the call; where none did, of the one that would have."""
    if rule_set:
        return _RULES.titles(conn, rule_set, version)
    talked_by = row["playbook_version"]
    script = library.find(playbook, talked_by)
    if script is None:
        return {}
    try:
        rules = _RULES.for_call(conn, script.rules, playbook_version=talked_by, at=row["placed_at"]).rules
    except RuleSetError:
        return {}  # the alarm of the check says it
    return {rule.id: rule.title for rule in rules}


def _texts(conn: Connection, library: Library, issued: Sequence[Row]) -> dict[str, str]:
    """The versions that are named, whole; one that nobody has any more is not there."""
    scripts: set[tuple[str, int]] = set()
    rules: set[tuple[str, int]] = set()
    for owed in (owed for occasion in issued for owed in occasion["follow_ups"]):
        calls = owed["attempts"]
        scripts |= {(owed["playbook"], one["playbook_version"]) for one in (owed, *calls)}
        judged = (one for call in calls for part in _JUDGED for one in call[part])
        rules |= {(one["rule_set"], one["rule_set_version"]) for one in judged if one["rule_set"]}
    texts = {}
    for name, version in scripts:
        playbook = library.find(name, version)
        if playbook is not None and playbook.version == version:
            texts[f"scripts/{name}-{version}.yaml"] = playbook.text
    for name, version in rules:
        try:
            known = _RULES.version(conn, name, version)
        except RuleSetError:
            continue
        if known.version == version:
            texts[f"rules/{name}-{version}.yaml"] = _as_yaml(known)
    return texts


def _as_yaml(rules: RuleSet) -> str:
    """The whole of it, with what it includes, to be read: of each rule its name first."""
    whole: dict[str, Any] = rules.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    whole["rules"] = [{name: rule[name] for name in _FIRST} | rule for rule in whole["rules"]]
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110)


def _findings(conn: Connection, attempt_id: str) -> list[Row]:
    """Each with its rule's name in the version that judged, and who of ours said each proof."""
    found, speakers = findings_of(conn, attempt_id), speakers_of(conn, attempt_id)
    titles = _RULES.titles(conn, found[0].rule_set, found[0].rule_set_version) if found else {}

    def who(proof: Mapping[str, Any]) -> str:
        return speakers.names(proof["start"], proof["end"]) if proof["channel"] == Leg.AGENT else ""

    return [
        {
            **asdict(one),
            "title": titles.get(one.rule_id, {}).get("zh") or one.rule_id,
            "evidence": [{**proof, "who": who(proof)} for proof in one.evidence],
        }
        for one in found
    ]


def _item(conn: Connection, row: Row) -> Row:
    history: list[Any] = [asdict(event) for event in feed.of_subject(conn, row["id"])]
    return {**row, "history": history, "second_calls": queries.second_calls(conn, row["id"])}
