"""Rule sets as data: what a YAML file may say, and errors that name file, rule and field (Q2)."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import wording

_FACT = re.compile(r"\{(\w*)\}")


class RuleSetError(Exception):
    """The rule set cannot be used; the message names file, rule and field, and what to write instead."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Groups = tuple[tuple[str, ...], ...]
Kind = Literal[
    "must_say",
    "must_ask",
    "must_not_say",
    "identity",
    "order",
    "one_question_at_a_time",
    "asked_not_stated",
    "question_item_raised",
    "process",
    "measure",
]
# Kinds that look for words of their own.
_WORDY = frozenset(("must_say", "must_ask", "must_not_say", "identity", "question_item_raised"))


class ValueKind(StrEnum):
    """Facts whose spoken form is compared with the record."""

    PERIOD = "period"
    PAY = "pay"
    PRODUCT = "product"
    INSURER = "insurer"
    SHOP = "shop"
    FEES = "fees"
    # The surname that the customer is addressed by, and money in yuan.
    NAME = "name"
    AMOUNT = "amount"


class _Words(_Strict):
    """Words to look for: whole wordings, or groups of short words in any order."""

    say: tuple[str, ...] = Field(default=(), description="Whole wordings; any one of them will do.")
    all: Groups = Field(
        default=(), description="Groups of short words: one of each group, near each other, in any order."
    )
    ways: tuple[Groups, ...] = Field(
        default=(),
        description="Other ways to say it, each of them groups of short words: one of each group, in this "
        "order and in one clause, as [[什么, 哪些], [能赔, 给赔]]. They hold no facts.",
    )
    unsure: Groups = Field(default=(), description="What is neither right nor wrong, for a person to decide.")
    within: int | None = Field(
        default=None, gt=0, description="Within so many syllables the words of `all` lie together."
    )
    unless: tuple[str, ...] = Field(
        default=(),
        description="Forbidden words and signals: what, said shortly before, excuses them in its clause and "
        "leaves them to a person in the next ones (不用特意打满分; 别家那个态度真差).",
    )

    @model_validator(mode="after")
    def _ways_hold_no_facts(self) -> Self:
        if any("{" in word for way in self.ways for group in way for word in group):
            raise ValueError("`ways` hold no facts in braces: put such words into `all` or `say`")
        return self

    def texts(self) -> Iterator[str]:
        """Every wording and word of it, with the braces still in."""
        yield from self.say
        for group in (*self.all, *(group for way in self.ways for group in way), *self.unsure):
            yield from group
        yield from self.unless


