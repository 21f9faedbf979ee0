"""Branches and effects of a questionnaire, without a database (T1, T2, T5)."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dialer.cases.rules import due_by, effects_of
from dialer.followups.workdays import WorkCalendar
from dialer.forms.rules import BadAnswer, check_answer, same_tail
from dialer.playbooks.asking import IDENTITY, asked, branches, deciding
from dialer.playbooks.form.questions import AnswerType
from dialer.playbooks.spans import Span
from tests.support.questionnaires import EVERY_TYPE, GOOD, with_every_type

ZONE = ZoneInfo("Asia/Shanghai")
ANSWERS = {question: kept for question, (_, kept) in GOOD.items()}


def test_t2_every_type_of_answer_is_there() -> None:
    assert {question.type for question in EVERY_TYPE.questionnaire} == set(AnswerType)


@pytest.mark.parametrize("question", GOOD)
def test_t2_an_answer_is_kept_in_one_form(question: str) -> None:
    """As people write it, full width and with signs; and what is kept is an answer itself."""
    given, kept = GOOD[question]
    assert check_answer(EVERY_TYPE, question, given) == kept
    assert check_answer(EVERY_TYPE, question, kept) == kept


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        ("which", "manner,manner", "names a choice twice"),
        ("which", "manner,none", "'none' is no answer to which"),
        ("order", "price,speed", "must rank all 3 choices"),
        ("order", "price,speed,price", "names a choice twice"),
        ("born", "2026-02-30", "type it as 2026-11-24"),
        ("born", "yesterday", "type it as 2026-11-24"),
        ("paid", "12.345", "type yuan as 120"),
        ("paid", "-3", "type yuan as 120"),
        ("mileage", "many", "digits only"),
        ("mileage", "1.5", "digits only"),
    ],
)
def test_t2_what_is_no_answer_says_why(question: str, value: str, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        check_answer(EVERY_TYPE, question, value)


def test_t2_several_choices_stand_in_the_order_of_the_question() -> None:
    assert check_answer(EVERY_TYPE, "which", "price,manner") == "manner,price"


@pytest.mark.parametrize("answer", ["so_so", "dissatisfied", "very_dissatisfied"])
def test_t1_so_so_takes_the_dissatisfied_branch(answer: str) -> None:
    """All scripts: so-so is treated as dissatisfied."""
    standing = asked(EVERY_TYPE, {"care": answer}, {})
    assert standing.ids[:3] == ("care", "why", "which")
    assert asked(EVERY_TYPE, {"care": "satisfied"}, {}).ids[:2] == ("care", "score")
    assert [one.key for one in effects_of(EVERY_TYPE, standing)] == ["care/0"]


def test_t2_answers_to_questions_that_are_not_asked_any_more_do_not_count() -> None:
    """They are kept, and count again when the branch is taken again."""
    given = {"care": "so_so", "why": "等太久", "which": "wait"}
    assert asked(EVERY_TYPE, given, {}).answers == given
    corrected = asked(EVERY_TYPE, {**given, "care": "satisfied"}, {})
    assert corrected.answers == {"care": "satisfied"}
    assert "why" not in corrected.facts
    assert "why" not in corrected.missing


def test_t2_answers_are_facts_of_their_kind() -> None:
    facts = asked(EVERY_TYPE, {**ANSWERS, "which": "wait"}, {"plate": "豫A12345"}).facts
    assert facts["score"] == 8
    assert facts["order"] == ("speed", "care", "price")
    assert facts["born"] == date(1988, 3, 5)
    assert facts["paid"] == Decimal("1286.00")
    assert facts["care.bad"] is False
    assert facts["plate"] == "豫A12345"
    assert "which" not in facts


def test_t2_what_would_be_asked_is_known_beforehand() -> None:
    """The page goes on at once: every answer that decides, with what follows it."""
    assert set(deciding(EVERY_TYPE)) == {"care"}
    after = branches(EVERY_TYPE, ANSWERS, {})["care"]
    for value, ids in after.items():
        assert ids == asked(EVERY_TYPE, {**ANSWERS, "care": value}, {}).ids


def test_t4_the_identity_check_comes_first_where_the_tail_is_known() -> None:
    playbook = with_every_type(identity="document_tail")
    assert asked(playbook, {}, {"document_tail": "123X"}).missing[0] == IDENTITY
    assert IDENTITY not in asked(playbook, {}, {"document_tail": None}).ids
    assert asked(playbook, {IDENTITY: "no"}, {"document_tail": "123X"}).facts[IDENTITY] == "no"


@pytest.mark.parametrize(
    ("said", "known", "same"),
    [
        ("123x", "123X", True),
        (" １２ 3X", "123X", True),
        ("0123X", "123X", True),
        ("1234", "123X", False),
        ("5678", "41010119880305 5678", True),
    ],
)
def test_t4_tails_are_compared_as_they_are_said(said: str, known: str, same: bool) -> None:
    assert same_tail(said, known) is same


def test_t4_too_little_tells_nothing() -> None:
    with pytest.raises(BadAnswer, match="last 4 characters"):
        same_tail("3X", "123X")


@pytest.mark.parametrize(
    ("span", "end"),
    [
        ("30min", datetime(2026, 9, 30, 10, 30, tzinfo=ZONE)),
        ("2h", datetime(2026, 9, 30, 12, 0, tzinfo=ZONE)),
        ("2d", datetime(2026, 10, 3, tzinfo=ZONE)),
        # National Day to 7 October; the next working day is the 8th.
        ("1wd", datetime(2026, 10, 9, tzinfo=ZONE)),
    ],
)
def test_t5_effects_are_due_by_the_sites_calendar(span: str, end: datetime) -> None:
    now = datetime(2026, 9, 30, 10, 0, tzinfo=ZONE)
    assert due_by(Span.parse(span), now, ZONE, WorkCalendar()) == end


def test_t5_an_effect_of_the_whole_questionnaire_sees_every_answer() -> None:
    given = {**ANSWERS, "care": "so_so"}
    assert "/0" in [one.key for one in effects_of(EVERY_TYPE, asked(EVERY_TYPE, given, {}))]
    assert effects_of(EVERY_TYPE, asked(EVERY_TYPE, ANSWERS, {})) == []
