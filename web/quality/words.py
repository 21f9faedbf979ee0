"""The words and sentences of the QA pages."""

from collections.abc import Mapping

from dialer.calling.hearing import Effect
from qa.announcements.states import HearingState
from qa.rules.findings import Reason, Verdict
from qa.speech.port import Mark
from qa.transcripts.states import TranscriptState
from recordings.rules import Problem
from recordings.states import RecordingState
from web.i18n import N_

RECORDING: Mapping[str, str] = {
    RecordingState.EXPECTED: N_("Being archived"),
    RecordingState.ARCHIVED: N_("Archived"),
    RecordingState.MISSING: N_("Missing"),
    RecordingState.FAILED: N_("Unreadable"),
}

# Why there is nothing to hear, and what to do.
NO_SOUND: Mapping[str, str] = {
    RecordingState.EXPECTED: N_("The recording is being archived; this page shows it when it is there."),
    RecordingState.ARCHIVED: N_(
        "The recording's file is not in the archive: tell the administrator to restore it."
    ),
    RecordingState.MISSING: N_("The call was answered and no recording came: tell the administrator."),
    RecordingState.FAILED: N_("The recording cannot be read; its files are kept: tell the administrator."),
}

TRANSCRIPT: Mapping[str, str] = {
    TranscriptState.WAITING: N_("In the queue"),
    TranscriptState.DONE: N_("Done"),
    TranscriptState.FAILED: N_("Failed"),
}

NO_WORDS: Mapping[str, str] = {
    TranscriptState.WAITING: N_("The transcript is being made; this page shows it when it is there."),
    TranscriptState.DONE: N_("Nothing was heard in this recording."),
    TranscriptState.FAILED: N_("The recording could not be transcribed: tell the administrator."),
}

MARK: Mapping[str, str] = {
    Mark.MONO: N_("Both parties are on one channel: nobody can tell who spoke."),
    Mark.SWAPPED: N_(
        "Agent and customer are perhaps on the wrong channels: decide on the page of transcription."
    ),
    Mark.EXCHANGED: N_(
        "Agent and customer were on each other's channels: the words have changed sides, the sound has not."
    ),
    Mark.CROSS_TALK: N_("One channel leaked into the other: its echo was left out of the words."),
}

VERDICT: Mapping[str, str] = {
    Verdict.PASS: N_("Passed"),
    Verdict.FAIL: N_("Failed the rule"),
    Verdict.UNCLEAR: N_("Unclear"),
    Verdict.NA: N_("Does not apply"),
}

# How a verdict's chip looks.
VERDICT_LOOK: Mapping[str, str] = {
    Verdict.PASS: "good",
    Verdict.FAIL: "bad",
    Verdict.UNCLEAR: "warn",
    Verdict.NA: "",
}

