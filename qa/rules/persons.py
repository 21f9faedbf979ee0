"""The customer addressed by his own surname, or by another's (Q3 rule 4). Pure."""

import re
from collections.abc import Iterator

from dialer.telephony.outcomes import Leg
from qa.matching.syllables import OTHER, distance, spell
from qa.rules.call import Call
from qa.rules.names import Heard
from qa.speech.text import plain

# The surnames of nineteen in twenty: any other character before 先生 may be no name (您先生, 那位先生).
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟颜倪严牛"
    "温芦季俞章鲁葛伍韦申尤毕聂焦柳邢岳齐梅莫庄辛祝涂谷祁耿牟詹关苗凌费纪靳盛童欧甄项曲游阳裴席卫屈鲍覃霍翁隋植甘景薄"
)
_NAME = rf"([{_SURNAMES}])[^先女小太是的您]{{0,2}}(?:先生|女士|小姐|太太)"
# To him, and of nobody else: 您的顾问是王女士 is another's name.
_ADDRESSED = (
    re.compile(rf"(?:[您你]是|[您你]好|找(?:一下)?|请问是|是不是|喂){_NAME}"),
    re.compile(rf"{_NAME}(?=[您你]好)"),
)
# A name with more characters is a company's.
_LONGEST = 4
_BELIEVED = 0.8


def addressed(call: Call, leg: Leg, name: str) -> Iterator[Heard]:
    """Where the customer was addressed by a surname. What sounds half alike cannot be told apart."""
    own = spell(name)
    if not own or len(plain(name)) > _LONGEST:
        return
    spoken = call.legs[leg]
    found = {one.start(1): one.end() - 1 for said in _ADDRESSED for one in said.finditer(spoken.chars)}
    for first, last in sorted(found.items()):
        # Of 诸葛 the pattern may find the second.
        apart = min(distance(one, spoken.syllables[first]) for one in own[:2])
        same = None if spoken.confidences[first] < _BELIEVED or 0 < apart < OTHER else apart < OTHER
        yield Heard(same, first, last)
