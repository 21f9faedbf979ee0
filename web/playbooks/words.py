"""The words of playbooks: their choices, spans and problems in the user's language. Pure."""

import re
from collections.abc import Iterable, Mapping

from dialer.playbooks.form.parts import Anchor, CallerRule
from dialer.playbooks.form.questions import AnswerType, EffectKind
from dialer.playbooks.form.timing import HolidayRule, StepStart, TriggerKind, Window
from dialer.playbooks.reading import Problem
from dialer.playbooks.spans import Span, Unit
from web.i18n import N_, Translator

TRIGGER: Mapping[str, str] = {
    TriggerKind.EVENT: N_("when it happened"),
    TriggerKind.DUE: N_("a date in the record"),
    TriggerKind.ABSENCE: N_("no visit for long"),
    TriggerKind.CALENDAR: N_("the calendar"),
    TriggerKind.LIST: N_("a list"),
    TriggerKind.SIGNAL: N_("a signal"),
    TriggerKind.CASE: N_("a closed case"),
    TriggerKind.ANSWER: N_("an answer in another call"),
}
STEP: Mapping[str, str] = {
    "call": N_("Follow-up call"),
    "again": N_("Second call"),
    "after-repair": N_("After the repair"),
    "after-rain": N_("After the rain"),
    "first-day": N_("On the first day"),
}
START: Mapping[str, str] = {
    StepStart.OCCASION: N_("from the occasion"),
    StepStart.PREVIOUS_DONE: N_("from the end of the step before"),
    StepStart.SIGNAL: N_("from a signal"),
}
CALLER: Mapping[str, str] = {
    CallerRule.ANY: N_("any agent"),
    CallerRule.SAME_STAFF: N_("the one who served"),
    CallerRule.NOT_SERVING_STAFF: N_("never the one who served"),
}
HOLIDAYS: Mapping[str, str] = {
    HolidayRule.CALL: N_("called all the same"),
    HolidayRule.SHIFT_DEADLINE: N_("moved behind the holidays"),
    HolidayRule.BEFORE: N_("called before the holidays"),
}
ANSWER: Mapping[str, str] = {
    AnswerType.GRADE: N_("grade"),
    AnswerType.SCORE: N_("score"),
    AnswerType.CHOICE: N_("one of several"),
    AnswerType.MULTIPLE: N_("several of them"),
    AnswerType.RANKING: N_("in order of importance"),
    AnswerType.YES_NO: N_("yes or no"),
    AnswerType.TEXT: N_("text"),
    AnswerType.DATE: N_("date"),
    AnswerType.AMOUNT: N_("amount in yuan"),
    AnswerType.NUMBER: N_("number"),
}
EFFECT: Mapping[str, str] = {
    EffectKind.CASE: N_("opens a case"),
    EffectKind.QUESTION_ITEM: N_("makes a question item"),
    EffectKind.ALARM: N_("raises an alarm"),
    EffectKind.TASK: N_("makes a task"),
}
LEVEL: Mapping[str, str] = {"ordinary": N_("ordinary"), "major": N_("major"), "urgent": N_("urgent")}
PLACE: Mapping[str, str] = {
    "opening": N_("at the beginning"),
    "body": N_("in the middle"),
    "recap": N_("summing up"),
    "closing": N_("at the end"),
}
MEANS: Mapping[str, str] = {
    "phone": N_("telephone"),
    "visit": N_("visit"),
    "letter": N_("letter"),
    "mail": N_("mail"),
    "link": N_("link"),
    "message": N_("message"),
}
ANCHOR: Mapping[str, str] = {
    Anchor.CALL_END: N_("after the call"),
    Anchor.CONTRACT_END: N_("after the contract's end"),
}
CAUSE: Mapping[str, str] = {
    "busy": N_("Busy"),
    "no_answer": N_("No answer"),
    "rejected": N_("Rejected"),
    "powered_off": N_("Powered off"),
}
_UNITS: Mapping[Unit, tuple[str, str]] = {
    Unit.MINUTE: (N_("{n} minute"), N_("{n} minutes")),
    Unit.HOUR: (N_("{n} hour"), N_("{n} hours")),
    Unit.DAY: (N_("{n} day"), N_("{n} days")),
    Unit.WORKING_DAY: (N_("{n} working day"), N_("{n} working days")),
    Unit.WEEK: (N_("{n} week"), N_("{n} weeks")),
    Unit.MONTH: (N_("{n} month"), N_("{n} months")),
    Unit.QUARTER: (N_("{n} quarter"), N_("{n} quarters")),
    Unit.YEAR: (N_("{n} year"), N_("{n} years")),
}

