"""Topics asked and stated, and the answer that counts (Q3 rules 2, 3, 14)."""

import pytest

from qa.dialogue.answers import AnswerKind
from qa.dialogue.forms import Form, is_backchannel
from qa.dialogue.lexicon import Verb
from tests.unit.qa.dialogue_world import unit

# form | topic | the agent's turn that holds it
FORMS = """
asked | 保险合同 | 请问您收到保险合同了吗
asked | 保险合同 | 请问您是否收到了保险合同，包括产品条款在内的全部材料
asked | 保险合同 | 保险合同，连同里面的条款，您都拿到手了吗
asked | 保险合同 | 保险合同您收到了没有
asked | 保险合同 | 保险合同您收到没
asked | 保险合同 | 保险合同您有没有收到
asked | 保险合同 | 保险合同您收没收到
asked | 保险合同 | 您拿到保险合同了嘛
asked | 保险合同 | 保险合同收到了没有呢
asked | 保险期间 | 您这份保险的保险期间是终身，请问您知道吗
asked | 保险期间 | 您知不知道保险期间
asked | 保险期间 | 请问保险期间您清楚不清楚
asked | 保险期间 | 保险期间是二十年，这个您知道吗
asked | 保险期间 | 保险期间是多长时间您知道不
asked | 本人 | 请问您是李女士本人马
asked | 退保 | 请问您是否清楚，退保可能会有损失，退保金额以现金价值为基础
asked | 退保 | 退保是可能有损失的，退保金额按现金价值算，请问您知道吗
asked | 退保 | 您知道吗，退保可能会有损失
asked | 缴费 | 您选择的是每年缴费，缴十年，请问您清楚缴费方式吗
asked | 条款 | 条款、产品说明书、投保提示书您都看了吗
asked | 态度 | 接待您的服务人员态度怎么样
asked | 态度 | 您对服务人员的态度如何评价
asked | 态度 | 对销售的态度，您打几分
asked | 故障 | 车子的故障是满意地修好了还是没修好
asked | 红利 | 红利是不确定的，这一点您是否清楚
asked | 缴费 | 缴费方式是每年缴费，缴十年您是否知道
asked | 退保 | 请问您知道退保可能会有损失，只能拿回现金价值吗
asked | 合同 | 保险合同您都收到了吧，有没有收到
asked | 耽误 | 现在耽误您两分钟，可以骂为了提高服务我们会录音
asked | 保险责任 | 保险责任的内容您请处骂
asked | 阅读 | 投保之前您又没有阅读过条款
asked | 态度 | 上门师傅的服务态度，您是非常满意、满意、一般，还是不满意
asked | 现金价值 | 什么是现金价值您明白不明白
request | 后四位 | 麻烦您报一下身份证后四位
request | 后四位 | 请您说一下身份证号码的后四位
request | 后四位 | 请您提供一下证件的后四位
request | 后四位 | 身份证后四位，麻烦说一下
tag | 车牌 | 您的车牌号是京A一二三四五，对吗
leading | 车牌 | 您的车牌是京A一二三四五，没错吧
tag | 车牌 | 您的车牌京A一二三四五，是不是
leading | 李女士 | 请问是李女士吧
leading | 合同 | 合同连条款想必已经送达您手中了吧
leading | 保险期间 | 保险期间您肯定知道的嘛
doubtful | 保什么 | 保什么不保什么，想来业务员都跟您讲透了吧
asked | 故障 | 车子的故障排除了吧，还有没有再出现
asked | 风险提示 | 风险提示是您亲手抄的不是
asked | 风险提示 | 风险提示是您自己抄的，还是别人代抄的
leading | 分红 | 分红是不确定的，您知道吧
leading | 费用 | 各项费用的扣除您都知道吧
leading | 保险期间 | 请问您知道保险期间吧
leading | 态度 | 态度肯定没问题吧
leading | 条款 | 条款您都看过吧
leading | 合同 | 合同您收到了吧
stated | 合同 | 您的合同已经寄给您了
stated | 合同 | 您的合同已经寄给您了，条款您看过吗
stated | 退保 | 退保随时都可以退的
stated | 保费 | 保费您按时交就可以了
stated | 录音 | 跟您说一声，我们这个电话是录音的
stated | 录音 | 本次通话会录音，请问您现在方便吗
stated | 责任免除 | 责任免除合同里都写得很清楚，您自己看就可以了
stated | 损失 | 您放心，不会有什么损失的
stated | 问题 | 您有任何问题随时给我们打电话
stated | 红利 | 红利一点保证都没有
stated | 疑问 | 您的疑问我已经记录，会转给相关部门
stated | 保险期间 | 保险期间是终身，没什么特别的
stated | 态度 | 我们师傅的态度一直都很好
"""


@pytest.mark.parametrize(
    ("form", "topic", "said"),
    [[cell.strip() for cell in row.split("|")] for row in FORMS.strip().splitlines()],
)
def test_how_a_topic_was_brought_up(form: str, topic: str, said: str) -> None:
    """Q3 rule 2: asks, never states; 您知道吧 is leading."""
    assert unit(topic, f"A {said}", "C 嗯").form is Form(form)


