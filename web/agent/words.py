"""The sentences of the agent's page: why no call comes and what to do about it."""

from collections.abc import Mapping

from dialer.agents.states import CHOSEN_BY_AGENT, PauseReason
from dialer.calling.idle import IdleReason
from web.agent.phases import Phase
from web.i18n import N_

# What is so, and what to do about it. Every reason has a row; a test compares the two.
IDLE: Mapping[IdleReason, tuple[str, str]] = {
    IdleReason.ON_A_CALL: (N_("You are on a call."), N_("The page follows the telephone.")),
    IdleReason.FORM_UNSAVED: (
        N_("The result of your last call is not saved."),
        N_("Save it; only then the next call comes."),
    ),
    IdleReason.WRAPPING_UP: (
        N_("The result is saved."),
        N_("The next call comes after the wrap-up time, or when you ask for it."),
    ),
    IdleReason.PAUSED: (N_("You are paused: no calls come."), N_("Press Ready when you want calls.")),
    IdleReason.OFFLINE: (
        N_("You have not started work yet."),
        N_("Press Start work. Your phone does not ring before you are ready."),
    ),
    IdleReason.STOPPING: (
        N_("The service is being stopped: no new calls are placed."),
        N_("Finish what you are doing; the supervisor knows when it starts again."),
    ),
    IdleReason.NO_LINK: (
        N_("The link to the telephone system is down: no calls can be placed."),
        N_("Stay ready; calls go on by themselves when it is back. Tell your supervisor if it lasts."),
    ),
    IdleReason.TRUNK_BROKEN: (
        N_("The line to the customers is broken."),
        N_(
            "Stay ready: it is tried again by itself, and calls go on as soon as it works. "
            "The supervisor knows."
        ),
    ),
    IdleReason.NO_LINE_FREE: (
        N_("All lines to the customers are busy."),
        N_("Stay ready: the next line that is free is yours."),
    ),
    IdleReason.SETTLING: (
        N_("Calls that were interrupted are being checked first."),
        N_("Nothing to do: this takes less than a minute, then calls go on."),
    ),
    IdleReason.HALTED: (
        N_("Calling is stopped: no new calls are placed."),
        N_("Stay ready: calls go on as soon as a supervisor lets them. The bar above says who stopped what."),
    ),
    IdleReason.PHONE_UNREACHABLE: (
        N_("Your phone cannot be reached: extension {extension} is not registered."),
        N_("Check that the phone is on and its network cable is in; then calls come by themselves."),
    ),
    IdleReason.OUTSIDE_HOURS: (
        N_("Customers may not be called at this hour."),
        N_("Nothing to do: calls begin with the next calling hours of the playbook."),
    ),
    IdleReason.NOT_ON_TRIAL_LIST: (
        N_("Trial mode: none of the {n} customers due is on the trial list."),
        N_("Ask the administrator to add numbers to the trial list, or to turn on live dialling."),
    ),
    IdleReason.NOTHING_DUE: (
        N_("No follow-up is due now."),
        N_("Stay ready: the next call comes as soon as one is due."),
    ),
    IdleReason.CALL_COMES: (
        N_("The next call is on its way."),
        N_("Keep your headset on: the customer's page opens before your phone rings."),
    ),
}

# Pauses that the system made: why, and what to do before pressing Ready.
SYSTEM_PAUSE: Mapping[str, tuple[str, str]] = {
    PauseReason.SIGNED_IN: (N_("Welcome. No calls come yet."), N_("Press Ready when you want calls.")),
    PauseReason.DID_NOT_ANSWER: (
        N_("Your phone rang and was not answered, so you were paused."),
        N_("The customer was not dialled. Press Ready when you are at your place."),
    ),
    PauseReason.PREVIEW_OVER: (
        N_("You neither called nor skipped the customer in time, so you were paused."),
        N_("The follow-up went back. Press Ready when you want calls."),
    ),
    PauseReason.PHONE_UNREACHABLE: (
        N_("Your phone could not be reached, so you were paused."),
        N_("No customer was dialled for you. The phone at extension {extension} is back: press Ready."),
    ),
    PauseReason.SHIFT_OVER: (
        N_("Your shift is over: no more calls come."),
        N_("Press End work. If you work on, press Ready."),
    ),
    PauseReason.BY_SUPERVISOR: (
        N_("Your supervisor has paused you."),
        N_("Ask your supervisor; press Ready when you may go on."),
    ),
    PauseReason.CALL_IN_DOUBT: (
        N_("It is not known whether your last call still goes on, so you were paused."),
        N_("Hang up the phone if it is still off the hook, then press Ready."),
    ),
}
# What to do about a phone that cannot be reached, for who is paused for it and for who is paused anyway.
COMES_BACK = N_(
    "You were paused; no customer was dialled. Check that the phone is on and its network cable is in: "
    "when it is back soon, you are ready again by itself."
)
THEN_READY = N_("Check that the phone is on and its network cable is in; then press Ready.")

