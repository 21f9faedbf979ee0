"""What answers bring about, and by when it is due (T5). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.followups.dates import add_span, after_span, midnight
from dialer.followups.workdays import WorkCalendar
from dialer.playbooks.asking import Asked
from dialer.playbooks.form.questions import Effect, EffectKind
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.spans import Span

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DueEffect:
    """An effect that the answers have. `key` tells it from the others of the playbook: "q3/0"."""

    key: str
    effect: Effect
    question_id: str = ""
    answer: str = ""


def effects_of(playbook: Playbook, standing: Asked) -> list[DueEffect]:
    """What the counted answers bring about, in the order of the questionnaire.

    An effect of a question without a condition is that of its bad answers; one of the whole playbook has
    a condition. Answers to questions that are not asked any more bring about nothing.
    """
    return [*_of_questions(standing), *_of_playbook(playbook, standing)]


def item_effect(playbook: Playbook) -> Effect | None:
    """How this playbook makes question items: its first effect that does so; None where none does."""
    effects = [*(effect for item in playbook.questionnaire for effect in item.effects), *playbook.effects]
    return next((effect for effect in effects if effect.do is EffectKind.QUESTION_ITEM), None)


def may_alarm(playbook: Playbook) -> bool:
    """Whether any answer of this playbook can raise an alarm."""
    effects = [*playbook.effects, *(effect for item in playbook.questionnaire for effect in item.effects)]
    return any(effect.do is EffectKind.ALARM for effect in effects)


def _of_questions(standing: Asked) -> Iterator[DueEffect]:
    for question in standing.questions:
        if question.id not in standing.answers:
            continue
        bad = bool(standing.facts.get(f"{question.id}.bad"))
        for number, effect in enumerate(question.effects):
            if bad if effect.when is None else effect.when.holds(standing.facts):
                key = f"{question.id}/{number}"
                yield DueEffect(key, effect, question.id, standing.answers[question.id])


def _of_playbook(playbook: Playbook, standing: Asked) -> Iterator[DueEffect]:
    for number, effect in enumerate(playbook.effects):
        if effect.when is not None and effect.when.holds(standing.facts):
            yield DueEffect(f"/{number}", effect)


def due_by(span: Span, now: datetime, zone: ZoneInfo, calendar: WorkCalendar) -> datetime:
    """The end of the span that begins now: a moment for minutes and hours, else the end of a day."""
    if span.exact:
        return after_span(now, span, zone, calendar)
    return midnight(add_span(now.astimezone(zone).date(), span, calendar) + _DAY, zone)
