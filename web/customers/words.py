"""Words of the customers' pages as message ids."""

from collections.abc import Mapping

from dialer.customers.contacts import ContactKind
from dialer.customers.identity import Match
from dialer.playbooks.spans import Span, Unit
from web.i18n import N_, Translator

FIELD: Mapping[str, str] = {
    "name": N_("Name"),
    "salutation": N_("Salutation"),
    "branch": N_("Branch"),
    "number": N_("Phone"),
    "plate": N_("Plate"),
    "kind": N_("Kind"),
    "grade": N_("Grade"),
    "member_number": N_("Member number"),
    "segments": N_("Segments"),
    "document_tail": N_("Document tail"),
    "language": N_("Language"),
    "slot_from": N_("Slot from"),
    "slot_to": N_("Slot to"),
    "time_zone": N_("Time zone"),
    "household": N_("Household"),
    "birthday": N_("Birthday"),
    "owner": N_("Owner"),
    "deputy": N_("Deputy"),
    "means": N_("Means of contact"),
    "frequency": N_("Frequency"),
    "promotion_consent": N_("Consent to promotion"),
    "amount": N_("Amount"),
    "items": N_("Items"),
    "products": N_("Products"),
    "unit": N_("Unit"),
    "adviser": N_("Adviser"),
    "technician": N_("Technician"),
    "salesperson": N_("Salesperson"),
    "mileage": N_("Mileage"),
}

# What a keeper may mend on the customer's page; the rest comes with files and calls.
MENDED = (
    "name",
    "number",
    "salutation",
    "grade",
    "member_number",
    "document_tail",
    "birthday",
    "household",
    "means",
    "frequency",
    "owner",
    "deputy",
    "segments",
)

CUSTOMER_KIND: Mapping[str, str] = {
    "person": N_("Person"),
    "company": N_("Company"),
    "household": N_("Household"),
    "commercial": N_("Commercial user"),
    "owner": N_("Home owner"),
    "tenant": N_("Tenant"),
}

CONTACT: Mapping[str, str] = {
    ContactKind.MESSAGE: N_("Message"),
    ContactKind.VISIT: N_("Visit"),
}

MATCH: Mapping[str, str] = {
    Match.NUMBER_AND_NAME: N_("same number and name"),
    Match.PLATE_AND_NAME: N_("same plate and name"),
    Match.PLATE_AND_NUMBER: N_("same plate and number, a similar name"),
    Match.BY_HAND: N_("by hand"),
}

CAP: Mapping[str, str] = {
    "person": N_("Person"),
    "plate": N_("Plate {plate}"),
    "household": N_("Household"),
}

NOT_MERGED = N_(
    "It cannot be done: one of the two is part of another record already, was merged again later, or was "
    "forgotten."
)
NO_KEEPER = N_("It cannot be saved: choose a user who is active, and days from 1 to 3650.")
BEING_CALLED = N_("This customer is being called now: forget it when the call has ended.")

_SPAN: Mapping[str, str] = {
    Unit.YEAR: N_("{n} years"),
    Unit.MONTH: N_("{n} months"),
    Unit.DAY: N_("{n} days"),
}


def span_text(span: Span, text: Translator) -> str:
    """A span as people say it."""
    return text(_SPAN[span.unit], n=span.count) if span.unit in _SPAN else str(span)
