"""What a playbook's conditions, strata and scripts ask for: one flat mapping of an occasion. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from dialer.planning.rules.fees import fees_of
from dialer.playbooks.expressions.conditions import Value

_MONEY = Decimal(100)


def facts_of(occasion: Mapping[str, Any], customer: Mapping[str, Any]) -> dict[str, Value]:
    """The facts of one occasion: its own columns, its staff by their roles, and all that the source told.

    `occasion` and `customer` are rows of those tables or values of the same names; what is left out is not
    known. A fact that the source told never hides one of the columns. `amount` is in yuan, `age_days` how
    long the customer had been known when it happened.
    """
    told: Mapping[str, object] = occasion.get("facts") or {}
    facts: dict[str, Value] = {name: _value(value) for name, value in told.items()}
    if fees := fees_of(told):
        facts["fees"] = fees
    staff: Mapping[str, str] = occasion.get("staff") or {}
    facts.update(staff)
    facts["kind"] = occasion.get("kind")
    facts["happened_at"] = occasion.get("happened_at")
    facts["unit"] = occasion.get("unit") or None
    facts["branch"] = occasion.get("branch") or None
    facts["plate"] = occasion.get("plate")
    facts["items"] = tuple(occasion.get("items") or ())
    facts["products"] = tuple(occasion.get("products") or ())
    fen = occasion.get("amount_fen")
    if fen is not None:
        facts["amount"] = fen / _MONEY
    facts["grade"] = customer.get("grade") or facts.get("grade")
    facts["segments"] = tuple(customer.get("segments") or ())
    facts["customer_kind"] = customer.get("kind") or None
    facts["language"] = customer.get("language") or None
    facts["member"] = bool(customer.get("member_number"))
    happened, since = occasion.get("happened_at"), customer.get("created_at")
    if isinstance(happened, datetime) and isinstance(since, datetime):
        facts["age_days"] = max(0, (happened - since).days)
    return facts


def _value(value: object) -> Value:
    """A value as JSON keeps it; dates and fractions come back as what they are."""
    if value is None or isinstance(value, (bool, int, Decimal, date)):
        return value
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, (list, tuple)):
        return tuple(map(str, value))
    return _date_or_text(str(value))


def _date_or_text(text: str) -> Value:
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


def day_of(facts: Mapping[str, Value], name: str) -> date | None:
    """The day that a fact names; None where it is not known or names none."""
    value = facts.get(name)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            return None
    return None


def number_of(facts: Mapping[str, Value], name: str) -> Decimal | None:
    """The number that a fact names; None where it names none."""
    value = facts.get(name)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