class Slot(_Words):
    """One thing that must come up. Words may hold facts in braces, as {shop}."""

    name: str = Field(default="", description="Shown with the finding when a rule has several slots.")
    opposites: tuple[str, ...] = Field(
        default=(), description="Wrong wordings that sound alike; they compete with `say` for the same words."
    )
    wrong: Groups = Field(
        default=(), description="The wrong statement as groups of words; the right one, said later, mends it."
    )
    topic: tuple[str, ...] = Field(
        default=(),
        description="must_ask: words of a question that no rule accounts for, which say that it may be about "
        "this; default: the first group of `all`.",
    )
    asks: tuple[str, ...] = Field(
        default=(),
        description="must_ask: written words that make a question about this where they stand before its "
        "form in the clause: 还 makes 还 … 吗 one about what was wrong.",
    )
    asks_not: tuple[str, ...] = Field(
        default=(), description="… unless the clause holds one of these: 还有什么意见吗."
    )
    keep: tuple[str, ...] = Field(
        default=(), description="Words of the wording that may not be missing, as 可能. Negations never may."
    )
    value: ValueKind | None = Field(
        default=None, description="The fact whose value must be said with these words, as on record."
    )
    code: str = Field(default="", description="A plate or number that is spelled out, as {plate}.")
    near: tuple[str, ...] = Field(default=(), description="Words that announce the code, as 车牌号.")
    confirm: tuple[str, ...] = Field(
        default=(), description="Answers of the other party that confirm a code heard in part."
    )
    deny: tuple[str, ...] = Field(
        default=(), description="Answers of the other party that say the code is wrong."
    )
    only_if: dict[str, str | tuple[str, ...]] = Field(
        default={},
        description="Facts that must have this value (or one of these), else not applicable. A slot counts "
        "where such a fact is not on record.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.say or self.all or self.ways or self.value) == bool(self.code):
            raise ValueError(
                "give either `say` (wordings), `all` or `ways` (groups of words) or `value`, or a `code` (as "
                "{plate}), not both and not neither"
            )
        if self.code and not self.near:
            raise ValueError("a `code` needs `near`: the words that announce it, as 车牌号")
        for phrase in self.texts():
            _speakable(phrase)
        return self

    def texts(self) -> Iterator[str]:
        """Every wording and word of it, with the braces still in."""
        yield from super().texts()
        yield from (*self.topic, *self.opposites, *self.near, *self.confirm, *self.deny)
        for group in self.wrong:
            yield from group

    @cached_property
    def facts(self) -> frozenset[str]:
        """Names of the facts it needs; not those of a group that has words without any."""
        groups = [group for group in self.all if all("{" in word for word in group)]
        words = " ".join((*self.say, *self.opposites, self.code, *(w for group in groups for w in group)))
        return frozenset(_FACT.findall(words)) | ({self.value.value} if self.value else frozenset())

    @cached_property
    def codes(self) -> frozenset[str]:
        """Names of the facts that are spelled out."""
        return frozenset(_FACT.findall(self.code))


class Rule(Slot):
    """One thing to check. Words given beside its `kind` are a single slot; `slots` are several.

    `except` excuses a forbidden wording inside it. `only_if` names facts and the values they must have.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Stable name; findings and figures hang on it.")
    title: dict[str, str] = Field(description="Name on pages, by language; zh is needed.")
    kind: Kind
    channel: Leg = Field(default=Leg.AGENT, description="Whose words are looked at.")
    slots: tuple[Slot, ...] = ()
    excuses: tuple[str, ...] = Field(default=(), alias="except")
    first_seconds: float | None = Field(
        default=None, gt=0, description="Only the beginning of the call counts."
    )
    last_seconds: float | None = Field(default=None, gt=0, description="Only the end of the call counts.")
    if_missing: Literal["unclear", "na"] = Field(
        default="unclear", description="The verdict where a fact of `only_if` is not on record."
    )
    leading: Literal["unclear", "pass"] = Field(
        default="unclear", description="must_ask: the verdict of a leading question (您知道吧)."
    )
    question_item: bool = Field(
        default=False, description="must_ask: any answer but a clear yes makes a question item."
    )
    unless_negated: bool = Field(
        default=False, description="must_not_say: a negation before the words in their clause excuses them."
    )
    unless_echoed: bool = Field(
        default=False,
        description="must_not_say: words that the other party has just said himself are left to a person.",
    )
    sure_at_end: tuple[str, ...] = Field(
        default=(),
        description="must_not_say: those of its words that are sure only where they end their clause and are "
        "nobody else's (这个我不知道); elsewhere they are left to a person (不行我们给您重做).",
    )
    if_said: bool = Field(
        default=False, description="must_say with a `value`: na where none was said or is on record."
    )
    asked_together: bool = Field(
        default=False,
        description="must_ask: its slots are asked in one question; where one was understood, words beside "
        "it that nothing accounts for and that hold a word of the other's `topic` leave that to a person.",
    )
    denied: bool = Field(default=False, description="must_ask: the rule fails where the answer is no.")
    before: tuple[str, ...] = Field(default=(), description="order: ids of rules, in the order wanted.")
    items: tuple[str, ...] = Field(
        default=(),
        description="one_question_at_a_time, asked_not_stated: the rules meant; default: all asked.",
    )
    fact: str = Field(default="", description="process: the fact (yes, no) that decides.")
    measure: str = Field(default="", description="measure: the name of the measure.")
    at_most: float | None = None
    at_least: float | None = None
    unclear_above: float | None = None
    unclear_below: float | None = None
    alarm: bool = Field(default=False, description="A failure is told to a supervisor at once.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        own = bool(self.say or self.all or self.ways or self.code or self.value)
        if self.kind in _WORDY and own == bool(self.slots):
            raise ValueError(
                "give either `say` (a list of wordings), `all` or `ways` (groups of words), or `slots`"
            )
        if self.kind not in _WORDY and (own or self.slots):
            raise ValueError(f"a rule of kind {self.kind} has no wordings")
        if self.kind in ("identity", "question_item_raised") and self.slots:
            raise ValueError(f"a {self.kind} rule lists its words under `say` or `all`, it has no slots")
        if self.kind != "must_not_say" and self.excuses:
            raise ValueError("`except` belongs to must_not_say; a must_say slot has `opposites`")
        if "zh" not in self.title:
            raise ValueError("`title` needs an entry for zh")
        if self.kind == "process" and not self.fact:
            raise ValueError("a process rule needs `fact`: the name of the fact that decides")
        if self.kind == "order" and len(self.before) < 2:
            raise ValueError("an order rule needs `before`: two or more ids of rules")
        if self.kind == "measure" and (not self.measure or (self.at_most, self.at_least) == (None, None)):
            raise ValueError("a measure rule needs `measure`, and `at_most` or `at_least`")
        if self.if_said and (self.kind != "must_say" or not all(slot.value for slot in self.parts())):
            raise ValueError("`if_said` belongs to must_say with a `value`")
        if self.question_item and self.kind != "must_ask":
            raise ValueError("`question_item` belongs to must_ask")
        for phrase in (*self.texts(), *self.excuses):
            _speakable(phrase)
        return self

    def parts(self) -> tuple[Slot, ...]:
        """Its slots; a rule with words of its own has one without a name."""
        return self.slots or (self,)


class Signal(_Words):
    """Something worth knowing that is no fault, as a customer's dissatisfaction."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: dict[str, str]
    channel: Leg = Leg.CUSTOMER
    excuses: tuple[str, ...] = Field(default=(), alias="except")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.say or self.all or self.ways):
            raise ValueError("give `say` (wordings), `all` or `ways` (groups of words)")
        for phrase in (*self.texts(), *self.excuses):
            _speakable(phrase)
        return self


