"""Conditions in playbooks: a closed, typed language that cannot surprise (issue: playbooks as data)."""

import pickle
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.playbooks.expressions.condition_parser import DEEPEST, LONGEST, parse
from dialer.playbooks.expressions.condition_tree import (
    OPERATORS,
    All,
    AnyOf,
    Compare,
    Constant,
    Facts,
    Has,
    Kind,
    Known,
    Literal,
    Name,
    Node,
    Not,
    OneOf,
    Truth,
    check,
    written,
)
from dialer.playbooks.expressions.conditions import Condition, Value

FACTS: Facts = {
    "kind": "settlement-order",
    "grade": "A",
    "amount": Decimal("500.00"),
    "mileage": 12000,
    "next_due": date(2026, 11, 24),
    "member": True,
    "segments": ("vip", "fleet"),
    "q3": "so_so",
    "q3.bad": True,
    "q6": Decimal("480.00"),
    "nothing": None,
    "empty": "",
}


@pytest.mark.parametrize(
    "text",
    [
        "kind == 'settlement-order'",
        'kind == "settlement-order"',
        "kind != 'lost-deal'",
        "amount >= 500 and amount <= 500.00 and not amount < 500",
        "100 < mileage",
        "grade in ('A', 'B')",
        "grade not in ('B', 'C',)",
        "next_due == d'2026-11-24' and next_due < d\"2026-12-01\"",
        "member",
        "member == true and not member == false",
        "true or grade == 'B'",
        "known(grade) and not known(nothing) and not known(empty) and not known(no_such)",
        "has(segments, 'vip') and not has(segments, 'taxi')",
        "bad(q3) and q3.bad",
        "q6 != amount and q6 < amount",
        "(grade == 'B' or grade == 'A') and\n  kind == 'settlement-order'",
    ],
)
def test_true_conditions(text: str) -> None:
    assert Condition.parse(text).holds(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "nothing == 'x'",
        "nothing != 'x'",
        "nothing < 3",
        "no_such in ('x')",
        "no_such not in ('x')",
        "no_such",
        "bad(q4)",
        "has(no_such, 'x')",
        "no_such != nothing",
    ],
)
def test_a_comparison_with_what_is_not_known_is_false(text: str) -> None:
    assert not Condition.parse(text).holds(FACTS)


@pytest.mark.parametrize(
    "text", ["grade == 3", "grade != 3", "amount != 'x'", "member == 1", "mileage == true", "grade < mileage"]
)
def test_two_kinds_are_never_equal_nor_different(text: str) -> None:
    assert not Condition.parse(text).holds(FACTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: expected a fact's name, .* found the end"),
        ("amount = 3", "column 8: = is not a sign here; equal is =="),
        ("amount ==", r"column 10: expected a value \('text', a number, .*found the end"),
        ("amount >= 500 kind", "column 15: expected and, or, or the end, found kind"),
        ("kind == 'a", "column 9: a text that does not end"),
        ("kind < 'a'", "column 1: < is for numbers and dates; for a text use == or !="),
        ("due == d'2026-02-30'", "column 8: d'2026-02-30' is not a date such as d'2026-11-24'"),
        ("kind in ('a', 3)", "column 15: expected a text like the first one, found 3"),
        ("kind in ()", r"column 10: expected a value .*found \)"),
        ("(kind == 'a'", r"column 13: expected \), found the end"),
        ("'a' == 'b'", "column 8: expected a fact's name: one side of a comparison is a fact"),
        ("eval('1')", r"column 1: expected known\(...\), has\(...\) or bad\(...\), found eval"),
        ("has(segments, 3)", r"column 15: expected a text in '...', found 3"),
        ("__import__", None),
        ("a.b == 3a", "column 8: not a number"),
        ("amount ; drop", "column 8: ';' is not part of a condition"),
        ("等级 == 'A'", "column 1: '等' is not part of a condition"),
        ("(" * 10_000, f"column {LONGEST}: a condition has at most {LONGEST} characters"),
        ("(" * (DEEPEST + 1) + "x", f"column {DEEPEST + 1}: nested more than {DEEPEST} deep"),
        ("not " * (DEEPEST + 1) + "x", f"nested more than {DEEPEST} deep"),
    ],
)
def test_what_is_no_condition_says_where_and_what_was_expected(text: str, message: str | None) -> None:
    if message is None:
        # Only a name like any other: nothing is ever run.
        assert not Condition.parse(text).holds(FACTS)
        return
    with pytest.raises(ValueError, match=f"^{message}" if message.startswith("column") else message):
        Condition.parse(text)


