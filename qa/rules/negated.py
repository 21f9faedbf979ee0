"""Words that are turned round from further away: 不带有啥损失, 哪会有损失, 损失几乎没有 (Q2, Q3 rule 11)."""

import re

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit
from qa.rules.call import Call
from qa.rules.slots import Found

_WITHIN = 10
_BEFORE = re.compile(
    "(?P<no>不|没|冇|莫|未|无|甭|哪(?=[有会能里儿上]))(?:带|会|能|可能|至于|存在|得|有|是|再|受|造成|产生|出现|啥|什么|甚么|任何"
    "|多少|多大|大|太|吃|受到|遭受|一点|半点|丝毫|一丝|一分|怎么|上|里|让您|给您|叫您|使您|的)*$"
)
# 不是没有损失
_TWICE = re.compile("(?:不是|不会|不可能|不能说|并非|不等于)$")
_AFTER = re.compile(
    "[呢嘛啊]?(?:(?:几乎|基本上?|是|倒|也|都|一点|一分|肯定|绝对|可以说)+(?:没有|没得|莫得|冇|不存在|不会有?|谈不上|为零)"
    "|没有的|没得的|不存在|谈不上|不会有|为零)(?:[的啊哦哈呀啦]|任何|什么|啥)*$"
)
# 知道有损失没有 asks.
_ASKS = re.compile("知道|清楚|了解|明白|晓得|懂|请问|[有会]$")


def turned(found: Found, leg: Leg, call: Call) -> bool:
    """Whether one of its words is denied in its own clause, over what stands between."""
    return any(_is_turned(hit, leg, call) for hit in found.hits)


def _is_turned(hit: Hit, leg: Leg, call: Call) -> bool:
    spoken = call.legs[leg]
    begin, _ = spoken.clause(hit.first)
    before = spoken.text(max(begin, hit.first - _WITHIN), hit.first - 1)
    if (said := _BEFORE.search(before)) is not None:
        place = hit.first - len(before) + said.start("no")
        denies = said["no"] in "莫无甭哪" or place in call.searches[leg].negations
        return denies and not _TWICE.search(before[: said.start()])
    _, end = spoken.clause(hit.last)
    after = spoken.text(hit.last + 1, end)
    return len(after) <= _WITHIN and bool(_AFTER.match(after)) and not _ASKS.search(before)
