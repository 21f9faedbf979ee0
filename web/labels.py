"""The words for states, reasons and outcomes, as message ids: `_(AGENT_STATE[state])`."""

from collections.abc import Mapping

from dialer.agents.states import AgentState, PauseReason
from dialer.calling.states import AttemptState
from dialer.cases.states import CaseState, ItemState, TaskKind, TaskState
from dialer.followups.states import FollowUpState
from dialer.forms.rules import Disposition, Satisfaction
from dialer.telephony.heard import Heard
from dialer.telephony.outcomes import DialOutcome
from web.i18n import N_

AGENT_STATE: Mapping[str, str] = {
    AgentState.OFFLINE: N_("Offline"),
    AgentState.READY: N_("Ready"),
    AgentState.PREVIEW: N_("Before the call"),
    AgentState.RESERVED: N_("Call is coming"),
    AgentState.RINGING: N_("Phone rings"),
    AgentState.TALKING: N_("Talking"),
    AgentState.WRAP_UP: N_("Wrap-up"),
    AgentState.PAUSED: N_("Paused"),
}

PAUSE_REASON: Mapping[str, str] = {
    PauseReason.SIGNED_IN: N_("Just signed in"),
    PauseReason.DID_NOT_ANSWER: N_("Did not answer the phone"),
    PauseReason.PHONE_UNREACHABLE: N_("Phone cannot be reached"),
    PauseReason.SHIFT_OVER: N_("Shift is over"),
    PauseReason.BY_SUPERVISOR: N_("Paused by the supervisor"),
    PauseReason.CALL_IN_DOUBT: N_("Call in doubt"),
    PauseReason.PREVIEW_OVER: N_("Did not decide in time"),
    PauseReason.BREAK: N_("Break"),
    PauseReason.MEAL: N_("Meal"),
    PauseReason.MEETING: N_("Meeting"),
    PauseReason.TRAINING: N_("Training"),
    PauseReason.OTHER: N_("Other"),
}

ATTEMPT_STATE: Mapping[str, str] = {
    AttemptState.PLACING_AGENT: N_("Calling the agent"),
    AttemptState.CUSTOMER_GO: N_("Dialling the customer"),
    AttemptState.TALKING: N_("Talking"),
    AttemptState.UNKNOWN: N_("In doubt"),
    AttemptState.ENDED: N_("Ended"),
}

FOLLOW_UP_STATE: Mapping[str, str] = {
    FollowUpState.PLANNED: N_("Not released"),
    FollowUpState.WAITING: N_("Waiting"),
    FollowUpState.MERGED: N_("In another call"),
    FollowUpState.CALLING: N_("Being called"),
    FollowUpState.WRAP_UP: N_("Wrap-up"),
    FollowUpState.DONE: N_("Done"),
    FollowUpState.EXHAUSTED: N_("Tries used up"),
    FollowUpState.CANCELLED: N_("Cancelled"),
}

OUTCOME: Mapping[str, str] = {
    DialOutcome.ANSWERED: N_("Answered"),
    DialOutcome.BUSY: N_("Busy"),
    DialOutcome.NO_ANSWER: N_("No answer"),
    DialOutcome.REJECTED: N_("Rejected"),
    DialOutcome.INVALID_NUMBER: N_("Invalid number"),
    DialOutcome.CONGESTION: N_("Lines congested"),
    DialOutcome.AGENT_UNAVAILABLE: N_("Agent unavailable"),
    DialOutcome.ABANDONED: N_("Answered, no agent there"),
    DialOutcome.FAILED: N_("Failed on our side"),
    DialOutcome.UNKNOWN: N_("Not known"),
}

DISPOSITION: Mapping[str, str] = {
    Disposition.COMPLETED: N_("Completed"),
    Disposition.CALL_AGAIN: N_("Call again"),
    Disposition.REFUSED: N_("Refused"),
    Disposition.DO_NOT_CALL: N_("Do not call again"),
    Disposition.UPSET: N_("Upset: pause"),
    Disposition.WRONG_PERSON: N_("Wrong person"),
    Disposition.CUT_OFF: N_("Cut off"),
    Disposition.MACHINE: N_("A machine answered"),
}

SATISFACTION: Mapping[str, str] = {
    Satisfaction.VERY_SATISFIED: N_("Very satisfied"),
    Satisfaction.SATISFIED: N_("Satisfied"),
    Satisfaction.SO_SO: N_("So-so"),
    Satisfaction.DISSATISFIED: N_("Dissatisfied"),
    Satisfaction.VERY_DISSATISFIED: N_("Very dissatisfied"),
}