PHASE: Mapping[Phase, str] = {
    Phase.AGENT_PHONE: N_("Your phone rings: answer it"),
    Phase.DIALLING: N_("Customer is being dialled"),
    Phase.RINGING: N_("Customer's phone rings"),
    Phase.TALKING: N_("Talking"),
    Phase.WRAP_UP: N_("Wrap-up"),
}

# What a try that reached nobody means for this customer, by the follow-up's state after it.
AFTERWARDS: Mapping[str, str] = {
    "waiting": N_("Will be called again at {time}."),
    "exhausted": N_("No further try by telephone: another way is owed."),
    "cancelled": N_("No further call."),
    "done": N_("The follow-up is done."),
}

STAFF: Mapping[str, str] = {
    "adviser": N_("Adviser"),
    "technician": N_("Technician"),
    "salesperson": N_("Salesperson"),
}

PLACE: Mapping[str, str] = {
    "opening": N_("Opening"),
    "body": N_("Talk"),
    "recap": N_("Recap"),
    "closing": N_("Closing"),
}

# The facts that a playbook may need or compare, by their names in it; others are shown as they are named.
FACT: Mapping[str, str] = {
    **STAFF,
    "plate": N_("Plate"),
    "amount": N_("Amount"),
    "items": N_("What was done"),
    "products": N_("Products"),
    "branch": N_("Branch"),
    "unit": N_("Unit"),
    "document_tail": N_("Last digits of the document"),
    "member_number": N_("Member number"),
    "birthday": N_("Birthday"),
    "household": N_("Household"),
    "means": N_("Preferred means"),
    "frequency": N_("Preferred frequency"),
    "slot_from": N_("Reachable from"),
    "slot_to": N_("Reachable until"),
    "owner": N_("Keeper"),
    "policy_number": N_("Policy number"),
    "payment": N_("Way of payment"),
    "mileage": N_("Mileage"),
    "next_due": N_("Next date due"),
    "stylist": N_("Stylist"),
    "grade": N_("Grade"),
    "external_id": N_("Order"),
    "ward": N_("Ward"),
    "doctor": N_("Doctor"),
    "inspector": N_("Inspector"),
    "content": N_("What it is about"),
    "complaint": N_("Complaint"),
    "account": N_("Account"),
    "department": N_("Department"),
    "address": N_("Address"),
    "first_maintenance_due": N_("First maintenance due"),
    "stylist_number": N_("Stylist's number"),
    "insured": N_("Insured person"),
    "payment_term": N_("Term of payment"),
    "term": N_("Period of insurance"),
}

MEANS: Mapping[str, str] = {
    "visit": N_("Visit"),
    "letter": N_("Letter"),
    "mail": N_("E-mail"),
    "link": N_("Link"),
    "message": N_("Message"),
    "phone": N_("Telephone"),
}

# Texts of the questionnaire that scripts show.
SCRIPT_TEXTS: Mapping[str, str] = {
    "saved": N_("Saved"),
    "saving": N_("Saving …"),
    "missing": N_("{n} questions have no answer yet."),
    "complete": N_("All questions are answered."),
    "none": N_("no answer"),
    "all": N_("All"),
    "verbatim": N_("The customer's own words; Enter goes on"),
    "waiting": N_("Not saved yet: {n}. Kept on this computer and sent again by itself."),
    "refused": N_("An answer was not taken: {error}"),
    "not_saved": N_("Not saved: the panel did not answer. What you typed is kept; save again."),
    "typed_date": N_("A date, as 2026-11-24; Enter goes on"),
    "typed_amount": N_("Yuan, as 120 or 120.50; Enter goes on"),
    "typed_number": N_("Digits; Enter goes on"),
    "no_date": N_("This is no date: type it as 2026-11-24."),
    "no_amount": N_("This is no amount: type yuan as 120 or 120.50."),
    "no_number": N_("This is no number: type digits only."),
    "choose_several": N_("Digits choose and take back; Enter goes on"),
    "rank": N_("Digits in order, the most important first; Backspace takes back"),
    "identity_ask": N_("Ask for the last digits of the document, and type what the customer says."),
    "identity_type": N_("As the customer says it; Enter compares"),
    "identity_yes": N_("It matches the record"),
    "identity_no": N_("It does not match the record"),
    "identity_never": N_("Never read the digits out yourself."),
    "comma": N_(", "),
    "said_badly": N_("Said badly"),
    "promised": N_("Promised"),
    "nothing_bad": N_("Nothing was said badly."),
    "complained": N_("The complaint is filed; the manager sees it now."),
    "filled": N_("Saved on the customer's record."),
    "answers_first": N_("Some answers are still on their way. Save again in a moment."),
}

PAUSES = CHOSEN_BY_AGENT
