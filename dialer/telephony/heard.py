"""What is heard on a customer's line besides the customer: the other of the two facts of a leg (D3)."""

from collections.abc import Mapping
from enum import StrEnum

from dialer.telephony.outcomes import DialOutcome


class Heard(StrEnum):
    """What was heard. The names are also those of a playbook's own retry rules."""

    EMPTY_NUMBER = "empty_number"  # 空号
    SUSPENDED = "suspended"  # 停机
    BARRED = "barred"  # 呼入限制
    POWERED_OFF = "powered_off"  # 关机
    UNREACHABLE = "unreachable"  # 无法接通
    BUSY = "busy"  # 正在通话中
    NO_ANSWER = "no_answer"  # 无人接听
    CALL_REMINDER = "call_reminder"  # 来电提醒
    SECRETARY = "secretary"  # 智能助理
    VOICEMAIL = "voicemail"  # 请留言
    FORWARDED = "forwarded"  # 呼叫转移
    # The network says that we ourselves cannot call: 主叫欠费.
    OWN_LINE = "own_line"
    # A line whose "answer" proves nothing, and on which nobody spoke.
    NOBODY = "nobody"
    # These correct nothing.
    PERSON = "person"
    RING_BACK = "ring_back"
    SILENCE = "silence"
    UNCLEAR = "unclear"


# The dial outcome that each stands for; what is not here says nothing against the signalling.
OUTCOME: Mapping[Heard, DialOutcome] = {
    Heard.EMPTY_NUMBER: DialOutcome.INVALID_NUMBER,
    Heard.SUSPENDED: DialOutcome.INVALID_NUMBER,
    Heard.BARRED: DialOutcome.REJECTED,
    Heard.POWERED_OFF: DialOutcome.NO_ANSWER,
    Heard.UNREACHABLE: DialOutcome.NO_ANSWER,
    Heard.BUSY: DialOutcome.BUSY,
    Heard.NO_ANSWER: DialOutcome.NO_ANSWER,
    Heard.CALL_REMINDER: DialOutcome.NO_ANSWER,
    Heard.SECRETARY: DialOutcome.NO_ANSWER,
    Heard.VOICEMAIL: DialOutcome.NO_ANSWER,
    Heard.FORWARDED: DialOutcome.NO_ANSWER,
    Heard.OWN_LINE: DialOutcome.CONGESTION,
    Heard.NOBODY: DialOutcome.NO_ANSWER,
}
