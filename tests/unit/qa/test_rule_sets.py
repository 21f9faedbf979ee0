"""Rule sets as data, and the words of their errors (Q2)."""

from pathlib import Path

import pytest

from qa.conduct.rules import NAMES
from qa.rules.schema import RuleSetError, load_rule_set, parse_rule_set

SHIPPED = Path(__file__).parents[3] / "playbooks" / "rules"
HEAD = "id: test\nversion: 1\nrules:\n"
RULE = "  - id: thanks\n    title: {zh: 致谢}\n    kind: must_say\n"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_rule_sets_are_valid_and_named_as_their_files(path: Path) -> None:
    assert load_rule_set(path).id == path.stem


TEN = (
    "greet",
    "right_plate",
    "convenient",
    "recording_notice",
    "ask_attitude",
    "ask_explained",
    "ask_fixed",
    "no_forbidden",
    "no_pressure",
    "thanks",
)
CONDUCT = {
    "hello",
    "responds",
    "farewell",
    "no_forbidden",
    "no_argument",
    "no_promise",
    "no_blame",
    "no_doubt",
    "no_pressure",
    "pace",
    "loud_enough",
    "no_breaking_in",
    "no_long_silence",
}


def test_after_sales_has_its_ten_rules_and_those_of_conduct() -> None:
    rules = load_rule_set(SHIPPED / "after-sales-satisfaction.yaml")
    ids = [rule.id for rule in rules.rules]
    assert sorted(ids) == sorted({*TEN, *CONDUCT, "right_name"})
    assert "dissatisfied" in [signal.id for signal in rules.signals]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_rule_set_judges_conduct(path: Path) -> None:
    """Q6: for all playbooks."""
    assert {rule.id for rule in load_rule_set(path).rules} >= CONDUCT


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_rule_measures_can_be_measured(path: Path) -> None:
    """A misspelt measure would never be found."""
    measured = {rule.measure for rule in load_rule_set(path).rules if rule.kind == "measure"}
    assert measured <= set(NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + RULE, "rule thanks.*`say`.*or `slots`"),
        (HEAD + RULE + "    say: [谢谢您]\n    colour: red\n", "rule thanks, colour"),
        (HEAD + RULE + "    say: [谢谢您]\n    channel: nobody\n", "rule thanks, channel.*agent"),
        (HEAD + RULE + "    say: ['!!']\n", "can be spoken"),
        (HEAD + RULE + "    slots: [{code: '{plate}'}]\n", "announce"),
        (HEAD + (RULE + "    say: [谢谢您]\n") * 2, "used twice: thanks"),
        (HEAD + RULE.replace("must_say", "identity") + "    slots: [{say: [谢谢您]}]\n", "has no slots"),
        (HEAD + RULE.replace("zh", "en") + "    say: [谢谢您]\n", "needs an entry for zh"),
        (HEAD + RULE + "    say: [谢谢您]\n    except: [不]\n", "must_not_say"),
        ("id: [", "no valid YAML"),
        ("just words", "the file"),
    ],
)
def test_an_error_names_file_rule_and_field(text: str, message: str) -> None:
    with pytest.raises(RuleSetError, match=f"(?s)rules.yaml.*{message}"):
        parse_rule_set(text, "rules.yaml")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RuleSetError, match="no-such"):
        load_rule_set(Path("no-such.yaml"))
