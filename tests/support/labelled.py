"""Talks of a few lines, and rule sets of one rule, for tests of the rules."""

from qa.rules.schema import RuleSet, parse_rule_set
from qa.scoring.labelled import LabelledCall, Turn, heard
from qa.speech.port import Transcript


def talk(*lines: tuple[str, str]) -> Transcript:
    """What an engine that hears everything makes of these lines: who says it, and what."""
    turns = tuple(Turn.model_validate({"who": who, "text": text}) for who, text in lines)
    return heard(LabelledCall(id="one", labels={"any": frozenset({"pass"})}, turns=turns))


def only_rule(told: str) -> RuleSet:
    """A rule set of one rule, of which `told` says all but its id and title, as YAML in braces would."""
    return parse_rule_set(f"id: t\nversion: 1\nrules: [{{id: rule, title: {{zh: 规则}}, {told}}}]", "test")
