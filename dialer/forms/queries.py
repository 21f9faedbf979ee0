"""All SQL about answers and result forms, and the facts a questionnaire goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from dialer.customers.corrections import filled_in
from dialer.customers.rules import is_missing
from dialer.customers.tables import customers, occasions
from dialer.followups.queries import FollowUp
from dialer.forms.tables import answers, result_forms
from dialer.planning.rules.facts import facts_of
from dialer.playbooks.expressions.conditions import Value
from dialer.storage.prepared import Prepared
from dialer.storage.rows import fetch, fetch_one

# What a conversation may ask for of the customer's own record, besides what the planner goes by.
CUSTOMER_FACTS = (
    "document_tail",
    "member_number",
    "birthday",
    "slot_from",
    "slot_to",
    "means",
    "frequency",
    "household",
    "owner",
)

_ANSWERS = Prepared(select(answers).where(answers.c.follow_up_id == bindparam("follow_up")))
_FORM = Prepared(select(result_forms).where(result_forms.c.attempt_id == bindparam("attempt")))
_OCCASION = Prepared(select(occasions).where(occasions.c.id == bindparam("key")))
_CUSTOMER = Prepared(select(customers).where(customers.c.id == bindparam("key")))


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored answer; `value` is "" where it was taken back."""

    follow_up_id: str
    question_id: str
    attempt_id: str
    playbook_version: int
    value: str
    second: float
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultForm:
    """The result form of one call (回访记录)."""

    attempt_id: str
    follow_up_id: str
    disposition: str
    wishes: str
    call_again_at: datetime | None
    saved_at: datetime
    satisfaction: str = ""
    next_step: str = ""
    promise: str = ""
    promise_at: datetime | None = None


def answers_of(conn: Connection, follow_up_id: str) -> dict[str, Answer]:
    """The answers of a follow-up by question id, also those that do not count any more."""
    found = fetch(conn, _ANSWERS, Answer, follow_up=follow_up_id)
    return {answer.question_id: answer for answer in found}


def form_of(conn: Connection, attempt_id: str) -> ResultForm | None:
    """The saved result form of this call, if it was saved."""
    return fetch_one(conn, _FORM, ResultForm, attempt=attempt_id)


def facts_for(conn: Connection, owed: FollowUp) -> dict[str, Value]:
    """Everything that is known of a follow-up's occasion and customer, by the names playbooks use."""
    (occasion,) = fetch(conn, _OCCASION, dict, key=owed.occasion_id)
    (customer,) = fetch(conn, _CUSTOMER, dict, key=owed.customer_id)
    facts = facts_of(occasion, customer)
    for name in CUSTOMER_FACTS:
        facts[name] = customer[name] or facts.get(name)
    facts["name"] = f"{customer['name']}{customer['salutation']}"
    facts["salutation"] = customer["salutation"]
    # What calls have filled in that no source tells.
    for name, told in filled_in(conn, owed.customer_id).items():
        if is_missing(facts.get(name)):
            facts[name] = told
    facts["external_id"] = occasion["external_id"]
    return facts


def values_of(known: Mapping[str, Answer]) -> dict[str, str]:
    """The answers as given, by question."""
    return {question: answer.value for question, answer in known.items()}
