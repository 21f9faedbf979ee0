"""The shipped playbooks, and what tests ask of them."""

from collections.abc import Iterable

from dialer.playbooks.expressions.conditions import Value
from dialer.playbooks.form.questions import Effect, EffectKind, Question
from dialer.playbooks.form.schema import Playbook, ScriptStep
from dialer.playbooks.form.timing import Step
from dialer.playbooks.library import shipped_library

LIBRARY = shipped_library()


def dates(step: Step) -> tuple[str, str, str]:
    return str(step.earliest), str(step.target), str(step.limit)


def segment_dates(playbook: Playbook, **facts: Value) -> list[tuple[str, str, str]]:
    """The dates of each step for an occasion with these facts."""
    found = playbook.segment(facts)
    return [dates(step) for step in playbook.variant(found.id if found else "").steps]


def questions(playbook: Playbook) -> list[Question]:
    """All questions, those of segments included."""
    return [*playbook.questionnaire, *(item for one in playbook.segments for item in one.questionnaire)]


def ids(playbook: Playbook) -> list[str]:
    return [item.id for item in questions(playbook)]


def script(playbook: Playbook) -> list[ScriptStep]:
    return [*playbook.script, *(step for one in playbook.segments for step in one.script)]


def effects(playbook: Playbook, question: str = "") -> list[Effect]:
    """What answers bring about: of one question, or of the whole questionnaire."""
    if not question:
        return list(playbook.effects)
    return [effect for item in questions(playbook) if item.id == question for effect in item.effects]


def does(found: Iterable[Effect]) -> set[EffectKind]:
    return {effect.do for effect in found}