def test_the_answer_lasts_until_the_next_substantive_words() -> None:
    """The agent's 嗯 does not end the customer's answer."""
    found = unit("退保", "A 退保会有损失，您知道吗", "C 知道", "A 嗯", "C 有损失", "A 下一个问题", "C 好的")
    assert found.judged().text == "知道有损失"
    assert found.judged().kind is AnswerKind.YES


def test_an_answer_may_begin_over_the_end_of_the_question() -> None:
    found = unit("退保", "A 退保会有损失您知道吗", "C@2.3 知道", "A 好")
    assert found.judged().kind is AnswerKind.YES


@pytest.mark.parametrize("unheard", ["啊，没听清", "喂", "你说什么", "什么", "再说一遍"])
def test_the_last_answer_counts_where_the_question_was_not_heard(unheard: str) -> None:
    """Q3: repeats because not heard."""
    found = unit("四位", "A 请您报一下证件后四位", f"C {unheard}", "A 请报一下证件最后四位", "C 三七二幺")
    assert [reply.answer.kind for reply in found.rounds] == [AnswerKind.NOT_HEARD, AnswerKind.YES]
    assert found.judged().text == "三七二幺"


def test_a_weak_answer_is_not_cancelled_by_a_later_yes() -> None:
    """Q3 rule 14: only what was not heard is asked anew."""
    found = unit("退保", "A 退保会有损失，您知道吗", "C 不知道", "A 那我跟您说了，您知道了吗", "C 知道")
    assert found.judged().kind is AnswerKind.NO


def test_a_question_asked_into_silence_and_again() -> None:
    found = unit("退保", "A 退保会有损失，您知道吗", "A 您知道吗", "C 知道")
    assert found.judged().kind is AnswerKind.YES


def test_a_statement_and_then_a_question_is_asked() -> None:
    """Statement then question = asked; the bare question refers to what was said before."""
    found = unit("退保", "A 退保会有损失的", "C 嗯", "A 这个您清楚吗", "C 清楚")
    assert found.form is Form.ASKED
    assert found.judged().kind is AnswerKind.YES


def test_a_question_that_opens_the_next_sentence_asks_for_that_one() -> None:
    found = unit("缴费", "A 缴费是每年缴，缴二十年", "C 好的", "A 您清不清楚，退保是会有损失的", "C 清楚")
    assert found.form is Form.STATED


@pytest.mark.parametrize(("asks", "kind"), [("您弄明白没有", "yes"), ("您明白吗", "unclear")])
def test_who_is_asked_whether_he_has_it_says_yes_with_what_else_is_only_heard(asks: str, kind: str) -> None:
    """明白了 after 吗 may be "I have heard it now" (Q3 rule 14)."""
    assert unit("责任", f"A 保险责任，{asks}", "C 明白了").judged().kind is AnswerKind(kind)


def test_a_statement_before_another_question_stays_one() -> None:
    found = unit("退保", "A 退保会有损失的", "C 嗯", "A 请问您收到合同了吗", "C 收到了")
    assert found.form is Form.STATED
    assert found.judged().kind is AnswerKind.WEAK


def test_several_questions_before_an_answer_are_not_apart() -> None:
    """Q3 rule 3: one question, a clear answer, the next."""
    lines = ("A 您清楚保险责任吗，保险期间是终身，您知道吗", "C 都知道")
    assert not unit("保险责任", *lines).apart
    last = unit("保险期间", *lines)
    assert last.apart
    assert last.judged().kind is AnswerKind.YES


def test_a_listeners_sound_does_not_part_what_is_said() -> None:
    """The question after it may also be about the next matter: for a person."""
    found = unit("退保", "A 退保会有损失的，", "C 嗯", "A 金额按现金价值算，请问您知道吗", "C 知道")
    assert found.form is Form.LEADING
    assert found.judged().text == "知道"


def test_a_question_after_an_answered_statement_is_about_the_next_matter() -> None:
    """好 answers; 嗯 listens."""
    found = unit("责任免除", "A 责任免除合同里都写了", "C 好", "A 保障到七十岁，请问您知道吗", "C 知道")
    assert found.form is Form.STATED


def test_an_answer_to_something_else_is_a_misfit() -> None:
    found = unit("退保", "A 您知道退保有损失吗", "C 收到了")
    assert found.verbs == {Verb.KNOW}
    assert found.judged().kind is AnswerKind.MISFIT


def test_nobody_answers() -> None:
    found = unit("退保", "A 您知道退保有损失吗")
    assert found.reply.place is None
    assert found.judged().kind is AnswerKind.NONE


def test_evidence_has_its_seconds() -> None:
    found = unit("退保", "A 您知道退保有损失吗", "C 知道")
    assert found.asking is not None
    assert found.reply.place is not None
    assert found.topic.start < found.asking.end < found.reply.place.start < found.reply.place.end


@pytest.mark.parametrize(
    ("said", "empty"), [("嗯好的", True), ("对对", True), ("嗯知道", False), ("好再见", False)]
)
def test_backchannels(said: str, empty: bool) -> None:
    assert is_backchannel(said) is empty


def test_a_topic_may_go_on_over_an_answer() -> None:
    """保险 … 合同 with 收到了 in between: found as one wording, it lies in two blocks, and a person looks."""
    assert unit("保险合同", "A 请问您收到保险", "C 收到了", "A 合同了吗").form is Form.STATED
