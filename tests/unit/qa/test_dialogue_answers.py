"""Answers told apart: tables of wordings, and minimal pairs for words that turn an answer round (Q3)."""

import pytest

from qa.dialogue.answers import AnswerKind, Why, asked, classify
from qa.dialogue.lexicon import Verb
from qa.matching.syllables import spell

# verbs asked | kind | wordings
TABLE = """
know | yes | 知道 清楚 知道的 嗯知道的 清楚的 是的 对 没问题 都明白 了解的 直到 青楚 当然知道 知道知道
know | yes | 都清楚了 早就知道了 已经知道了
know | yes | 知道，有损失 业务员跟我讲过的，知道 没有不清楚的 没什么不清楚的 有损失我知道 嗯对 心里有数
know | weak | 嗯 哦 好 行 好的 嗯嗯 噢 啊 嗯好的 好吧 那好 唔
know | no | 不知道 不清楚 没听说过 不是很清楚 不太清楚 不是 忘了 什么都不知道 不明白 没印象 不怎么清楚
know | no | 不大了解
know | no | 这个我不太清楚，业务员没跟我讲过 没人跟我说过，不知道 头一次听说
know | unclear | 好像知道 应该知道吧 记不清了 差不多 知道吧 大概清楚 可能知道 知道一点点 说不好 也许吧
know | unclear | 估计知道
know | unclear | 现在知道了 你这么一说我就知道了 知道了 好的知道了 清楚了 知道是知道，不过没细看
know | unclear | 知道，但是没算过 原来是这样
know | product_question | 那退保扣多少钱 什么叫现金价值 这个分红有多少 损失是多少 保费要交几年
know | product_question | 现金价值怎么算 退保能退多少 钱什么时候能取出来 分红保证吗 会不会亏本金 那退保呢
know | product_question | 啊？还有损失啊 以后能取出来不能
know | yes | 知道，损失多少合同上有 知道，讲了好几遍
know | product_question | 二十年？不是说好的十年吗，咋成二十年了
know | product_question | 啊？还会有损失？ 当初说一年有五个点的呀 他们可没这么说
know | product_question | 怎么跟卖的时候说的不一样呢 当时可不是这么说的 业务员明明说五年就到期的啊
know | yes | 知道，三年就交完了 知道，交完就不用管了 知道，不懂我也不敢买 知道，看你们公司赚多少钱
know | yes | 那肯定知道啊，又不是存款
know | yes | 那有啥不清楚的 怎么不清楚 门儿清 知道，对了，我还想给爱人也买一份，你帮我办吧
know | misfit | 收到了 看过了 拿到了 是我抄的 看了 满意 挺好的 读过 签收了 修好了
know | not_heard | 什么？ 没听清 啊，没听清 再说一遍 喂 喂喂 你说什么 听不清 您说什么 没听见，再说一遍
know | not_heard | 信号不好
received | yes | 收到了 收到 有 拿到了 都收到了 寄来了，在我手里 嗯收到了 签收了 是的 领到了
received | yes | 已经收到了，是完整的
received | unclear | 就收到一张纸，没条款
received | no | 光有个卡，没别的 没有啊，啥也没见着
received | no | 没收到 没有 还没有 没见着 还没收到 没拿到 不是 没见到 没呢 还没来
received | misfit | 知道 清楚 明白 了解的 知道的 满意 挺好 都清楚了 懂 晓得
received | unclear | 好像收到了 应该收到了吧 记不清了 收到了，但是没看 可能收到了 大概收到了 收到一部分
received | unclear | 不一定
read did | yes | 都看过，也是我自己抄的 是我本人抄的 看过了，抄了 是本人抄的 都看过也是我自己超的 是的
read did | yes | 亲笔抄的 看完了，是我写的 对 我自己抄的
did | no | 我闺女给我抄的 小王替我写的
did | yes | 那可不，抄得我手都酸了
read | unclear | 看嘛看了一点
read did | no | 看了没抄 业务员替我抄的 没看 没抄 他帮我抄的 看过，业务员代抄的 没有 没看过 帮我写的 不是
satisfied | yes | 满意，挺好的 满意 挺好 不错 非常满意 没意见 很好 蛮好的 热情 都好
satisfied | no | 不太满意，等了很久没人理我 不满意 太差了 很不满意 没满意 差劲 不怎么样 有意见 失望 很差
satisfied | unclear | 一般 还行 凑合 马马虎虎 一般吧 有点慢 算是满意 说不好 就那样 无所谓
solved | yes | 已经好了，现在开着正常 好了 解决了 正常 修好了 没有再响 不响了 没毛病 没再出现 恢复了
solved | no | 没解决 还是响 还有异响 老样子 没修好 又坏了 还没好 还在响 不正常 没弄好
explained | yes | 解释清楚了 讲清楚了 说了 有的 说得很清楚 讲过 介绍了 告诉我了 解释了 说明了
explained | no | 没有 没解释 没跟我说 没说清楚 没给我讲 没讲 没说 没介绍 不清楚
explained | unclear | 讲了但是没听懂 好像讲了 讲了一点点 说了，不过没太听 应该讲了吧 讲了一部分 记不清了
explained | unclear | 大概说了 可能讲过 说了一半
convenient | yes | 方便 嗯方便，你说 你说 可以 好的 说吧 行 您讲 没事你问 好，你说
convenient | no | 不方便 在开会 我在开车 现在没空 没时间 我正忙着呢 改天吧 晚点再打 不太方便 等会儿吧
person | yes | 是我 对，是我 我就是 是的 我是 是本人 对 没错 嗯是我 是的我是
person | no | 不是 不是我，是他爱人 打错了 我是他儿子 他不在 不是本人 他爱人 你找谁，打错了 没有这个人
person | no | 不在家
doubt | yes | 没有 没有了 没问题 没了 没什么 没有疑问 没疑问 没有不清楚的 没啥 没有意见
value | yes | 零八四六 三七二幺 是我，零八四六 五零八叉 三七二要一 九零四二 一二三四 八八六六 七零幺二
value | yes | 零零三五
"""

