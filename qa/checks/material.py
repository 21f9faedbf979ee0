"""What a judgement of a call needs besides its words: facts, audio, and whether it is known who spoke."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from dialer.telephony.outcomes import Leg
from qa.checks import queries, rules
from qa.checks.queries import CheckedCall
from qa.rules.findings import LegQuality, Reason
from qa.speech.port import Mark, Transcript
from recordings.queries import recording_of

_UNSURE_WHO = {Mark.MONO: Reason.SPEAKER_UNKNOWN, Mark.SWAPPED: Reason.LEGS_SWAPPED}


@dataclass(frozen=True, slots=True)
class Material:
    """A call, its facts, how far its audio can be trusted, and why its speakers cannot be told apart."""

    call: CheckedCall
    facts: Mapping[str, str]
    quality: Mapping[Leg, LegQuality]
    unsure_who: Reason | None


def material_of(conn: Connection, attempt_id: str, heading: Transcript) -> Material | None:
    """What is known of a call with this transcript; None where the call or its recording is gone."""
    call, recording = queries.call_of(conn, attempt_id), recording_of(conn, attempt_id)
    if call is None or recording is None:
        return None
    facts = rules.facts(
        name=call.name,
        salutation=call.salutation,
        plate=call.plate,
        branch=call.branch,
        agent=call.agent,
        told=call.facts,
    )
    levels = {leg: one.speech_level for leg, one in heading.legs.items()}
    audio = rules.Audio(recording.call_seconds is not None, recording.problems, levels)
    unsure = next((reason for mark, reason in _UNSURE_WHO.items() if mark in heading.marks), None)
    return Material(call, facts, rules.quality(audio), unsure)
