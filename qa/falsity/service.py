"""Use cases of doubtful follow-ups. Each runs in its caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection

from dialer.alarms.service import clear_alarm, raise_alarm
from dialer.calling.queries import attempt
from dialer.followups.queries import follow_up
from dialer.forms.queries import form_of
from dialer.forms.rules import Disposition
from dialer.forms.topics import Topic, topic_of
from dialer.playbooks.asking import is_bad
from dialer.playbooks.form.questions import AnswerType
from dialer.playbooks.library import Library
from dialer.storage import feed
from dialer.storage.dialects import keep_event_order
from dialer.storage.transition import apply
from dialer.telephony.outcomes import Leg
from qa.announcements.queries import announcement_of
from qa.checks.material import audio_of
from qa.checks.rules import recorded
from qa.falsity import queries
from qa.falsity.queries import DoubtRow
from qa.falsity.rules import Doubt, Followed, FormAnswer, Judged
from qa.falsity.settings import DoubtSettings
from qa.falsity.states import DECIDED, MACHINE, DoubtEvent, DoubtState
from qa.falsity.tables import doubts
from qa.matching.syllables import Spoken, hear
from qa.speech.port import Mark, Transcript
from qa.transcripts.queries import spoken
from recordings.queries import Recording, recording_of

CONSUMER = "doubts"
FALSE_FOLLOW_UP = "false_follow_up"
# What may have completed the picture of a call.
_NEWS = ("call.checked", "form.saved", "recording.missing", "transcript.failed", "doubt.reopened")
_BATCH = 50
_RATED = frozenset({AnswerType.GRADE, AnswerType.SCORE, AnswerType.YES_NO, AnswerType.CHOICE})
# Quieter than this, or more lost than this share of it, a leg proves nothing by its silence.
_QUIET = -50.0
_LOST = 0.3
_LONGEST_NOTE = 500


class CannotDecide(ValueError):
    """The decision does not hold. The message says why and what to do."""


def news(conn: Connection) -> tuple[list[str], int]:
    """The calls of which something came since the last time, and the event row to go on from."""
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_NEWS, limit=_BATCH)
    subjects = [str(row.data.get("attempt_id") or row.subject) for row in rows]
    return list(dict.fromkeys(subjects)), rows[-1].id if rows else 0


def remember(conn: Connection, last: int) -> None:
    """All up to this event row is dealt with."""
    keep_event_order(conn)
    feed.remember(conn, CONSUMER, last)


def gather(conn: Connection, library: Library, attempt_id: str) -> Followed | None:
    """A completed form with all it is held against; None where there is no such form."""
    call, form = attempt(conn, attempt_id), form_of(conn, attempt_id)
    if call is None or form is None or form.disposition != Disposition.COMPLETED:
        return None
    owed = follow_up(conn, call.follow_up_id)
    if owed is None or library.find(owed.playbook) is None:
        return None
    topic = topic_of(conn, library, owed)
    transcript = spoken(conn, attempt_id)
    heard = announcement_of(conn, attempt_id)
    given = _answers(topic, attempt_id, call.ended_at)
    talk = 0.0
    if call.answered_at is not None and call.ended_at is not None:
        talk = (call.ended_at - call.answered_at).total_seconds()
    rated = [answer.question for answer in given if answer.rated]
    return Followed(
        answers=given,
        talk_seconds=talk,
        legs=_legs(transcript) if transcript else None,
        clear=_clear(transcript, recording_of(conn, attempt_id)) if transcript else frozenset(),
        machine=str(heard.words or heard.heard or "") if heard is not None and heard.heard else "",
        own_number=queries.is_own_number(conn, call.number),
        customers_of_number=queries.customers_of_number(conn, call.agent_id, call.number, call.placed_at),
        habit=queries.habit(conn, attempt_id, rated),
    )


def _answers(topic: Topic, attempt_id: str, ended_at: datetime | None) -> tuple[FormAnswer, ...]:
    made = []
    for question in topic.standing.questions:
        answer = topic.given.get(question.id)
        if answer is None or not answer.value or answer.attempt_id != attempt_id:
            continue
        late = max(0.0, (answer.at - ended_at).total_seconds()) if ended_at is not None else 0.0
        choice = question.choice(answer.value)
        made.append(
            FormAnswer(
                question=question.id,
                ask=question.ask.in_("zh"),
                shown=choice.label.in_("zh") if choice else answer.value,
                rated=question.type in _RATED and choice is not None,
                bad=is_bad(question, answer.value),
                second=answer.second,
                late=late,
            )
        )
    return tuple(made)


def _legs(transcript: Transcript) -> dict[Leg, Spoken]:
    nobody = Spoken((), (), (), (), ())
    return {leg: hear(transcript.legs[leg].words) if leg in transcript.legs else nobody for leg in Leg}


def _clear(transcript: Transcript, recording: Recording | None) -> frozenset[Leg]:
    """The legs whose missing words prove something: a silent customer is one, a lost leg is not."""
    if recording is None or transcript.marks - {Mark.EXCHANGED}:
        return frozenset()
    kept = recorded(audio_of(recording, transcript))
    return frozenset(
        leg
        for leg, said in transcript.legs.items()
        if leg in kept
        and said.lost_seconds <= _LOST * said.seconds
        and (leg is Leg.CUSTOMER or said.speech_level > _QUIET)
    )


def keep(conn: Connection, attempt_id: str, judged: Judged, settings: DoubtSettings, now: datetime) -> None:
    """Keep a score with its reasons; one that a person decided on stays as it is."""
    known = queries.doubt_of(conn, attempt_id)
    if known is not None and known.state in DECIDED:
        return
    values = {"score": judged.score, "reasons": [_plain(doubt) for doubt in judged.doubts], "scored_at": now}
    if known is None:
        queries.add(conn, attempt_id, values)
        state = DoubtState.NOTED
    else:
        queries.rescore(conn, attempt_id, values)
        state = known.state
    suspected = judged.score >= settings.suspected
    if suspected != (state is DoubtState.SUSPECTED):
        event = DoubtEvent.SUSPECT if suspected else DoubtEvent.EASE
        told = {"score": judged.score, "reasons": [doubt.reason.value for doubt in judged.doubts]}
        apply(conn, doubts, attempt_id, MACHINE.advance(state, event, now), data=told)
    if judged.score >= settings.alarm:
        raise_alarm(conn, FALSE_FOLLOW_UP, attempt_id, now, _who(conn, attempt_id, judged.score))
    else:
        clear_alarm(conn, FALSE_FOLLOW_UP, attempt_id, now)


def decide(conn: Connection, attempt_id: str, event: DoubtEvent, note: str, by: str, now: datetime) -> None:
    """A person clears the call or confirms that its form is false; or takes that back.

    Raises:
        CannotDecide: no note, no such doubt.
        IllegalMove: somebody decided before.
    """
    known: DoubtRow | None = queries.doubt_of(conn, attempt_id)
    if known is None:
        raise CannotDecide("there is no doubt about this call: load the page again")
    if not note.strip():
        raise CannotDecide("write down what you heard: a decision needs its reason")
    move = MACHINE.advance(known.state, event, now)
    decided = None if event is DoubtEvent.REOPEN else by
    values = {
        "decided_by": decided,
        "decided_at": now if decided else None,
        "note": note.strip()[:_LONGEST_NOTE],
    }
    apply(conn, doubts, attempt_id, move, values=values, data={"by": by, "note": values["note"]})
    clear_alarm(conn, FALSE_FOLLOW_UP, attempt_id, now)


def _plain(doubt: Doubt) -> dict[str, object]:
    return {
        "reason": doubt.reason.value,
        "strength": doubt.strength,
        "start": None if doubt.start is None else round(doubt.start, 2),
        "end": None if doubt.end is None else round(doubt.end, 2),
        "words": doubt.words,
        "questions": list(doubt.questions),
        "data": dict(doubt.data),
    }


def _who(conn: Connection, attempt_id: str, score: float) -> dict[str, object]:
    call = queries.who(conn, attempt_id)
    return {"attempt_id": attempt_id, "score": round(score), **call}