class RuleSet(_Strict):
    """All rules of a playbook at one version."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    language: str = "zh"
    rules: tuple[Rule, ...] = Field(min_length=1)
    signals: tuple[Signal, ...] = ()
    asides: tuple[str, ...] = Field(
        default=(), description="Words of questions that are no rule's: 请问您是李女士吗, 还有什么建议."
    )

    @model_validator(mode="after")
    def _ids_fit(self) -> Self:
        for ids in ([rule.id for rule in self.rules], [signal.id for signal in self.signals]):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"rule id used twice: {', '.join(twice)}")
        for phrase in self.asides:
            _speakable(phrase)
        known = {rule.id for rule in self.rules}
        for rule in self.rules:
            strange = sorted({*rule.before, *rule.items} - known)
            if strange:
                raise ValueError(f"rule {rule.id} names rules that are not there: {', '.join(strange)}")
        return self


def load_rule_set(path: Path) -> RuleSet:
    """Read one file. Raises RuleSetError."""
    try:
        return parse_rule_set(path.read_text(encoding="utf-8"), str(path), path.parent)
    except (OSError, UnicodeDecodeError) as error:
        raise RuleSetError(f"{path} cannot be read: {error}") from error


def parse_rule_set(text: str, where: str, folder: Path | None = None) -> RuleSet:
    """`where` is the name of the source in messages. What it includes lies in `folder`/shared, and becomes
    part of it. Raises RuleSetError."""
    data: object = None
    try:
        data = _with_included(yaml.load(text, Loader=yaml.CSafeLoader), where, folder)
        return RuleSet.model_validate(data)
    except yaml.YAMLError as error:
        raise RuleSetError(f"{where} is no valid YAML: {error}") from error
    except ValidationError as error:
        lines = (f"  {_place(data, e['loc'])}: {e['msg']}" for e in error.errors())
        raise RuleSetError(f"{where} is no valid rule set:\n" + "\n".join(lines)) from error


def _with_included(data: object, where: str, folder: Path | None) -> object:
    """The set's own rules, then those of the files it includes whose ids it does not have itself."""
    if not isinstance(data, dict) or "include" not in data:
        return data
    whole = {key: value for key, value in data.items() if key != "include"}
    for name in data["include"]:
        if folder is None:
            raise RuleSetError(f"{where} includes {name}: that needs the folder of the rule sets.")
        path = folder / "shared" / f"{name}.yaml"
        try:
            shared = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise RuleSetError(f"{where} includes {name}, and {path} cannot be read: {error}") from error
        whole["asides"] = [*(whole.get("asides") or []), *(shared.get("asides") or [])]
        for part in ("rules", "signals"):
            own = list(whole.get(part) or [])
            ids = {one.get("id") for one in own if isinstance(one, dict)}
            whole[part] = own + [one for one in shared.get(part) or [] if one.get("id") not in ids]
    return whole


def _place(data: object, loc: tuple[int | str, ...]) -> str:
    """rules → 3 → channel becomes "rule thanks, channel"."""
    match loc:
        case ("rules", int(number), *rest) if isinstance(data, dict):
            rule = data["rules"][number]
            name = (
                rule.get("id", f"number {number + 1}") if isinstance(rule, dict) else f"number {number + 1}"
            )
            return ", ".join([f"rule {name}", *(str(part) for part in rest)])
        case ():
            return "the file"
        case _:
            return ", ".join(str(part) for part in loc)


def _speakable(phrase: str) -> None:
    wording(_FACT.sub("甲", phrase))
