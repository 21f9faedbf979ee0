"""Every shipped playbook is whole: texts, branches, objection cards, columns, rule set (P1-P23, T1)."""

import re
from collections.abc import Iterator

import pytest

from dialer.playbooks.checking import problems
from dialer.playbooks.facts import COLUMNS, FACTS, SPOKEN
from dialer.playbooks.form.questions import AnswerType
from dialer.playbooks.form.schema import Playbook, Text
from qa.checks.library import shipped_rules
from tests.support.shipped import LIBRARY, ids, questions, script

ALL = sorted(LIBRARY, key=lambda one: one.id)
IDS = """
after-sales-satisfaction lost-customer maintenance-reminder first-maintenance sale-satisfaction lost-deal
complaint-verification hospital-discharge e-banking salon-care appliance gas-service city-hotline-12345
securities-account securities-periodic insurance-new-policy property regular-customers special-period
renewal-telesales phone-shop distributor-care opinion-feedback direct-call
"""
each = pytest.mark.parametrize("playbook", ALL, ids=lambda one: one.id)


def texts(playbook: Playbook) -> Iterator[Text]:
    yield from (playbook.name, playbook.reason)
    for segment in playbook.segments:
        yield segment.name
        if segment.reason:
            yield segment.reason
    for step in script(playbook):
        yield step.say
    for card in playbook.objections:
        yield from (card.heard, card.say)
    for question in questions(playbook):
        yield question.ask
        if question.hint:
            yield question.hint
        yield from (choice.label for choice in question.choices)
        yield from (effect.title for effect in question.effects)
    yield from (effect.title for effect in playbook.effects)
    yield from (message.text for message in playbook.messages)


def test_every_line_of_the_table_is_shipped() -> None:
    """P1-P23, and the one of calls that no plan made (D2, D9)."""
    assert sorted(IDS.split()) == [playbook.id for playbook in ALL]


@each
def test_nothing_is_wrong_in_any_of_them(playbook: Playbook) -> None:
    """Names, kinds, merge lists, columns, rule set."""
    assert problems(playbook, LIBRARY, IDS.split()) == ()
    assert shipped_rules().get(playbook.rules).id == playbook.id


@each
def test_every_text_is_chinese_and_english(playbook: Playbook) -> None:
    for text in texts(playbook):
        # A score is written alike everywhere.
        if not re.fullmatch(r"\d+分", text.zh):
            assert re.search(r"[\u4e00-\u9fff]", text.zh), text.zh
        assert text.en.strip(), text.zh
        assert not re.search(r"[\u4e00-\u9fff]", text.en), text.en
        assert not re.search(r"[A-Za-z]", re.sub(r"\{\w+\}|12345", "", text.zh)), text.zh


@each
def test_every_brace_is_a_known_fact(playbook: Playbook) -> None:
    """T1."""
    known = {*SPOKEN, *FACTS, *playbook.uses, *ids(playbook)}
    for text in texts(playbook):
        for name in re.findall(r"\{(\w+)\}", text.zh):
            assert name in known, text.zh
        assert set(re.findall(r"\{(\w+)\}", text.zh)) >= set(re.findall(r"\{(\w+)\}", text.en)), text.en


@each
def test_every_column_is_a_fact_a_question_or_of_the_form(playbook: Playbook) -> None:
    """F1: the companies' own tables."""
    assert playbook.report is not None
    assert set(playbook.report.columns) <= {*COLUMNS, *FACTS, *playbook.uses, *ids(playbook)}
    assert {"agent", "disposition", "wishes"} <= set(playbook.report.columns)


@each
def test_every_script_greets_asks_tells_and_thanks(playbook: Playbook) -> None:
    """T1: who calls, is it convenient, recorded, why, what was promised, thanks; so-so is not passed over."""
    opening = "".join(step.say.zh for step in playbook.script if step.place == "opening")
    assert opening.index("您好") < opening.index("方便")
    for word in ("{branch}", "{agent}", "{name}", "录音", "方便"):
        assert word in opening, word
    assert any(step.place == "recap" for step in playbook.script)
    last = playbook.script[-1]
    assert last.place == "closing"
    assert "谢" in last.say.zh
    assert last.say.zh.endswith("再见。")
    if playbook.id not in ("insurance-new-policy", "renewal-telesales"):
        sorry = next(step for step in playbook.script if step.id == "sorry")
        assert sorry.when is not None


@each
def test_every_call_knows_what_to_say_to_objections(playbook: Playbook) -> None:
    """T1: busy, again, my number?, no answer, a scam?, I complain; and one of the trade at least."""
    cards = [card.id for card in playbook.objections]
    assert set(cards) >= {"busy", "again", "source", "no_answer", "fraud", "complain"}
    assert len(cards) > 6


@each
def test_forbidden_words_are_shown_and_never_said(playbook: Playbook) -> None:
    """T1: 不行, 不知道, 不可以 stand beside the script, and not in it."""
    assert {"不行", "不知道", "不可以"} < set(playbook.never_say)
    said = [
        *(step.say.zh for step in script(playbook)),
        *(card.say.zh for card in playbook.objections),
        *(item.ask.zh for item in questions(playbook)),
    ]
    for words in said:
        assert not any(forbidden in words for forbidden in playbook.never_say), words


@each
def test_so_so_takes_the_dissatisfied_branch(playbook: Playbook) -> None:
    """P: a grade of so-so is a bad answer, is asked about or brings something about (T5)."""
    heard = {name for effect in playbook.effects if effect.when for name in effect.when.names}
    for item in questions(playbook):
        if item.type is AnswerType.GRADE:
            bad = [choice.value for choice in item.choices if choice.bad]
            assert bad[:2] == ["so_so", "dissatisfied"], item.id
        if any(choice.bad for choice in item.choices):
            assert item.effects or f"{item.id}.bad" in heard or f"{item.id}_why" in ids(playbook)


@each
def test_a_cause_is_asked_only_after_a_bad_answer(playbook: Playbook) -> None:
    found = [
        item for item in questions(playbook) if item.id.endswith("_why") and item.type is AnswerType.TEXT
    ]
    for item in found:
        if item.id != "elsewhere_why":
            assert item.when is not None
            assert item.when.names == {f"{item.id.removesuffix('_why')}.bad"}


TRADES = {
    "病房": {"hospital-discharge"},
    "保单": {"insurance-new-policy"},
    "发型": {"salon-care"},
    "物业": {"property"},
    "炒股": set(),
    "滤芯": {"appliance"},
    "网银": {"e-banking"},
    "燃气": {"gas-service", "city-hotline-12345"},
    "保养": {
        "after-sales-satisfaction",
        "maintenance-reminder",
        "first-maintenance",
        "lost-customer",
        "sale-satisfaction",
    },
    "经销商": {"distributor-care"},
    "车牌": {
        "after-sales-satisfaction",
        "maintenance-reminder",
        "first-maintenance",
        "lost-customer",
        "sale-satisfaction",
    },
}


@each
def test_nobody_hears_the_words_of_another_trade(playbook: Playbook) -> None:
    for text in texts(playbook):
        for word, where in TRADES.items():
            assert word not in text.zh or playbook.id in where, text.zh