KINDS = {
    "grade": Kind.TEXT,
    "amount": Kind.NUMBER,
    "due": Kind.DATE,
    "segments": Kind.LIST,
    "vip": Kind.TRUTH,
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grade == 3", "column 1: grade is a text, here a number is expected"),
        ("3 < grade", "column 5: grade is a text, here a number is expected"),
        ("vip and amount == 'x'", "column 9: amount is a number, here a text is expected"),
        ("grade == amount", "column 1: grade is a text, here a number is expected"),
        ("due in ('a')", "column 1: due is a date, here a text is expected"),
        ("segments == 'vip'", "column 1: segments is a list, here a text is expected"),
        ("segments == other", r"column 1: a list is asked by has\(segments, 'one'\), not by =="),
        ("has(grade, 'A')", "column 5: grade is a text, here a list is expected"),
        ("not (grade or vip)", "column 6: grade is a text, here a truth is expected"),
        ("vip < other", "column 1: < is for numbers and dates; for a truth use == or !="),
    ],
)
def test_what_can_never_be_true_of_known_kinds_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Condition.parse(text).check(KINDS)


def test_a_name_that_is_not_known_is_refused_with_its_column() -> None:
    condition = Condition.parse("grade == 'A' and gradd == 'B'")
    condition.check(KINDS)
    assert condition.names == {"grade", "gradd"}
    with pytest.raises(ValueError, match="column 18: gradd is not a fact that is known here"):
        condition.check(KINDS, frozenset(KINDS))


def test_a_condition_is_read_once_and_can_be_sent_to_another_process() -> None:
    condition = Condition.parse("grade == 'A'")
    assert Condition.parse("grade == 'A'") is condition
    assert pickle.loads(pickle.dumps(condition)) is condition
    assert {condition, Condition.parse("(grade=='A')")} == {condition}


names = (
    st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z0-9]{1,4})?", fullmatch=True)
    .filter(lambda name: name not in ("and", "or", "not", "in", "true", "false"))
    .map(Name)
)
texts = st.text(max_size=8).map(lambda text: Literal(Kind.TEXT, text))
numbers = st.one_of(
    st.integers(-(10**17), 10**17), st.decimals(-(10**6), 10**6, allow_nan=False, places=3)
).map(lambda number: Literal(Kind.NUMBER, number))
dates = st.dates().map(lambda day: Literal(Kind.DATE, day))
truths = st.booleans().map(lambda value: Literal(Kind.TRUTH, value))


def well_kinded(node: Node) -> bool:
    try:
        check(node, {})
    except ValueError:
        return False
    return True


leaves = st.one_of(
    st.builds(Constant, st.booleans()),
    st.builds(Truth, names),
    st.builds(Known, names),
    st.builds(Has, names, texts),
    st.builds(Compare, names, st.sampled_from(sorted(OPERATORS)), texts | numbers | dates | truths | names),
    st.one_of(*(st.lists(kind, min_size=1, max_size=3) for kind in (texts, numbers, dates, truths))).flatmap(
        lambda values: st.builds(OneOf, names, st.just(tuple(values)), st.booleans())
    ),
).filter(well_kinded)
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.text(max_size=4),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.dates(),
    st.lists(st.text(max_size=3), max_size=3).map(tuple),
)


@given(nodes)
def test_what_is_written_reads_back_as_the_same(node: Node) -> None:
    assert parse(written(node)) == node


WORDS = [
    "and ",
    "or ",
    "not ",
    "in ",
    "(",
    ")",
    ",",
    "==",
    "<",
    "x",
    "q3.bad",
    "has",
    "known",
    "'a'",
    '"',
    "d'1'",
]
anything = st.text(max_size=60) | st.lists(st.sampled_from([*WORDS, "3", "-1.5", " "]), max_size=40).map(
    "".join
)


@given(anything, st.dictionaries(st.sampled_from(["x", "q3.bad", "has", "known"]), values))
def test_any_text_is_a_condition_or_a_value_error(text: str, facts: Facts) -> None:
    try:
        condition = Condition.parse(text)
    except ValueError as error:
        assert str(error).startswith("column ")
    else:
        assert condition.holds(facts) in (True, False)


@given(nodes, st.data())
def test_holds_never_raises(node: Node, data: st.DataObject) -> None:
    condition = Condition.parse(written(node))
    facts = {name: data.draw(values) for name in sorted(condition.names)}
    assert condition.holds(facts) in (True, False)
    assert condition.holds({}) in (True, False)
