"""What an examiner's page says of states, outcomes and reasons: in Chinese, wherever it is made."""

from collections.abc import Callable, Mapping

from web import labels
from web.i18n import translator
from web.quality import words as quality
from web.search.words import EVENT, FATE

_KINDS: Mapping[str, Mapping[str, str]] = {
    "state": labels.FOLLOW_UP_STATE,
    "reason": labels.FOLLOW_UP_REASON,
    "outcome": labels.OUTCOME,
    "heard": labels.HEARD,
    "disposition": labels.DISPOSITION,
    "item": labels.ITEM_STATE,
    "task": labels.TASK_STATE,
    "recording": quality.RECORDING,
    "verdict": quality.VERDICT,
    "why": quality.REASON,
    "channel": quality.CHANNEL,
    "fate": FATE,
    "event": EVENT,
}


def say_in_chinese() -> Callable[[str, str], str]:
    """`say(kind, word)`; a word that nobody knows is said as it is."""
    text = translator("zh")

    def say(kind: str, word: str) -> str:
        known = _KINDS[kind].get(word)
        return text(known) if known else word

    return say
