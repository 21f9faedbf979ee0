"""The sentences of looking first and of calls by hand: what is wrong, and what to do (D2)."""

from collections.abc import Mapping

from dialer.calling.engaged import BEING_CALLED, IN_DOUBT
from dialer.calling.inbound.states import TicketKind
from dialer.calling.modes.manual import BUSY, FORGOTTEN, NOT_WAITING, NOT_YOURS, NUMBER
from dialer.calling.modes.service import HALTED, NO_LINE, NO_LINK, PHONE, TRIAL
from web.i18n import N_

# What a customer rang for.
TICKET: Mapping[str, str] = {
    TicketKind.INQUIRY: N_("Inquiry"),
    TicketKind.REQUEST: N_("Request"),
    TicketKind.COMPLAINT: N_("Complaint"),
    TicketKind.SUGGESTION: N_("Suggestion"),
}

GONE = N_("This customer does not lie before you any more. The page shows what is now.")
SKIP_WHY = N_("Choose why you do not call now.")
REFUSED_OTHERWISE = N_("This call is not allowed now: {gate}. The supervisor can see why.")
UNTIL = N_(" It may be called from {time} on.")

# Why a call by hand is not placed, by the gate that is shut.
REFUSED: Mapping[str, str] = {
    BUSY: N_("You have another call or form open. Finish it first."),
    NOT_WAITING: N_("This follow-up does not wait for a call any more: it is done, or being called."),
    NUMBER: N_("This is no telephone number. Type digits, as 13800000001 or 0371 6666 8888."),
    FORGOTTEN: N_("This customer asked not to be called. The number is not dialled."),
    NOT_YOURS: N_("Another agent must call this customer. Ask your supervisor to assign it to you."),
    TRIAL: N_("Trial mode: this number is not on the trial list. Ask the administrator to add it."),
    PHONE: N_("Your phone cannot be reached. Check that it is on and registered, then try again."),
    NO_LINE: N_("No line is free now. Try again in a moment."),
    HALTED: N_("Calling is stopped. The bar above says who stopped what, and why."),
    NO_LINK: N_("There is no link to the telephone system. Try again when it is back."),
    BEING_CALLED: N_(
        "A colleague has this number or customer on the line. Try again when that call is over."
    ),
    IN_DOUBT: N_(
        "It is not known yet how the last call to this number or customer ended, so it is not dialled again. "
        "Ask your supervisor: the live page shows that call."
    ),
    "window": N_("These are no calling hours for this customer."),
    "pause": N_("This customer is left alone for a while after being upset."),
    "quarter_cap_person": N_("This customer was contacted as often as allowed this quarter."),
    "quarter_cap_plate": N_("The owner of this plate was contacted as often as allowed this quarter."),
    "quarter_cap_household": N_("This household was contacted as often as allowed this quarter."),
    "quarter_cap_playbook": N_("For this kind of follow-up the customer was contacted as often as allowed."),
    "min_gap_person": N_("The last contact with this customer was too short a time ago."),
    "min_gap_plate": N_("The last contact with the owner of this plate was too short a time ago."),
    "min_gap_household": N_("The last contact with this household was too short a time ago."),
    "carrier_day": N_("This number was dialled as often as carriers allow in 24 hours."),
    "carrier_burst": N_("This number was dialled too often in the last minutes."),
}
