"""What people call the facts of an occasion: the columns of files, and what conditions look at. Pure."""

import re
from collections.abc import Mapping

from dialer.importing.columns.fields import BY_NAME
from web.i18n import N_, Translator
from web.labels import OCCASION

# In English the names themselves are words; these are not what people say.
_ENGLISH: Mapping[str, str] = {
    "external_id": "Order number",
    "happened_at": "When it happened",
    "name": "Customer's name",
    "number": "Phone number",
    "plate": "Number plate",
    "admitted_on": "Admitted on",
    "slot": "Hours to call in",
    "vin": "VIN",
    "fee_initial": "Initial fee",
    "fee_policy": "Policy fee",
    "fee_account": "Account fee",
    "fee_surrender": "Surrender fee",
    "handler": "Handled by",
    "means": "Means of contact",
    "promotion_consent": "Consent to promotion",
}
# Facts that are no columns of files, and columns of a report that are no facts.
_BESIDES: Mapping[str, str] = {
    "kind": N_("Kind"),
    "playbook": N_("Playbook"),
    "age_days": N_("Days known to us"),
    "member": N_("Member"),
    "identity": N_("Identity check"),
    "salutation": N_("Salutation"),
    "segment": N_("Segment"),
    "called_at": N_("Called at"),
    "agent": N_("Agent"),
    "disposition": N_("Result"),
    "wishes": N_("Wishes"),
    "next_step": N_("Next step"),
}
_VALUE: Mapping[str, str] = {"True": N_("yes"), "False": N_("no"), **OCCASION}
_NAMED = re.compile(r"(?:^|, )([a-z][a-z0-9_]*): ")


def fact_name(name: str, text: Translator) -> str:
    """The fact or column as people call it; a site's own one by its id."""
    if name in _BESIDES:
        return text(_BESIDES[name])
    if text.language == "zh":
        field = BY_NAME.get(name)
        return field.headings[0] if field is not None else name
    return _ENGLISH.get(name) or name.replace("_", " ").capitalize()


def facts_told(told: str, text: Translator) -> str:
    """`due_date: –, kind: policy`, as it is kept of a condition, with the words that people have for it."""
    first, *rest = _NAMED.split(told)
    if first or not rest:
        return told
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return text(N_(", ")).join(
        text(N_("{what}: {value}"), what=fact_name(name, text), value=text(_VALUE.get(value, value)))
        for name, value in pairs
    )