# What `Problem`s say, so that it is said in the user's language.
PROBLEMS = (
    N_("column {column}: {name} is not a fact that is known here"),
    N_("column {column}: {name} is a {found}, here a {wanted} is expected"),
    N_("column {column}: expected {wanted}, found {found}"),
    N_("column {column}: = is not a sign here; equal is =="),
    N_("{name} is not a fact that is known"),
    N_("{name} is not a column that is known"),
    N_("{name} cannot be filled in"),
    N_("there is no rule set {name}"),
    N_("there is no playbook {name}"),
    N_("{name} sells, and nothing may be sold in this call"),
    N_("begins at {start}, before the one above ends ({end})"),
    N_("{name} has no bad choice, so this never happens"),
    N_("earliest <= target <= limit is needed"),
    N_("a window's start must be before its end"),
    N_("cannot be read: {why}, line {line}"),
    N_("the key {name} stands twice, line {line}: remove one"),
    N_("two {what} have the same id: {name}"),
    N_(
        "{given} is not a span such as 1d: minutes min, hours h, days d, working days wd, weeks w, "
        "months mo, quarters q, years y"
    ),
    N_("Input should be less than or equal to {n}, not {given}"),
    N_("Input should be greater than or equal to {n}, not {given}"),
    N_("Input should be greater than {n}, not {given}"),
    N_("Input should be a valid string, not {given}"),
    N_("Input should be a valid string"),
    N_("Input should be a valid integer, unable to parse string as an integer, not {given}"),
    N_("Input should be a valid number, unable to parse string as a number, not {given}"),
    N_("Input should be a valid boolean, unable to interpret input, not {given}"),
    N_("Input should be a valid list, not {given}"),
    N_("Input should be a valid list"),
    N_("Input should be a valid tuple, not {given}"),
    N_("Input should be a valid tuple"),
    N_("Input should be a valid dictionary, not {given}"),
    N_("Input should be a valid dictionary or instance of {name}, not {given}"),
    N_("Input should be a valid dictionary or instance of {name}"),
    N_("Input should be {choices} or {last}, not {given}"),
    N_("Input should be {choices}, not {given}"),
    N_("{given} is not a list of hours such as 09:00-12:00, 14:00-20:00"),
    N_("{given} is not a number"),
    N_("is needed"),
    N_("Extra inputs are not permitted"),
    N_("Field required"),
    N_("somebody else saved a version meanwhile"),
    N_("there is a playbook {name} already: choose another id"),
    N_("the id must stay {name}: another id is another playbook"),
    N_("{name} is not a day of the year"),
    N_("{name} is not a cause"),
    N_("{name} is not a means"),
    N_("{name} is not a channel"),
    N_("yes or no has two choices"),
    N_("one choice is none"),
    N_("is not after the answer"),
    N_("this call sells, and {name} must not"),
    N_("{name} accepts this playbook, and one of the two sells where nothing may be sold"),
    N_("it cannot sell and not sell"),
)
# What they advise, a sentence each.
ADVICE = (
    N_("Is it {name}?"),
    N_("Known are: {names}."),
    N_("Check its spelling; a fact that only this playbook's source tells is declared in `uses`."),
    N_("Name a question, a fact or a usual column."),
    N_("Write solar:10-01, lunar:08-15 or fact:birthday."),
    N_("Put them in order, or join them."),
    N_("Mark a choice with `bad: true`, or write `when`."),
    N_("Use type: choice for more."),
    N_("Add another one."),
    N_("Write a span such as 1d."),
    N_("Remove it."),
    N_("Remove one of the two."),
    N_("Take {name} out of the merge list of {other} first."),
    N_("Write it; it is needed."),
    N_("Remove it, or check its spelling."),
    N_("Put it in quotation marks."),
)
_SENTENCES = (*PROBLEMS, *ADVICE)
_SENTENCE_END = re.compile(r"(?<=[.?]) ")


def span(value: Span | None, text: Translator) -> str:
    """A span in words; "" where there is none."""
    if value is None:
        return ""
    if value.count < 0:
        return text(N_("{span} before"), span=span(Span(-value.count, value.unit), text))
    one, many = _UNITS[value.unit]
    return text.plural(one, many, value.count)


def hours(windows: Iterable[Window]) -> str:
    """Windows as they are typed: 09:00-12:00, 14:00-20:00."""
    return ", ".join(f"{window.start:%H:%M}-{window.end:%H:%M}" for window in windows)


def minutes_open(windows: Iterable[Window]) -> int:
    """For how many minutes of a day customers may be called."""
    return sum((one.end.hour - one.start.hour) * 60 + one.end.minute - one.start.minute for one in windows)


def said(problem: Problem, text: Translator) -> str:
    """What is wrong, in the user's language where it is a sentence that is known."""
    return text.told(problem.message, _SENTENCES)


def advised(problem: Problem, text: Translator) -> str:
    """What to do about it, in the user's language, sentence by sentence."""
    return " ".join(text.told(one, _SENTENCES) for one in _SENTENCE_END.split(problem.advice))
