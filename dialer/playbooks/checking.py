"""What is wrong in a playbook though each part of it can be read: names, kinds, neighbours. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import pairwise

from dialer.playbooks.expressions.conditions import Condition, Kind
from dialer.playbooks.facts import COLUMNS, FACTS, MEANS, SPOKEN, kinds_of_answers
from dialer.playbooks.form.questions import TYPED, AnswerType, Effect, EffectKind, Question
from dialer.playbooks.form.schema import Playbook, ScriptStep
from dialer.playbooks.form.timing import Window
from dialer.playbooks.library import Library
from dialer.playbooks.reading import Path, Problem, Source
from dialer.telephony.heard import OUTCOME
from dialer.telephony.outcomes import DialOutcome

_FIELD = re.compile(r"\{([^{}]*)\}")
_DAY = re.compile(r"^(solar|lunar):(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$|^fact:[a-z_]+$")
_RETRIED = frozenset({*DialOutcome, *OUTCOME, "upset", "later", "refused"})
_HAVE_BAD = frozenset({AnswerType.GRADE, AnswerType.SCORE, AnswerType.CHOICE, AnswerType.YES_NO})
_DECLARE = "Check its spelling; a fact that only this playbook's source tells is declared in `uses`."


def problems(playbook: Playbook, library: Library, rule_sets: Collection[str]) -> tuple[Problem, ...]:
    """Everything that is wrong in it, in the order of the file; with lines where it was read from a text.

    Args:
        playbook: A playbook that could be read.
        library: The other playbooks, which its merge list may name.
        rule_sets: The ids of the rule sets there are.
    """
    found = [
        *_conditions(playbook),
        *_names(playbook),
        *_times(playbook),
        *_questions(playbook),
        *_merging(playbook, library),
    ]
    if playbook.rules not in rule_sets:
        found.append(
            Problem(
                ("rules",), f"there is no rule set {playbook.rules!r}", _nearest(playbook.rules, rule_sets)
            )
        )
    if not playbook.text:
        return tuple(found)
    source = Source(playbook.text)
    return tuple(
        sorted((replace(one, line=source.line(one.path)) for one in found), key=lambda one: one.line)
    )


def _kinds(playbook: Playbook) -> Mapping[str, Kind]:
    return {**FACTS, **playbook.uses}


def _conditions(playbook: Playbook) -> Iterator[Problem]:
    facts = _kinds(playbook)
    for path, condition in _outer_conditions(playbook):
        yield from _condition(path, condition, facts)
    for where, questions in _questionnaires(playbook):
        earlier = dict(facts)
        if where[0] == "segments":
            earlier.update(kinds_of_answers(playbook.questionnaire))
        for number, question in enumerate(questions):
            path = (*where, number)
            if question.when is not None:
                yield from _condition((*path, "when"), question.when, earlier)
            earlier.update(kinds_of_answers([question]))
            for at, effect in enumerate(question.effects):
                if effect.when is not None:
                    yield from _condition((*path, "effects", at, "when"), effect.when, earlier)
    everything = {**facts, **kinds_of_answers(_all_questions(playbook))}
    for at, effect in enumerate(playbook.effects):
        if effect.when is not None:
            yield from _condition(("effects", at, "when"), effect.when, everything)
    for path, step in _script(playbook):
        if step.when is not None:
            yield from _condition((*path, "when"), step.when, everything)


def _outer_conditions(playbook: Playbook) -> Iterator[tuple[Path, Condition]]:
    """Those that are asked before the call: of facts only."""
    if playbook.occasions.when is not None:
        yield ("occasions", "when"), playbook.occasions.when
    for number, segment in enumerate(playbook.segments):
        yield ("segments", number, "when"), segment.when
    for number, cadence in enumerate(playbook.trigger.cadence):
        if cadence.when is not None:
            yield ("trigger", "cadence", number, "when"), cadence.when
    for number, effect in enumerate(playbook.at_once):
        if effect.when is not None:
            yield ("at_once", number, "when"), effect.when
    if playbook.coverage.when_all is not None:
        yield ("coverage", "when_all"), playbook.coverage.when_all
    if playbook.to_head is not None:
        yield ("to_head",), playbook.to_head


def _condition(path: Path, condition: Condition, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    try:
        condition.check(kinds, frozenset(kinds))
    except ValueError as error:
        unknown = sorted(condition.names - kinds.keys())
        advice = " ".join((*(_nearest(name, kinds) for name in unknown), _DECLARE)) if unknown else ""
        yield Problem(path, str(error), advice)


def _names(playbook: Playbook) -> Iterator[Problem]:
    facts = _kinds(playbook)
    named: list[tuple[Path, str]] = [
        *((("coverage", "strata", at), name) for at, name in enumerate(playbook.coverage.strata)),
        *((("coverage", "once", at), name) for at, name in enumerate(playbook.coverage.once)),
        *((("facts", at), name) for at, name in enumerate(playbook.facts)),
        *((("compared", at), name) for at, name in enumerate(playbook.compared)),
        (("trigger", "fact"), playbook.trigger.fact),
        (("identity",), playbook.identity),
    ]
    for path, name in named:
        if name and name not in facts and name != "staff":
            yield Problem(path, f"{name} is not a fact that is known", f"{_nearest(name, facts)} {_DECLARE}")
    columns = {*COLUMNS, *facts, *(question.id for question in _all_questions(playbook))}
    for at, column in enumerate(playbook.report.columns if playbook.report else ()):
        if column not in columns:
            advice = f"Name a question, a fact or a usual column. {_nearest(column, columns)}"
            yield Problem(("report", "columns", at), f"{column} is not a column that is known", advice)
    spoken = {*SPOKEN, *facts, *(question.id for question in _all_questions(playbook))}
    for path, step in _script(playbook):
        for language in ("zh", "en"):
            for name in _FIELD.findall(step.say.in_(language)):
                if name not in spoken:
                    advice = f"{_nearest(name, spoken)} {_DECLARE}"
                    yield Problem((*path, "say", language), f"{{{name}}} cannot be filled in", advice)


def _times(playbook: Playbook) -> Iterator[Problem]:
    yield from _windows(("windows",), playbook.windows)
    for number, segment in enumerate(playbook.segments):
        yield from _windows(("segments", number, "windows"), segment.windows)
    for at, day in enumerate(playbook.trigger.on):
        if _DAY.match(day) is None:
            advice = "Write solar:10-01, lunar:08-15 or fact:birthday."
            yield Problem(("trigger", "on", at), f"{day!r} is not a day of the year", advice)
    for cause in playbook.retry:
        if cause not in _RETRIED:
            yield Problem(("retry", cause), f"{cause} is not a cause", _nearest(cause, _RETRIED))
    for at, means in enumerate(playbook.other_means.means):
        if means not in MEANS:
            yield Problem(("other_means", "means", at), f"{means} is not a means", _nearest(means, MEANS))
    for at, channel in enumerate(playbook.channels):
        if channel not in {"phone", *MEANS}:
            yield Problem(
                ("channels", at), f"{channel} is not a channel", _nearest(channel, {"phone", *MEANS})
            )


def _windows(path: Path, windows: tuple[Window, ...]) -> Iterator[Problem]:
    for number, (one, after) in enumerate(pairwise(windows), start=1):
        if after.start < one.end:
            what = f"begins at {after.start:%H:%M}, before the one above ends ({one.end:%H:%M})"
            yield Problem((*path, number), what, "Put them in order, or join them.")


def _questions(playbook: Playbook) -> Iterator[Problem]:
    for where, questions in _questionnaires(playbook):
        for number, question in enumerate(questions):
            bad = any(choice.bad for choice in question.choices)
            for at, effect in enumerate(question.effects):
                path = (*where, number, "effects", at)
                if effect.when is None and not bad:
                    what = f"{question.id} has no bad choice, so this never happens"
                    yield Problem(path, what, "Mark a choice with `bad: true`, or write `when`.")
                yield from _effect(path, effect)
            if question.type is AnswerType.YES_NO and len(question.choices) != 2:
                path = (*where, number, "choices")
                yield Problem(path, "yes or no has two choices", "Use type: choice for more.")
            if question.type not in TYPED and len(question.choices) < 2:
                yield Problem((*where, number, "choices"), "one choice is none", "Add another one.")
    for at, effect in enumerate(playbook.effects):
        yield from _effect(("effects", at), effect)


def _effect(path: Path, effect: Effect) -> Iterator[Problem]:
    if effect.do is EffectKind.QUESTION_ITEM and effect.within is not None and effect.within.count <= 0:
        yield Problem((*path, "within"), "is not after the answer", "Write a span such as 1d.")


def _merging(playbook: Playbook, library: Library) -> Iterator[Problem]:
    for at, other_id in enumerate(playbook.merge.accept):
        path: Path = ("merge", "accept", at)
        other = library.find(other_id)
        # Itself: two occasions of one customer share a call.
        if other is None and other_id != playbook.id:
            known = [one.id for one in library]
            yield Problem(path, f"there is no playbook {other_id!r}", _nearest(other_id, known))
        elif other is not None and playbook.no_selling and other.selling:
            yield Problem(path, f"{other_id} sells, and nothing may be sold in this call", "Remove it.")
        elif other is not None and playbook.selling and other.no_selling:
            yield Problem(path, f"this call sells, and {other_id} must not", "Remove it.")
    for other in library:
        clash = (playbook.selling and other.no_selling) or (playbook.no_selling and other.selling)
        if clash and playbook.id in other.merge.accept:
            yield Problem(
                ("selling" if playbook.selling else "no_selling",),
                f"{other.id} accepts this playbook, and one of the two sells where nothing may be sold",
                f"Take {playbook.id} out of the merge list of {other.id} first.",
            )
    if playbook.selling and playbook.no_selling:
        yield Problem(("no_selling",), "it cannot sell and not sell", "Remove one of the two.")


def _questionnaires(playbook: Playbook) -> Iterator[tuple[Path, tuple[Question, ...]]]:
    yield ("questionnaire",), playbook.questionnaire
    for number, segment in enumerate(playbook.segments):
        if segment.questionnaire:
            yield ("segments", number, "questionnaire"), segment.questionnaire


def _all_questions(playbook: Playbook) -> Iterator[Question]:
    for _, questions in _questionnaires(playbook):
        yield from questions


def _script(playbook: Playbook) -> Iterator[tuple[Path, ScriptStep]]:
    for number, step in enumerate(playbook.script):
        yield ("script", number), step
    for at, segment in enumerate(playbook.segments):
        for number, step in enumerate(segment.script):
            yield ("segments", at, "script", number), step


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, [str(one) for one in known], n=1)
    if near:
        return f"Is it {near[0]}?"
    return f"Known are: {', '.join(sorted(map(str, known)))}." if 0 < len(known) <= 30 else ""
