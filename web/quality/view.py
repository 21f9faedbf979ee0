"""All that a call's page shows, read in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from dialer.cases.queries import QuestionItem, Task, items_of_call, question_task
from dialer.followups.queries import follow_up
from dialer.forms.topics import Topic, topic_of
from dialer.playbooks.asking import is_bad
from dialer.playbooks.form.schema import Question
from dialer.playbooks.library import Library
from dialer.storage.feed import latest_id
from dialer.telephony.outcomes import Leg
from qa.announcements.queries import Announcement, announcement_of
from qa.changing.library import rule_library
from qa.checks.queries import (
    FindingRow,
    PastCheck,
    check_of,
    findings_of,
    past_checks_of,
    speakers_of,
)
from qa.checks.speaking import Speakers
from qa.corrections.queries import corrected, history_of
from qa.corrections.rules import Correction
from qa.reviews.in_force import Said, said_of
from qa.speech.port import Segment
from qa.transcripts.queries import segments_of, transcript_of
from recordings.queries import EarlyClip, Recording, early_clip_of, recording_of
from recordings.service import Files, NoRecording, files_of
from web.quality.dialogue import Turn, dialogue
from web.quality.queries import CallRow, call

_RULES = rule_library()
# Worst first: what a reviewer looks for.
_ORDER = ("fail", "unclear", "pass", "na")


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as it was given; `second` of the talk, None where another call of the follow-up gave it."""

    question: Question
    value: str
    second: float | None

    @property
    def bad(self) -> bool:
        """Whether it is a dissatisfied one."""
        return is_bad(self.question, self.value)

    def said(self, language: str) -> str:
        """The answer in words."""
        chosen = [
            choice.label.in_(language)
            for one in self.value.split(",")
            if (choice := self.question.choice(one)) is not None
        ]
        return ("、" if language == "zh" else ", ").join(chosen) or self.value


@dataclass(frozen=True, slots=True)
class CallPage:
    """One call's page. `position` is the event row up to which it is true."""

    call: CallRow
    recording: Recording | None
    has_sound: bool
    # The transcript, with the words that count: those that people put right are.
    said: list[Segment]
    turns: list[Turn]
    # What the machine heard where a person put a word right, by the word's party, begin and end (S2).
    was: Mapping[tuple[Leg, float, float], str]
    # Who put which word right, the oldest first, those that count no more included (Q7).
    corrections: list[Correction]
    # Who of ours spoke when.
    speakers: Speakers
    # What is odd about the channels (qa.speech.port.Mark).
    marks: list[str]
    findings: list[FindingRow]
    # What people say of each rule, where the call was reviewed: that counts.
    people: Mapping[str, Said]
    # What earlier checks said, the latest first.
    past: list[PastCheck]
    rule_names: Mapping[str, Mapping[str, str]]
    # Whether the customer had a question: the check's word (QuestionNeed), what was opened, QA's decision.
    question_need: str | None
    items: list[QuestionItem]
    question_task: Task | None
    answers: list[GivenAnswer]
    asked: int
    # What was heard on the line, and whether its clip from before the answer can be played.
    announcement: Announcement | None
    has_early: bool
    position: int

    @property
    def only_people(self) -> Mapping[str, Said]:
        """What people say of rules on which the machine says nothing."""
        judged = {one.rule_id for one in self.findings}
        return {rule_id: said for rule_id, said in self.people.items() if rule_id not in judged}

    @property
    def question_proofs(self) -> Sequence[Mapping[str, Any]]:
        """Where the question was heard: from the item, else from QA's task."""
        heard = next((item.evidence for item in self.items if item.evidence), None)
        return heard or (self.question_task.evidence.get("heard", ()) if self.question_task else ())


def load(conn: Connection, library: Library, root: Path, attempt_id: str) -> CallPage | None:
    """The page of this call; None where there is no such call, or it is not over."""
    position = latest_id(conn)
    row = call(conn, attempt_id)
    if row is None:
        return None
    owed = follow_up(conn, row.follow_up_id)
    topic = topic_of(conn, library, owed) if owed else None
    recording = recording_of(conn, attempt_id)
    check = check_of(conn, attempt_id)
    found, speakers = findings_of(conn, attempt_id), speakers_of(conn, attempt_id)
    people = said_of(conn, [attempt_id]).get(attempt_id, {})
    heard, put_right = segments_of(conn, attempt_id), history_of(conn, attempt_id)
    said = corrected(heard, [one for one in put_right if one.replaced_at is None])
    return CallPage(
        call=row,
        recording=recording,
        has_sound=sound(root, recording) is not None,
        said=said,
        turns=dialogue(said, speakers),
        was=_was(heard, said),
        corrections=put_right,
        speakers=speakers,
        marks=list(row_of.marks or ()) if (row_of := transcript_of(conn, attempt_id)) else [],
        findings=sorted(found, key=lambda one: _ORDER.index((people.get(one.rule_id) or one).verdict)),
        people=people,
        past=past_checks_of(conn, attempt_id),
        rule_names=names_of(conn, [*people.values(), *found]),
        question_need=check.question_item if check else None,
        items=items_of_call(conn, attempt_id),
        question_task=question_task(conn, attempt_id),
        answers=_answers(topic, row) if topic else [],
        asked=len(topic.standing.questions) if topic else 0,
        announcement=announcement_of(conn, attempt_id),
        has_early=early_file(root, early_clip_of(conn, attempt_id)) is not None,
        position=position,
    )


def sound(root: Path, recording: Recording | None) -> Files | None:
    """Where the recording's files lie; None where there is nothing to hear."""
    try:
        return files_of(root, recording)
    except NoRecording:
        return None


def early_file(root: Path, clip: EarlyClip | None) -> Path | None:
    """Where what was heard before the answer lies; None where there is nothing to hear."""
    if clip is None:
        return None
    path = root / clip.path
    return path if path.is_file() else None


def names_of(conn: Connection, found: Sequence[FindingRow | Said]) -> dict[str, Mapping[str, str]]:
    """What the rules were called in the version that judged, by rule and language; the last one's word."""
    names: dict[str, Mapping[str, str]] = {}
    for rule_set, version in dict.fromkeys((one.rule_set, one.rule_set_version) for one in found):
        if rule_set is not None and version is not None:
            names.update(_RULES.titles(conn, rule_set, version))
    return names


def _was(heard: list[Segment], said: list[Segment]) -> dict[tuple[Leg, float, float], str]:
    return {
        (after.channel, word.start, word.end): machine.text
        for before, after in zip(heard, said, strict=True)
        for machine, word in zip(before.words, after.words, strict=True)
        if machine != word
    }


def _answers(topic: Topic, row: CallRow) -> list[GivenAnswer]:
    """The answers that count: those to questions that were asked of this customer."""
    shown = []
    for question in topic.standing.questions:
        answer = topic.given.get(question.id)
        if answer is not None and answer.value:
            here = answer.attempt_id == row.attempt_id
            shown.append(GivenAnswer(question, answer.value, answer.second if here else None))
    return shown
