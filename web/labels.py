"""The words for states, reasons and outcomes, as message ids: `_(AGENT_STATE[state])`."""

from collections.abc import Mapping

from dialer.agents.states import AgentState, PauseReason
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.forms.rules import Disposition
from dialer.telephony.outcomes import DialOutcome
from web.i18n import N_

AGENT_STATE: Mapping[str, str] = {
    AgentState.OFFLINE: N_("Offline"),
    AgentState.READY: N_("Ready"),
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
    FollowUpState.WAITING: N_("Waiting"),
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
    DialOutcome.FAILED: N_("Failed on our side"),
    DialOutcome.UNKNOWN: N_("Not known"),
}

DISPOSITION: Mapping[str, str] = {
    Disposition.COMPLETED: N_("Completed"),
    Disposition.CALL_AGAIN: N_("Call again"),
    Disposition.REFUSED: N_("Refused"),
    Disposition.WRONG_PERSON: N_("Wrong person"),
    Disposition.CUT_OFF: N_("Cut off"),
}

# Why a follow-up stands where it stands: an outcome, a disposition, or new.
FOLLOW_UP_REASON: Mapping[str, str] = {**OUTCOME, **DISPOSITION, "new": N_("New")}

ROLE: Mapping[str, str] = {
    "agent": N_("Agent"),
    "qa": N_("QA"),
    "supervisor": N_("Supervisor"),
    "admin": N_("Administrator"),
}
