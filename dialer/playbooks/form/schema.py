"""The form of a playbook file, checked when it is read. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, PrivateAttr, model_validator

from dialer.playbooks.base import Data, Text
from dialer.playbooks.expressions.conditions import Condition, Facts, Kind
from dialer.playbooks.form.parts import (
    Anchor,
    CallerRule,
    Caps,
    Coverage,
    Merging,
    Message,
    Objection,
    OtherMeans,
    Report,
    Retention,
    Retry,
    ScriptStep,
)
from dialer.playbooks.form.questions import AnswerType, Choice, Effect, EffectKind, Question
from dialer.playbooks.form.timing import HolidayRule, Step, StepStart, Trigger, TriggerKind, Window
from dialer.playbooks.spans import Span

__all__ = [
    "Anchor",
    "AnswerType",
    "CallerRule",
    "Caps",
    "Choice",
    "Coverage",
    "Effect",
    "EffectKind",
    "HolidayRule",
    "Merging",
    "Message",
    "Objection",
    "OccasionFilter",
    "OtherMeans",
    "Playbook",
    "Question",
    "Report",
    "Retention",
    "Retry",
    "ScriptStep",
    "Segment",
    "Span",
    "Step",
    "StepStart",
    "Text",
    "Trigger",
    "TriggerKind",
    "Window",
]


class OccasionFilter(Data):
    """Which occasions make this follow-up due."""

    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    when: Condition | None = None


class Segment(Data):
    """Customers for whom parts of the playbook differ. The first whose condition holds counts.

    What is left out is as in the playbook; `script`, `questionnaire` and `objections` are added to its own.
    """

    id: str = Field(pattern=r"^[a-z0-9-]{1,30}$")
    when: Condition
    name: Text
    reason: Text | None = None
    steps: tuple[Step, ...] = ()
    share: Decimal | None = Field(default=None, gt=0, le=1)
    caller: CallerRule | None = None
    skill: str | None = None
    caps: Caps | None = None
    windows: tuple[Window, ...] = ()
    expected_minutes: Decimal | None = Field(default=None, gt=0)
    script: tuple[ScriptStep, ...] = ()
    questionnaire: tuple[Question, ...] = ()
    objections: tuple[Objection, ...] = ()


class Playbook(Data):
    """One kind of follow-up."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    version: int = Field(ge=1)
    name: Text
    reason: Text = Field(description="Why we call, in a line for the agent and the customer.")
    occasions: OccasionFilter
    segments: tuple[Segment, ...] = ()
    trigger: Trigger = Trigger()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    coverage: Coverage = Coverage()
    caller: CallerRule = CallerRule.ANY
    callers: tuple[str, ...] = Field(
        default=(),
        description="Numbers of the only agents who may call for it; none: all. Those of the version in "
        "force count for every open follow-up (R12).",
    )
    skill: str = Field(default="", description="What its callers must be able to do.")
    to_head: Condition | None = Field(default=None, description="Major checks: the head's own (L6).")
    merge: Merging = Merging()
    caps: Caps = Caps()
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    holidays: HolidayRule = HolidayRule.CALL
    retry: Mapping[str, Retry] = Field(default_factory=dict, description="By outcome, as busy.")
    channels: tuple[str, ...] = Field(default=("phone",), description="The first is tried first.")
    other_means: OtherMeans = OtherMeans()
    facts: tuple[str, ...] = Field(default=(), description="What must be known before the call.")
    compared: tuple[str, ...] = Field(default=(), description="Facts compared with what the customer says.")
    identity: str = Field(default="", description="The fact whose tail the customer must name (T4).")
    expected_minutes: Decimal = Field(default=Decimal(4), gt=0, description="Until a median is known.")
    wrap_up_seconds: int = Field(default=60, ge=5, le=1800)
    mode: str = Field(
        default="progressive",
        pattern="^(progressive|preview|customer_first)$",
        description="preview: the agent looks at the customer first, then calls or skips; customer_first: "
        "the customer is rung first, with an agent kept for him: for reminders (D2).",
    )
    preview_seconds: int | None = Field(
        default=None, ge=5, le=3600, description="preview: how long; left out: as the site has it."
    )
    preview_then: str = Field(
        default="",
        pattern="^(call|release)?$",
        description="preview: when the time is over, the customer is called, or the follow-up goes back and "
        "the agent is paused; left out: as the site has it.",
    )
    script: tuple[ScriptStep, ...] = ()
    objections: tuple[Objection, ...] = ()
    never_say: tuple[str, ...] = Field(default=(), description="Words shown beside the script.")
    questionnaire: Annotated[tuple[Question, ...], Field(min_length=1)]
    effects: tuple[Effect, ...] = Field(default=(), description="Of all answers; each needs `when`.")
    at_once: tuple[Effect, ...] = Field(
        default=(), description="Tasks that it brings about by being due, long before the call (P23, K6)."
    )
    rules: str = Field(description="The rule set its calls are checked against.")
    report: Report | None = None
    messages: tuple[Message, ...] = ()
    retention: Retention = Retention()
    selling: bool = Field(default=False, description="Never merged with a playbook that must not sell (P16).")
    no_selling: bool = Field(default=False, description="Nothing may be sold in this call (P16).")

    uses: Mapping[str, Kind] = Field(
        default_factory=dict,
        description="Facts that its source tells besides the usual ones, by kind.",
    )

    _variants: dict[str, "Playbook"] = PrivateAttr(default_factory=dict)
    _text: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _ids_differ(self) -> "Playbook":
        _differ("segments", self.segments)
        _differ("messages", self.messages)
        for segment in (None, *self.segments):
            where = "" if segment is None else f" in segment {segment.id}"
            extra = segment or _NOTHING
            _differ(f"questions{where}", (*self.questionnaire, *extra.questionnaire))
            _differ(f"script steps{where}", (*self.script, *extra.script))
            _differ(f"objections{where}", (*self.objections, *extra.objections))
            _differ(f"steps{where}", extra.steps or self.steps)
        return self

    @model_validator(mode="after")
    def _begins_somewhere(self) -> "Playbook":
        for steps in (self.steps, *(segment.steps for segment in self.segments if segment.steps)):
            if steps[0].start is StepStart.PREVIOUS_DONE:
                raise ValueError(f"step {steps[0].id} starts from the previous one: it cannot be the first")
        return self

    @model_validator(mode="after")
    def _effects_say_when(self) -> "Playbook":
        if any(effect.when is None for effect in self.effects):
            raise ValueError("effects: each effect of the whole questionnaire needs `when`")
        if any(effect.do is not EffectKind.TASK for effect in self.at_once):
            raise ValueError("at_once: only tasks (do: task); everything else is of answers")
        return self

    @property
    def text(self) -> str:
        """The file it was read from, as it is written."""
        return self._text

    def written_as(self, text: str) -> None:
        """Remember the file's text."""
        self._text = text

    def question(self, question_id: str) -> Question | None:
        """The question with this id."""
        return next((item for item in self.questionnaire if item.id == question_id), None)

    def step(self, step_id: str) -> Step | None:
        """The step with this id."""
        return next((step for step in self.steps if step.id == step_id), None)

    def step_after(self, step_id: str) -> Step | None:
        """The step that starts when this one is done, None where that was the last."""
        ids = [step.id for step in self.steps]
        at = ids.index(step_id) + 1 if step_id in ids else len(ids)
        following = self.steps[at] if at < len(ids) else None
        return following if following and following.start is StepStart.PREVIOUS_DONE else None

    def segment(self, facts: Facts) -> Segment | None:
        """The segment of these facts, the first that holds."""
        return next((segment for segment in self.segments if segment.when.holds(facts)), None)

    def variant(self, segment_id: str) -> "Playbook":
        """The playbook as it is for a segment; itself where there is no such segment ("" is none)."""
        known = self._variants.get(segment_id)
        if known is None:
            segment = next((one for one in self.segments if one.id == segment_id), None)
            known = self if segment is None else self._varied(segment)
            self._variants[segment_id] = known
        return known

    def _varied(self, segment: Segment) -> "Playbook":
        closing = tuple(step for step in self.script if step.place == "closing")
        before = tuple(step for step in self.script if step.place != "closing")
        changes: dict[str, object] = {
            "script": (*before, *segment.script, *closing),
            "questionnaire": (*self.questionnaire, *segment.questionnaire),
            "objections": (*self.objections, *segment.objections),
        }
        for name in ("reason", "caller", "skill", "caps", "expected_minutes"):
            value = getattr(segment, name)
            if value is not None:
                changes[name] = value
        for name in ("steps", "windows"):
            changes[name] = getattr(segment, name) or getattr(self, name)
        if segment.share is not None:
            changes["coverage"] = self.coverage.model_copy(update={"share": segment.share})
        varied = self.model_copy(update=changes)
        varied._variants = {segment.id: varied}
        return varied

    def applies_to(self, kind: str, facts: Facts) -> bool:
        """Whether an occasion of this kind with these facts is one of this playbook."""
        if kind not in self.occasions.kinds:
            return False
        return self.occasions.when is None or self.occasions.when.holds(facts)

    def may_share_a_call_with(self, other: "Playbook") -> bool:
        """Whether one call may be about both: one accepts the other, none sells where it must not (L5)."""
        if (self.selling and other.no_selling) or (self.no_selling and other.selling):
            return False
        return other.id in self.merge.accept or self.id in other.merge.accept


_NOTHING = Segment.model_construct(steps=(), script=(), questionnaire=(), objections=())


def _differ(what: str, items: Iterable[Question | Step | Segment | Objection | Message | ScriptStep]) -> None:
    ids = [item.id for item in items]
    if len(ids) != len(set(ids)):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ValueError(f"two {what} have the same id: {twice}")
