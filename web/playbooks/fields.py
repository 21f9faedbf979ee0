"""What supervisors change in a playbook by a form: each field with its place in the file. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from dialer.playbooks.editing import Plain
from dialer.playbooks.form.schema import Playbook
from dialer.playbooks.form.timing import HolidayRule, Step, Window
from dialer.playbooks.reading import Path, Problem
from dialer.playbooks.spans import Span
from web.i18n import N_
from web.playbooks.words import CAUSE, HOLIDAYS, hours

_WINDOW = re.compile(r"([0-2]?\d)[:：](\d\d)\s*[-–—~至到]\s*([0-2]?\d)[:：](\d\d)")

_BETWEEN = re.compile(r"[\s,，、;；]+")


class Form(StrEnum):
    """How a field is typed."""

    SPAN = "span"
    HOURS = "hours"
    PERCENT = "percent"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the playbook in a form. `value` is what stands in its box."""

    path: Path
    label: str
    form: Form
    value: str
    of: str = ""
    needed: bool = True
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """By which the browser sends it back."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading."""

    id: str
    title: str
    fields: tuple[Field, ...]


def groups(playbook: Playbook, language: str) -> tuple[Group, ...]:
    """Every field of this playbook, by groups."""
    return (
        Group("dates", N_("Dates"), tuple(_dates(playbook, language))),
        Group("hours", N_("Hours and holidays"), tuple(_hours(playbook, language))),
        Group("limits", N_("How many, how long"), _limits(playbook)),
        Group("retry", N_("Trying again"), tuple(_retry(playbook))),
        Group("script", N_("Script"), tuple(_script(playbook))),
        Group("questions", N_("Questions"), tuple(_questions(playbook))),
    )


def changes_of(
    shown: Iterable[Field], sent: Mapping[str, str]
) -> tuple[dict[Path, Plain], tuple[Problem, ...]]:
    """What a form that was sent changes; only fields whose box holds something else than before count.

    Args:
        shown: The fields that the form had.
        sent: Its values by name; under `was.<name>` what stood in the box before.
    """
    changes: dict[Path, Plain] = {}
    problems: list[Problem] = []
    for one in shown:
        value, before = sent.get(one.name), sent.get(f"was.{one.name}")
        if value is None or before is None or value.strip() == before.strip():
            continue
        try:
            changes[one.path] = _read(one, value.strip())
        except ValueError as error:
            problems.append(Problem(one.path, str(error)))
    return changes, tuple(problems)


def _read(one: Field, value: str) -> Plain:
    if one.form is Form.CODES:
        return [code for code in _BETWEEN.split(value) if code]
    if not value:
        if one.needed:
            raise ValueError("is needed")
        return None
    match one.form:
        case Form.SPAN:
            return str(Span.parse(value))
        case Form.HOURS:
            return _windows(value)
        case Form.PERCENT:
            return (_number(value.rstrip("%％")) / 100).normalize()
        case Form.NUMBER:
            return _number(value)
        case _:
            return " ".join(value.split())


def _number(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


def _windows(value: str) -> Plain:
    found = _WINDOW.findall(value)
    if not found or _WINDOW.sub("", value).strip(" ,，、;；"):
        raise ValueError(f"{value!r} is not a list of hours such as 09:00-12:00, 14:00-20:00")
    return [{"start": f"{int(h1):02}:{m1}", "end": f"{int(h2):02}:{m2}"} for h1, m1, h2, m2 in found]


def _steps(playbook: Playbook, language: str) -> Iterable[tuple[Path, str, Step]]:
    several = len(playbook.steps) > 1 or any(segment.steps for segment in playbook.segments)
    for number, step in enumerate(playbook.steps):
        yield ("steps", number), step.id if several else "", step
    for at, segment in enumerate(playbook.segments):
        for number, step in enumerate(segment.steps):
            name = segment.name.in_(language)
            yield ("segments", at, "steps", number), f"{name} · {step.id}", step


def _dates(playbook: Playbook, language: str) -> Iterable[Field]:
    for path, of, step in _steps(playbook, language):
        for key, label, value in (
            ("earliest", N_("Earliest"), step.earliest),
            ("target", N_("Target"), step.target),
            ("limit", N_("Limit"), step.limit),
        ):
            yield Field((*path, key), label, Form.SPAN, str(value), of)


def _hours(playbook: Playbook, language: str) -> Iterable[Field]:
    def field_of(path: Path, windows: tuple[Window, ...], of: str = "") -> Field:
        return Field(path, N_("Hours in which customers may be called"), Form.HOURS, hours(windows), of)

    yield field_of(("windows",), playbook.windows)
    for at, segment in enumerate(playbook.segments):
        if segment.windows:
            yield field_of(("segments", at, "windows"), segment.windows, segment.name.in_(language))
    rules = {str(rule): HOLIDAYS[rule] for rule in HolidayRule}
    yield Field(("holidays",), N_("On public holidays"), Form.CHOICE, playbook.holidays, choices=rules)


def _limits(playbook: Playbook) -> tuple[Field, ...]:
    caps, share = playbook.caps, playbook.coverage.share * 100
    return (
        Field(
            ("coverage", "share"), N_("Share that is called, in %"), Form.PERCENT, f"{share.normalize():f}"
        ),
        Field(
            ("callers",),
            N_("Only these agents, by their numbers"),
            Form.CODES,
            ", ".join(playbook.callers),
            needed=False,
        ),
        Field(
            ("caps", "per_quarter"),
            N_("Contacts in a quarter at most"),
            Form.NUMBER,
            "" if caps.per_quarter is None else str(caps.per_quarter),
            needed=False,
        ),
        Field(("caps", "min_gap_days"), N_("Days between two contacts"), Form.NUMBER, str(caps.min_gap_days)),
        Field(
            ("expected_minutes",),
            N_("Minutes a call takes, until it is known"),
            Form.NUMBER,
            f"{playbook.expected_minutes:f}",
        ),
    )


def _retry(playbook: Playbook) -> Iterable[Field]:
    for cause, name in CAUSE.items():
        rule = playbook.retry.get(cause)
        after = "" if rule is None or rule.after is None else str(rule.after)
        tries = "" if rule is None or rule.tries is None else str(rule.tries)
        yield Field(("retry", cause, "after"), N_("Again after"), Form.SPAN, after, name, needed=False)
        yield Field(("retry", cause, "tries"), N_("Tries at most"), Form.NUMBER, tries, name, needed=False)


def _script(playbook: Playbook) -> Iterable[Field]:
    for number, step in enumerate(playbook.script):
        for language in ("zh", "en"):
            path = ("script", number, "say", language)
            yield Field(path, LANGUAGE[language], Form.TEXT, step.say.in_(language), step.id)


def _questions(playbook: Playbook) -> Iterable[Field]:
    for number, question in enumerate(playbook.questionnaire):
        for language in ("zh", "en"):
            path = ("questionnaire", number, "ask", language)
            yield Field(path, LANGUAGE[language], Form.TEXT, question.ask.in_(language), question.id)


LANGUAGE: Mapping[str, str] = {"zh": N_("Chinese"), "en": N_("English")}