CASE_STATE: Mapping[str, str] = {
    CaseState.NEW: N_("Filed"),
    CaseState.JUDGED: N_("Judged"),
    CaseState.INVESTIGATING: N_("Investigating"),
    CaseState.PROPOSED: N_("Proposed"),
    CaseState.APPROVED: N_("Approved"),
    CaseState.CARRIED_OUT: N_("Carried out"),
    CaseState.ACCEPTED: N_("Accepted by the customer"),
    CaseState.SUMMED_UP: N_("Summed up"),
    CaseState.CLOSED: N_("Closed"),
}

ITEM_STATE: Mapping[str, str] = {
    ItemState.OPEN: N_("To be explained"),
    ItemState.EXPLAINED: N_("Explained, to be called again"),
    ItemState.CALLED_AGAIN: N_("Called again"),
    ItemState.CLOSED: N_("Closed"),
}

TASK_STATE: Mapping[str, str] = {
    TaskState.OPEN: N_("Open"),
    TaskState.DONE: N_("Done"),
    TaskState.DROPPED: N_("Dropped"),
}

TASK_KIND: Mapping[str, str] = {
    TaskKind.PROMISE: N_("Promised reply"),
    TaskKind.OTHER_MEANS: N_("By other means"),
    TaskKind.OPPORTUNITY: N_("Opportunity"),
    TaskKind.MAINTENANCE: N_("Maintenance"),
    TaskKind.QUESTION: N_("Question to decide"),
    TaskKind.DO_NOT_CALL: N_("Wants no more calls?"),
    TaskKind.OTHER: N_("Task"),
}

# What was heard on the customer's line (D3).
HEARD: Mapping[str, str] = {
    Heard.EMPTY_NUMBER: N_("Number does not exist"),
    Heard.SUSPENDED: N_("Number suspended"),
    Heard.BARRED: N_("Takes no calls"),
    Heard.POWERED_OFF: N_("Phone switched off"),
    Heard.UNREACHABLE: N_("Phone out of reach"),
    Heard.BUSY: N_("Busy"),
    Heard.NO_ANSWER: N_("No answer"),
    Heard.CALL_REMINDER: N_("Call reminder service"),
    Heard.SECRETARY: N_("Secretary (machine)"),
    Heard.VOICEMAIL: N_("Voicemail"),
    Heard.FORWARDED: N_("Call forwarded"),
    Heard.OWN_LINE: N_("Our own line may not call"),
    Heard.NOBODY: N_("Nobody spoke"),
    Heard.PERSON: N_("A person"),
    Heard.RING_BACK: N_("Ringing tone only"),
    Heard.SILENCE: N_("Silence"),
    Heard.UNCLEAR: N_("Not understood"),
}

# Why a follow-up stands where it stands: what was heard, an outcome, a disposition, or new.
FOLLOW_UP_REASON: Mapping[str, str] = {**HEARD, **OUTCOME, **DISPOSITION, "new": N_("New")}

# What led to a call.
OCCASION: Mapping[str, str] = {
    "settlement-order": N_("Settlement order"),
    "delivery-order": N_("Delivery order"),
    "lost-deal": N_("Lost deal"),
    "maintenance-due": N_("Maintenance due"),
    "complaint-closed": N_("Complaint closed"),
    "discharge": N_("Discharge from hospital"),
    "account-opened": N_("Account opened"),
    "account-activity": N_("Account activity"),
    "policy": N_("Insurance policy"),
    "installation": N_("Installation"),
    "repair-visit": N_("Repair visit"),
    "inspection": N_("Inspection"),
    "hotline-ticket": N_("Hotline ticket"),
    "special-service": N_("Special service"),
    "contact-list": N_("Contact list"),
    "question-explained": N_("Question explained"),
    "opinion": N_("Opinion"),
    "manual-call": N_("Hand-dialled call"),
    "customer-call": N_("Customer's call"),
}

ROLE: Mapping[str, str] = {
    "agent": N_("Agent"),
    "qa": N_("QA"),
    "qa_lead": N_("QA lead"),
    "supervisor": N_("Supervisor"),
    "admin": N_("Administrator"),
    "auditor": N_("Auditor"),
}
