"""What is on record of a call, by the names and in the words that rules know (Q3). Pure.

Sources tell a policy in their own words (年交, 分红型, 至70岁) and columns; rules compare what was said with
`product_kind`, `payment`, `pay`, `period` and the like. What is not known, or not surely, is left out: the
rule then says that a fact is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from dialer.planning.rules.fees import fees_of
from qa.checks import policy
from qa.rules.readable import text_facts

_DOUBLE_SURNAMES = frozenset(
    ("欧阳", "司马", "上官", "诸葛", "司徒", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐")
)
# So long a Chinese name is a person's; a longer one is a company's and has no surname.
_LONGEST_NAME = 4
_SIR = {"男": "先生", "男性": "先生", "女": "女士", "女性": "女士"}
# Branches that say where one is and not what one is called: the site's own name stands in.
NAMELESS = frozenset(("", "本店", "总店", "门店", "总部", "总公司", "本公司"))
_TRUTHS = {"是": "yes", "有": "yes", "true": "yes", "1": "yes", "已": "yes", "已告知": "yes"} | {
    "否": "no", "无": "no", "false": "no", "0": "no", "未": "no", "未告知": "no",
}  # fmt: skip
_POLICY = "policy"


@dataclass(frozen=True, slots=True)
class OtherMeans:
    """A follow-up done by a visit or a letter: when, and who did it, by every name he is known by."""

    done_at: datetime
    done_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A call's rows: its occasion (`told` by its source), its customer, and how he was followed up.

    `first_call` is when the first call of the follow-up was placed; `served_by` who sold or served.
    """

    kind: str
    name: str
    salutation: str
    document_tail: str
    plate: str | None
    branch: str
    agent: str
    products: Sequence[str]
    amount_fen: int | None
    told: Mapping[str, object]
    first_call: datetime
    other_means: Sequence[OtherMeans] = ()
    served_by: frozenset[str] = frozenset()


def facts_of_call(call: OnRecord, company: str) -> dict[str, str]:
    """The facts of a call for its rules; `company` is what the site calls itself, "" where it is not set."""
    told = {key: said for key, said in text_facts(call.told).items() if said}
    known = {
        "product": _main(call.products),
        "id_tail": call.document_tail,
        "amount": "" if call.amount_fen is None else format(Decimal(call.amount_fen) / 100, "f"),
        **told,
        "name": surname(call.name),
        "full_name": call.name,
        "surname": surname(call.name),
        "sir": call.salutation or _SIR.get(told.get("gender", ""), ""),
        "plate": call.plate or "",
        "agent": call.agent,
        "phone_first": phone_first(call.first_call, call.other_means, call.served_by),
    }
    is_policy = call.kind == _POLICY or bool(told.get("policy_number") or told.get("insurer"))
    if is_policy:
        known["insurer"] = told.get("insurer") or company
    named = call.branch if call.branch not in NAMELESS else company
    known["shop"] = (known.get("insurer") or named) if is_policy else named
    return in_rules_words(known)


def in_rules_words(told: Mapping[str, str]) -> dict[str, str]:
    """Facts by the names of columns or of rules, as rules take them; what is so already stays as it is."""
    way, term = told.get("payment", ""), told.get("payment_term", "")
    read = {
        "product": told.get("product", ""),
        "product_kind": policy.product_kind(told.get("product_kind", ""), told.get("product", "")),
        "payment": policy.payment(way, term),
        "pay": told.get("pay") or policy.pay(way, term),
        "period": policy.period(told.get("period") or told.get("term", "")),
        "id_tail": told.get("id_tail") or told.get("document_tail", ""),
        "fees": fees_of(told),
        "sale_notice": _yes_no(told.get("sale_notice", "")),
    }
    return {key: value for key, value in {**told, **read}.items() if value}


def surname(name: str) -> str:
    """How a Chinese customer is addressed before 先生 or 女士; of another name, or a company's, the whole."""
    if not name or len(name) > _LONGEST_NAME or not "\u4e00" <= name[0] <= "\u9fff":
        return name
    return name[:2] if name[:2] in _DOUBLE_SURNAMES else name[:1]


def phone_first(first_call: datetime, others: Sequence[OtherMeans], served_by: frozenset[str]) -> str:
    """yes where the telephone came first and no other means was left to those who sold (Q3 rule 15)."""
    amiss = any(one.done_at < first_call or one.done_by & served_by for one in others)
    return "no" if amiss else "yes"


def _main(products: Sequence[str]) -> str:
    """The main product: riders (附加…) come with it."""
    return next((one for one in products if not one.startswith("附加")), products[0] if products else "")


def _yes_no(told: str) -> str:
    return _TRUTHS.get(told.strip().lower(), told)