# An answer and one word more or less: the kind turns round.
PAIRS = """
know | 知道 yes | 不知道 no
know | 不清楚 no | 没有不清楚的 yes
know | 知道 yes | 现在知道了 unclear
know | 知道了 unclear | 早就知道了 yes
know | 清楚了 unclear | 都清楚了 yes
know | 知道 yes | 知道吧 unclear
know | 知道 yes | 收到 misfit
know | 嗯 weak | 嗯对 yes
know | 好 weak | 好像 unclear
know | 很清楚 yes | 不是很清楚 no
know | 没问题 yes | 没听说 no
know | 有损失，知道 yes | 有多少损失 product_question
know | 没听清 not_heard | 没弄清楚 no
received | 收到了 yes | 没收到 no
received | 收到了 yes | 收到了，不过没看 unclear
read did | 看了，抄了 yes | 看了，没抄 no
did | 我抄的 yes | 帮我抄的 no
satisfied | 满意 yes | 不太满意 no
satisfied | 没意见 yes | 有意见 no
solved | 好了 yes | 还没好 no
solved | 没有再响 yes | 还是响 no
convenient | 方便 yes | 不方便 no
convenient | 好 yes | 不好 no
person | 是我 yes | 不是我 no
doubt | 没有 yes | 有的 no
know | 没有 no | 没有不明白的 yes
know | 知道，十年交完了 yes | 知道，十年交忘了 unclear
know | 有 yes | 说有五个点 unclear
know | 那可不 yes | 那可不清楚 no
"""


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _verbs(text: str) -> frozenset[Verb]:
    return frozenset(Verb(name) for name in text.split())


@pytest.mark.parametrize(
    ("verbs", "kind", "said"),
    [(verbs, kind, said) for verbs, kind, texts in _rows(TABLE) for said in texts.split()],
)
def test_an_answer_is_sorted_by_what_was_asked(verbs: str, kind: str, said: str) -> None:
    """Q3 rule 14: any answer but a clear yes is seen."""
    assert classify(said, _verbs(verbs)).kind is AnswerKind(kind)


@pytest.mark.parametrize(("verbs", "one", "other"), _rows(PAIRS))
def test_one_word_turns_an_answer_round(verbs: str, one: str, other: str) -> None:
    """Q2: polarity words cannot be missing."""
    for pair in (one, other):
        said, kind = pair.split()
        assert classify(said, _verbs(verbs)).kind is AnswerKind(kind), said


def test_silence_is_no_answer() -> None:
    assert classify("", frozenset({Verb.KNOW})).kind is AnswerKind.NONE


def test_what_was_denied_is_told() -> None:
    """收到了，没看 to both: which of the two was denied is in the answer."""
    answer = classify("看过了，没抄", frozenset({Verb.READ, Verb.DID}))
    assert answer.why is Why.DENIES_ONE
    assert answer.no == {Verb.DID}
    assert answer.yes == {Verb.READ}


@pytest.mark.parametrize(
    ("question", "verbs"),
    [
        ("请问您是否清楚保险责任", {Verb.KNOW}),
        ("您收到保险合同了吗", {Verb.RECEIVED}),
        ("您是否阅读了条款并且亲笔抄写了风险提示语句", {Verb.READ, Verb.DID}),
        ("请问您是李女士本人吗", {Verb.PERSON}),
        ("费用有没有向您解释清楚", {Verb.EXPLAINED, Verb.KNOW}),
        ("您对服务态度满意吗", {Verb.SATISFIED}),
        ("不知道您现在方便吗", {Verb.CONVENIENT}),
        ("车子修好了吗", {Verb.SOLVED}),
        ("您还有什么不清楚的地方吗", {Verb.DOUBT, Verb.KNOW}),
        ("今天天气怎么样", {Verb.SATISFIED}),
        ("您的车牌是京A一二三四五", set()),
    ],
)
def test_what_a_question_asks_for(question: str, verbs: set[Verb]) -> None:
    assert asked(spell(question)) == verbs
