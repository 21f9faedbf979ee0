"""Rule sets as data: what a YAML file may say, and errors that name file, rule and field (Q2)."""

import re
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dialer.telephony.outcomes import Leg
from qa.rules.phrases import wording

_FACT = re.compile(r"\{(\w*)\}")


class RuleSetError(Exception):
    """The rule set cannot be used; the message names file, rule and field, and what to write instead."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Slot(_Strict):
    """One thing that must come up. Phrases may hold facts in braces, as {shop}."""

    name: str = Field(default="", description="Shown with the finding when a rule has several slots.")
    say: tuple[str, ...] = Field(default=(), description="Wordings; any one of them will do.")
    opposites: tuple[str, ...] = Field(
        default=(), description="Wrong wordings that sound alike; they compete with `say` for the same words."
    )
    keep: tuple[str, ...] = Field(
        default=(), description="Words of the wording that may not be missing, as 可能. Negations never may."
    )
    code: str = Field(default="", description="A plate or number that is spelled out, as {plate}.")
    near: tuple[str, ...] = Field(default=(), description="Words that announce the code, as 车牌号.")
    confirm: tuple[str, ...] = Field(
        default=(), description="Answers of the other party that confirm a code heard in part."
    )
    deny: tuple[str, ...] = Field(
        default=(), description="Answers of the other party that say the code is wrong."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.say) == bool(self.code):
            raise ValueError(
                "give either `say` (a list of wordings) or `code` (as {plate}), not both and not neither"
            )
        if self.code and not self.near:
            raise ValueError("a `code` needs `near`: the words that announce it, as 车牌号")
        for phrase in (*self.say, *self.opposites, *self.near, *self.confirm, *self.deny):
            _speakable(phrase)
        return self

    def facts(self) -> frozenset[str]:
        """Names of the facts its phrases need."""
        return frozenset(_FACT.findall(" ".join((*self.say, *self.opposites, self.code))))


class Rule(_Strict):
    """One thing to check. `say` is short for a single slot; `except` excuses a forbidden phrase inside it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Stable name; findings and figures hang on it.")
    title: dict[str, str] = Field(description="Name on pages, by language; zh is needed.")
    kind: Literal["must_say", "must_not_say"]
    channel: Leg = Field(default=Leg.AGENT, description="Whose words are looked at.")
    say: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    excuses: tuple[str, ...] = Field(default=(), alias="except")
    first_seconds: float | None = Field(
        default=None, gt=0, description="Only the beginning of the call counts."
    )
    last_seconds: float | None = Field(default=None, gt=0, description="Only the end of the call counts.")
    only_if: dict[str, str] = Field(
        default={}, description="Facts that must have this value, else not applicable."
    )
    alarm: bool = Field(default=False, description="A failure is told to a supervisor at once.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if bool(self.say) == bool(self.slots):
            raise ValueError("give either `say` (a list of wordings) or `slots`")
        if self.kind == "must_not_say" and self.slots:
            raise ValueError("a must_not_say rule lists its phrases under `say`, it has no slots")
        if self.kind == "must_say" and self.excuses:
            raise ValueError("`except` belongs to must_not_say; a must_say slot has `opposites`")
        if "zh" not in self.title:
            raise ValueError("`title` needs an entry for zh")
        for phrase in (*self.say, *self.excuses):
            _speakable(phrase)
        return self

    def parts(self) -> tuple[Slot, ...]:
        """Its slots; a rule with only `say` has one without a name."""
        return self.slots or (Slot(say=self.say),)


class RuleSet(_Strict):
    """All rules of a playbook at one version."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    language: str = "zh"
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [rule.id for rule in self.rules]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"rule id used twice: {', '.join(twice)}")
        return self


def load_rule_set(path: Path) -> RuleSet:
    """Read one file. Raises RuleSetError."""
    try:
        return parse_rule_set(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RuleSetError(f"{path} cannot be read: {error}") from error


def parse_rule_set(text: str, where: str) -> RuleSet:
    """`where` is the name of the source in messages. Raises RuleSetError."""
    try:
        data = yaml.safe_load(text)
        return RuleSet.model_validate(data)
    except yaml.YAMLError as error:
        raise RuleSetError(f"{where} is no valid YAML: {error}") from error
    except ValidationError as error:
        lines = (f"  {_place(data, e['loc'])}: {e['msg']}" for e in error.errors())
        raise RuleSetError(f"{where} is no valid rule set:\n" + "\n".join(lines)) from error


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
