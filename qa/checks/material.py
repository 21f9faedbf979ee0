"""What a judgement of a call needs besides its words: facts, audio, and whether it is known who spoke."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from dialer.telephony.outcomes import Leg
from qa.checks import queries, rules
from qa.checks.facts import OnRecord, facts_of_call
from qa.checks.queries import CheckedCall
from qa.rules.findings import LegQuality, Reason
from qa.speech.port import Mark, Transcript
from recordings.queries import Recording, recording_of

_UNSURE_WHO = {Mark.MONO: Reason.SPEAKER_UNKNOWN, Mark.SWAPPED: Reason.LEGS_SWAPPED}


@dataclass(frozen=True, slots=True)
class Material:
    """A call, its facts, how far its audio can be trusted, and why its speakers cannot be told apart."""

    call: CheckedCall
    facts: Mapping[str, str]
    quality: Mapping[Leg, LegQuality]
    unsure_who: Reason | None


def material_of(conn: Connection, attempt_id: str, heading: Transcript, company: str = "") -> Material | None:
    """What is known of a call with this transcript; None where the call or its recording is gone.

    `company` is what the site calls itself (`site.company`).
    """
    call, recording = queries.call_of(conn, attempt_id), recording_of(conn, attempt_id)
    if call is None or recording is None:
        return None
    facts = facts_of_call(_on_record(conn, call), company)
    audio = audio_of(recording, heading)
    unsure = next((reason for mark, reason in _UNSURE_WHO.items() if mark in heading.marks), None)
    return Material(call, facts, rules.quality(audio), unsure)


def audio_of(recording: Recording, heading: Transcript) -> rules.Audio:
    """What archive and engine know of a recording."""
    return rules.Audio(
        whole=recording.call_seconds is not None,
        problems=recording.problems,
        levels={leg: one.speech_level for leg, one in heading.legs.items()},
        exchanged=Mark.EXCHANGED in heading.marks,
    )


def _on_record(conn: Connection, call: CheckedCall) -> OnRecord:
    return OnRecord(
        kind=call.kind,
        name=call.name,
        salutation=call.salutation,
        document_tail=call.document_tail,
        plate=call.plate,
        branch=call.branch,
        agent=call.agent,
        products=call.products,
        amount_fen=call.amount_fen,
        told=call.facts,
        first_call=queries.first_placed(conn, call),
        other_means=queries.other_means_of(conn, call),
        served_by=frozenset((*call.staff.values(), *call.barred)),
    )
