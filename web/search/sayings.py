"""What an examiner's page says of states, outcomes and reasons: in Chinese, wherever it is made."""

from collections.abc import Callable, Mapping

from qa.checks.library import RuleLibrary
from qa.rules.schema import RuleSetError
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


def say_in_chinese(rules: RuleLibrary | None = None) -> Callable[[str, str], str]:
    """`say(kind, word)`; a word that nobody knows is said as it is. `rules` gives the titles of rules."""
    text = translator("zh")
    titles: dict[str, Mapping[str, str]] = {}

    def say(kind: str, word: str) -> str:
        if kind.startswith("rule:"):
            return _titles(kind.removeprefix("rule:")).get(word, word)
        known = _KINDS[kind].get(word)
        return text(known) if known else word

    def _titles(rule_set: str) -> Mapping[str, str]:
        if rule_set not in titles:
            try:
                found = rules.get(rule_set).rules if rules is not None else ()
            except RuleSetError:
                found = ()
            titles[rule_set] = {rule.id: rule.title.get("zh", rule.id) for rule in found}
        return titles[rule_set]

    return say
