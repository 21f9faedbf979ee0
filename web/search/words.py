"""The words and sentences of the search, of doubtful follow-ups and of packages."""

from collections.abc import Mapping

from qa.examiner.states import PackageState
from qa.falsity.reasons import DoubtReason
from qa.falsity.states import DoubtState
from qa.search.rules import Nearness
from web.i18n import N_

NEARNESS: Mapping[int, str] = {
    Nearness.EXACT: N_("word for word"),
    Nearness.SAME_SOUND: N_("same sound"),
    Nearness.EASILY_MIXED_UP: N_("sounds easily mixed up"),
    Nearness.ALIKE: N_("alike"),
}

DOUBT_STATE: Mapping[str, str] = {
    DoubtState.NOTED: N_("Below the threshold"),
    DoubtState.SUSPECTED: N_("Suspected"),
    DoubtState.CLEARED: N_("Cleared"),
    DoubtState.CONFIRMED: N_("Confirmed as false"),
}

DOUBT_LOOK: Mapping[str, str] = {
    DoubtState.SUSPECTED: "warn",
    DoubtState.CLEARED: "good",
    DoubtState.CONFIRMED: "bad",
}

# {names} are filled in from the reason's data.
DOUBT_REASON: Mapping[str, str] = {
    DoubtReason.NEVER_ASKED: N_("Answered in the form and never asked in the call"),
    DoubtReason.NOT_ANSWERED: N_("The form has an answer, the customer gave none"),
    DoubtReason.ANSWER_DIFFERS: N_("The form says “{form}”, the customer said otherwise"),
    DoubtReason.TALK_TOO_SHORT: N_(
        "{seconds} s of talk for {count} answers: {needed} s are needed at the least"
    ),
    DoubtReason.CUSTOMER_SILENT: N_("The customer is not heard in the whole call"),
    DoubtReason.MACHINE_HEARD: N_("An announcement or a machine instead of the customer"),
    DoubtReason.SAME_ANSWERS: N_(
        "The same answers in {count} calls one after the other; {share} % of the others have them"
    ),
    DoubtReason.OWN_NUMBER: N_("The number called is one of our own phones"),
    DoubtReason.SHARED_NUMBER: N_("One number for {count} customers of this agent"),
    DoubtReason.ANSWERED_EARLY: N_("Answered in the form before it was asked"),
    DoubtReason.ANSWERED_LATE: N_("{count} answers after the hang-up, the last one {seconds} s after it"),
}

PACKAGE_STATE: Mapping[str, str] = {
    PackageState.WAITING: N_("Waits to be made"),
    PackageState.PACKING: N_("Being made"),
    PackageState.READY: N_("Ready to fetch"),
    PackageState.STOPPED: N_("Stopped"),
    PackageState.FAILED: N_("Failed"),
    PackageState.GONE: N_("Taken away after a day"),
}

PACKAGE_LOOK: Mapping[str, str] = {
    PackageState.READY: "good",
    PackageState.STOPPED: "warn",
    PackageState.FAILED: "bad",
}

CANNOT = (
    N_("write down what you heard: a decision needs its reason"),
    N_("there is no doubt about this call: load the page again"),
    N_("Somebody else decided before you: load the page again."),
    N_("type the words that were said: nothing here can be spoken"),
)

FATE: Mapping[str, str] = {
    "done": N_("Follow-up done"),
    "pending": N_("Follow-up pending"),
    "failed": N_("Follow-up failed"),
    "excluded": N_("Not followed up by rule"),
    "missing": N_("Follow-up missing"),
}

EVENT: Mapping[str, str] = {
    "call.viewed": N_("Call opened"),
    "recording.fetched": N_("Recording loaded"),
    "recording.played": N_("Recording played"),
    "early_clip.fetched": N_("Announcement loaded"),
    "package.made": N_("Examiner's package made"),
    "package.fetched": N_("Examiner's package fetched"),
    "question_item.open": N_("Question item raised"),
    "question_item.opened": N_("Question item raised"),
    "question_item.taken_over": N_("Written down by the agent"),
    "question_item.explained": N_("Explained by the department"),
    "question_item.called_again": N_("Called again"),
    "question_item.closed": N_("Closed"),
}
