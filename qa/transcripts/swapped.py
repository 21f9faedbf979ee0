"""Whether agent and customer are on the wrong channels, told by who says what agents say. Pure.

Only a suspicion: a person decides. Agents ask, address and thank (请问您, 祝您, 回访), in every script and
house; customers hardly ever do so three different ways in one call.
"""

from collections.abc import Mapping

from dialer.telephony.outcomes import Leg
from qa.speech.pinyin import sounds
from qa.speech.port import LegTranscript
from qa.speech.text import plain

_CUES = (
    *("请问", "请您", "麻烦您", "打扰您", "您的", "您是", "您在", "您本人", "给您", "为您", "跟您", "祝您"),
    *("感谢您", "感谢您的接听", "谢谢您的配合", "方便接听", "方便吗", "回访", "工号", "服务质量", "进行录音"),
    *("通话将会录音", "为了保证", "核实", "核对", "您对我们", "您选择的", "您购买"),
)
# So many different ones on the customer's leg, and at most a third of that on the agent's.
_LEAST = 3
_TIMES = 3


def looks_swapped(legs: Mapping[Leg, LegTranscript]) -> bool:
    """Whether the customer's leg holds the agent's part and the agent's leg does not."""
    if len(legs) < len(Leg):
        return False
    customer, agent = _cues(legs[Leg.CUSTOMER].text), _cues(legs[Leg.AGENT].text)
    return customer >= _LEAST and customer >= _TIMES * agent


def _cues(text: str) -> int:
    """How many different cues are in the text, by sound: an engine may write another character."""
    heard = _sound(text)
    return sum(_sound(cue) in heard for cue in _CUES)


def _sound(text: str) -> str:
    return f" {' '.join(sounds(plain(text)))} "