REASON: Mapping[str, str] = {
    Reason.SAID: N_("It was said."),
    Reason.NOT_SAID: N_("It was not said in the whole call."),
    Reason.MAYBE_SAID: N_("Something like it was said: listen and decide."),
    Reason.OPPOSITE_SAID: N_("The wrong wording was said."),
    Reason.FORBIDDEN_SAID: N_("A forbidden wording was said."),
    Reason.MAYBE_FORBIDDEN: N_("Something like a forbidden wording was said: listen and decide."),
    Reason.NOTHING_FORBIDDEN: N_("Nothing forbidden was said."),
    Reason.CODE_SAID: N_("The right number was said."),
    Reason.CODE_CONFIRMED: N_("The number was heard in part, and the customer confirmed it."),
    Reason.CODE_UNSURE: N_("The number was not heard clearly: listen and decide."),
    Reason.OTHER_CODE: N_("Another number was said."),
    Reason.DENIED: N_("The customer said that it is wrong."),
    Reason.AUDIO_INCOMPLETE: N_(
        "It was not found, and the recording is not whole or not clear: cannot tell."
    ),
    Reason.FACT_MISSING: N_("What should have been said is not on record: cannot tell."),
    Reason.ASKED: N_("It was asked."),
    Reason.STATED: N_("It was stated and not asked."),
    Reason.MAYBE_STATED: N_("Perhaps it was stated and not asked: listen and decide."),
    Reason.LEADING: N_("The question puts the answer into the customer's mouth: listen and decide."),
    Reason.CORRECTED: N_("It was said wrongly first, and rightly afterwards."),
    Reason.BOTH_SAID: N_("It was said rightly, and wrongly afterwards: listen and decide."),
    Reason.ANSWERED_NO: N_("The customer answered no."),
    Reason.VALUE_SAID: N_("It was said as it is on record."),
    Reason.VALUE_NOT_SAID: N_("What is on record was not said."),
    Reason.VALUE_UNSURE: N_("It was not heard clearly whether it is as on record: listen and decide."),
    Reason.OTHER_VALUE: N_("Something else was said than is on record."),
    Reason.IDENTIFIED: N_("The customer said the number, and it is right."),
    Reason.READ_OUT: N_("The agent read the number out."),
    Reason.TAIL_DIFFERS: N_("The customer said another number than is on record."),
    Reason.TAIL_UNSURE: N_("The customer's number was not heard clearly: listen and decide."),
    Reason.ONE_AT_A_TIME: N_("Each question was answered before the next."),
    Reason.SEVERAL_AT_ONCE: N_("A question followed before the last one was answered."),
    Reason.MAYBE_SEVERAL: N_(
        "Perhaps a question followed before the last one was answered: listen and decide."
    ),
    Reason.IN_ORDER: N_("The order is right."),
    Reason.OUT_OF_ORDER: N_("The order is wrong."),
    Reason.RAISED: N_("The customer's question was taken down for a second call."),
    Reason.NOT_RAISED: N_("The customer's question was not taken down."),
    Reason.EXPLAINED: N_("The agent explained it instead of taking the question down."),
    Reason.NO_QUESTION: N_("The customer had no question."),
    Reason.ON_RECORD: N_("It is on record."),
    Reason.AGAINST_RECORD: N_("The record says that it was not done."),
    Reason.NOT_IN_CALL: N_("A call cannot show it: see the records."),
    Reason.MEASURED: N_("The measure is within its bounds."),
    Reason.OUT_OF_BOUNDS: N_("The measure is out of its bounds."),
    Reason.NOT_MEASURED: N_("The sound was not measured."),
    Reason.SPEAKER_UNKNOWN: N_("Both parties are on one channel: nobody can tell who spoke."),
    Reason.LEGS_SWAPPED: N_("The channels seem to be exchanged: cannot tell who spoke."),
    Reason.NOT_APPLICABLE: N_("The rule does not apply to this call."),
}

PROBLEM: Mapping[str, str] = {
    Problem.SHORT: N_("{gap} s of the call are not in the recording."),
    Problem.LONG: N_("The recording is longer than the call."),
    Problem.SILENT_AGENT: N_("The agent is not heard."),
    Problem.SILENT_CUSTOMER: N_("The customer is not heard."),
    Problem.MISSING_AGENT: N_("The agent's side is missing."),
    Problem.MISSING_CUSTOMER: N_("The customer's side is missing."),
    Problem.UNREADABLE: N_("The recording cannot be read."),
}

# What hearing a line changed (D3).
HEARD_EFFECT: Mapping[str, str] = {
    Effect.CORRECTED: N_("The result of the call and the next try go by it."),
    Effect.TOO_LATE: N_("The result of the call is set right; the follow-up had gone on meanwhile."),
    Effect.TALK_KEPT: N_(
        "The agent has saved answers or a result, so the call counts as a talk: listen and decide."
    ),
    Effect.NOTHING: N_("It changes nothing: what was signalled stands."),
}

HEARD_STATE: Mapping[str, str] = {
    HearingState.WAITING: N_("The line is being listened to; this page shows it when it is done."),
    HearingState.FAILED: N_("The line could not be listened to: what was signalled stands."),
}

CHANNEL: Mapping[str, str] = {"agent": N_("Agent"), "customer": N_("Customer")}

FILTERS: Mapping[str, str] = {
    "fail": N_("with failed rules"),
    "unclear": N_("with unclear rules"),
    "pass": N_("without complaint"),
    "unchecked": N_("not checked yet"),
    "question": N_("with a question to decide"),
}

# What the check says of a question item (qa.rules.items.QuestionNeed).
NEED: Mapping[str, str] = {
    "needed": N_("The customer had a question, or gave no clear yes."),
    "for_person": N_("Whether the customer had a question cannot be told: listen and decide."),
    "not_needed": N_("The check heard no question."),
}
