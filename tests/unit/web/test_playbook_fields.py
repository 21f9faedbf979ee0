"""The form over a playbook: what was typed becomes the value in the file, or a sentence (T7). Pure."""

import re
from decimal import Decimal

import pytest

from dialer.playbooks.editing import Plain, with_values
from dialer.playbooks.reading import BadPlaybook, Problem, read_text
from dialer.playbooks.spans import Span
from tests.unit.dialer.test_playbook_checks import found, written
from web.i18n import translator
from web.playbooks import words
from web.playbooks.fields import Field, changes_of, groups

PLAYBOOK = read_text(written("retry: {busy: {after: 20min}}"), "x")
SHOWN = [one for group in groups(PLAYBOOK, "zh") for one in group.fields]


def sent(**typed: str) -> dict[str, str]:
    """The form as the browser sends it, with these boxes changed; _ stands for a dot."""
    values = {one.name: one.value for one in SHOWN}
    values |= {f"was.{one.name}": one.value for one in SHOWN}
    return values | {name.replace("__", "."): value for name, value in typed.items()}


def field(name: str) -> Field:
    return next(one for one in SHOWN if one.name == name)


def test_what_nobody_touched_is_not_changed() -> None:
    assert changes_of(SHOWN, sent()) == ({}, ())
    assert field("windows").value == "09:00-12:00"
    assert field("coverage.share").value == "100"
    assert (field("retry.busy.after").value, field("retry.busy.tries").value) == ("20min", "")


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("steps__0__limit", " 5wd ", "5wd"),
        ("windows", "9:30-11:30，15：00至19：00", [("09:30", "11:30"), ("15:00", "19:00")]),
        ("coverage__share", "12.5 %", Decimal("0.125")),
        ("caps__min_gap_days", "7", Decimal(7)),
        ("retry__busy__after", "", None),
        ("questionnaire__0__ask__zh", " 好吗 \n ？", "好吗 ？"),
    ],
)
def test_what_was_typed_becomes_a_value(name: str, typed: str, value: object) -> None:
    changes, wrong = changes_of(SHOWN, sent(**{name: typed}))
    expected: object = value
    if isinstance(value, list):
        expected = [{"start": start, "end": end} for start, end in value]
    found: dict[tuple[str | int, ...], Plain] = changes
    assert list(found.values()) == [expected]
    assert wrong == ()


def test_r12_named_callers_are_typed_as_numbers() -> None:
    """R12: parted as people part them; an empty box names nobody, so that all may call."""
    (changes, _wrong) = changes_of(SHOWN, sent(callers=" 801，A8002 803"))
    assert changes == {("callers",): ["801", "A8002", "803"]}
    text = with_values(PLAYBOOK.text, changes)
    named = read_text(text, "x")
    assert named.callers == ("801", "A8002", "803")
    shown = [one for group in groups(named, "zh") for one in group.fields]
    values = {one.name: one.value for one in shown} | {f"was.{one.name}": one.value for one in shown}
    changes, _wrong = changes_of(shown, {**values, "callers": ""})
    assert read_text(with_values(text, changes), "x").callers == ()


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        ("steps__0__limit", "3 days", "'3 days' is not a span"),
        ("steps__0__limit", "", "is needed"),
        ("windows", "9:30", "'9:30' is not a list of hours"),
        ("windows", "9:30-11:30 and more", "is not a list of hours"),
        ("coverage__share", "half", "'half' is not a number"),
        ("coverage__share", "NaN", "'NaN' is not a number"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(name: str, typed: str, message: str) -> None:
    changes, (problem,) = changes_of(SHOWN, sent(**{name: typed}))
    assert changes == {}
    assert ".".join(map(str, problem.path)) == name.replace("__", ".")
    assert message in problem.message


def test_spans_and_problems_are_said_in_the_users_language() -> None:
    zh, en = translator("zh"), translator("en")
    assert [words.span(Span.parse(one), en) for one in ("1d", "3wd", "-7d")] == [
        "1 day",
        "3 working days",
        "7 days before",
    ]
    assert words.span(Span.parse("-7d"), zh) == "提前 7 天"
    assert words.span(None, zh) == ""
    problem = Problem(("to_head",), "column 1: gradee is not a fact that is known here")
    assert words.said(problem, zh) == "第 1 列：此处没有 gradee 这个字段"
    assert words.said(problem, en) == problem.message
    unknown = Problem((), "something that nobody has thought of")
    assert words.said(unknown, zh) == unknown.message
    assert words.minutes_open(PLAYBOOK.windows) == 180


@pytest.mark.parametrize(
    "more",
    [
        "to_head: gradee == 'A'",
        "coverage: {strata: [unitt]}",
        "identity: id_number",
        "report: {form: x, columns: [plate, q1, q9]}",
        "script: [{id: a, say: {zh: '{plat}', en: '{plate}'}}]",
        "trigger: {kind: calendar, on: ['lunar:13-01']}",
        "retry: {buzy: {tries: 1}}",
        "other_means: {means: [lettr]}",
        "channels: [fax]",
        "merge: {accept: [nobody]}",
        "selling: true\nno_selling: true",
        "windows_too: []",
        "callers: 5",
        "  - {id: q3, type: choice, ask: {zh: 好吗, en: Good?}, choices: "
        "[{key: 1, value: a, label: {zh: 一, en: a}}]}",
        "  - {id: q3, type: text, ask: {zh: 为何, en: Why?}, effects: [{do: case, title: {zh: 一, en: a}}]}",
    ],
)
def test_v3_a_problem_and_its_advice_are_told_in_chinese(more: str) -> None:
    """V3: what is wrong and what to do, no English sentence in it."""
    try:
        wrong = found(more)
    except BadPlaybook as error:
        wrong = list(error.problems)
    assert wrong
    for problem in wrong:
        told = [words.said(problem, translator("zh"))]
        if problem.advice:
            told.append(words.advised(problem, translator("zh")))
        for sentence in told:
            assert re.search(r"[\u4e00-\u9fff]", sentence), sentence
            assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", sentence), sentence
