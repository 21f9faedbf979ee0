"""The facts that conditions, scripts, strata and reports may name, and what each is. Data.

A playbook whose source tells others names them in its `uses`.
"""

from collections.abc import Iterable, Mapping

from dialer.playbooks.expressions.conditions import Kind
from dialer.playbooks.form.questions import AnswerType, Question

_TEXTS = """
kind unit branch plate grade customer_kind language name salutation adviser technician salesperson
stylist doctor nurse marketer manager inspector handler policy_number insurer product_kind payment
payment_term term fees fee_initial fee_policy fee_account fee_surrender sale_notice insured gender
account account_channel activity risk_level model vin repair_type reason competitor
intention complaint complaint_kind complaint_level result department diagnosis ward fault hazard
meter address ticket_kind content channel service list_name campaign note identity document_tail
"""
_NUMBERS = "age_days amount mileage daily_mileage next_mileage logins transactions age"
_DATES = """
due_date first_maintenance_due effective_date received_date admitted_on last_login last_transaction
moved_in_on promised_on birthday mileage_on
"""
_LISTS = "segments items products"
_TRUTHS = "member promotion_consent"

FACTS: Mapping[str, Kind] = {
    name: kind
    for names, kind in (
        (_TEXTS, Kind.TEXT),
        (_NUMBERS, Kind.NUMBER),
        (_DATES, Kind.DATE),
        (_LISTS, Kind.LIST),
        (_TRUTHS, Kind.TRUTH),
    )
    for name in names.split()
}

SPOKEN: frozenset[str] = frozenset(
    {"name", "salutation", "agent", "code", "branch", "plate", "due", "happened_on"}
)
"""What a script may fill in besides facts: {name}, {agent}, {plate}."""

_COLUMNS = """
number date time day happened_on happened_at called_at customer name salutation phone plate model
branch unit agent caller adviser external_id order occasion kind playbook segment step outcome
disposition reached reason satisfaction satisfied score wishes opinion next_step promise promised_at
case question_item attempts tries minutes seconds talk_seconds result remark note due_at target_at
limit_at on_time completed recording reviewed_by prepared_by means grade items amount products
"""
COLUMNS: frozenset[str] = frozenset(_COLUMNS.split())
"""Columns of a report besides facts and questions."""

MEANS: frozenset[str] = frozenset({"visit", "letter", "mail", "link", "message"})
"""Other means than the telephone (L8)."""

_KINDS = {
    AnswerType.SCORE: Kind.NUMBER,
    AnswerType.NUMBER: Kind.NUMBER,
    AnswerType.AMOUNT: Kind.NUMBER,
    AnswerType.DATE: Kind.DATE,
    AnswerType.MULTIPLE: Kind.LIST,
    AnswerType.RANKING: Kind.LIST,
}


def kinds_of_answers(questions: Iterable[Question]) -> dict[str, Kind]:
    """What each question is in a condition: `q11 <= 6`, `q2 == 'so_so'`, `has(q4, 'price')`, `bad(q3)`."""
    kinds: dict[str, Kind] = {}
    for question in questions:
        kinds[question.id] = _KINDS.get(question.type, Kind.TEXT)
        kinds[f"{question.id}.bad"] = Kind.TRUTH
    return kinds
