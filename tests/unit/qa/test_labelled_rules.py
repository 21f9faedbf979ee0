"""The shipped rules against labelled words: other wordings, minimal pairs, near misses (Q2-Q6)."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dialer.app.cli.main import app
from qa.checks.library import shipped_rules
from qa.rules.schema import load_rule_set
from qa.scoring.labelled import LabelledCall, load_labelled
from qa.scoring.rules import Limits, Scores, score
from qa.scoring.service import score_words

RULES = Path(__file__).parents[3] / "playbooks" / "rules"
FILES = sorted((RULES / "labelled").glob("*.yaml"))
WRITTEN = Path(__file__).parents[3] / "bench" / "unseen" / "written"
LIBRARY = shipped_rules()


def judged(path: Path) -> Scores:
    return score(score_words(load_labelled(path), LIBRARY.get))


def calls() -> list[LabelledCall]:
    return [call for path in FILES for call in load_labelled(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_rules_tell_what_people_told(path: Path) -> None:
    """At least 0.95 agree, and at most 2 % are confidently wrong, of all and of the faults."""
    scores = judged(path)
    wrong = [(one.call, one.rule, one.told, one.words) for one in scores.errors() if one.is_confident_error]
    assert scores.beyond(Limits(0.95, 0.02)) == (), wrong
    assert (scores.total.precision or 0) >= 0.98
    assert (scores.total.recall or 0) >= 0.95


def test_whole_calls_of_many_writers_are_told_as_people_told_them() -> None:
    """As one whole, 690 calls: what a rule learns for one writer may not cost another (Q2, Q3, Q6)."""
    files = sorted(WRITTEN.glob("*.yaml"))
    scores = score([one for path in files for one in score_words(load_labelled(path), LIBRARY.get)])
    wrong = [(one.call, one.rule, one.told, one.words) for one in scores.errors() if one.is_confident_error]
    assert len({one.call for one in scores.total.outcomes}) == 690
    assert scores.beyond(Limits(0.97, 0.005)) == (), wrong


def test_every_own_rule_with_words_has_ten_labelled_wordings_or_is_a_prohibition() -> None:
    """Questions and notices can be worded in many ways; of what must not be said there are the pairs."""
    labelled = Counter((call.playbook, rule) for call in calls() for rule in call.labels)
    for path in sorted(RULES.glob("*.yaml")):
        own = {rule["id"] for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]}
        for rule in load_rule_set(path).rules:
            if rule.id in own and rule.kind in ("must_ask", "must_say") and path.stem not in ELSEWHERE:
                assert labelled[path.stem, rule.id] >= 10, (path.stem, rule.id)


# Labelled as whole calls (bench), or with hardly a wording of its own.
ELSEWHERE = frozenset({"insurance-new-policy", "direct-call", "renewal-telesales"})


def test_no_labelled_sentence_was_copied_into_its_rule() -> None:
    """Else it would prove nothing: a wording of six characters or more stands on one side only."""
    copied = []
    for call in calls():
        rules = {rule.id: rule for rule in LIBRARY.get(call.playbook).rules}
        own = {turn.text.strip("，。？！") for turn in call.turns}
        for name in set(call.labels) & set(rules):
            said = {text for part in rules[name].parts() for text in part.say if len(text) >= 6}
            copied += [(call.id, text) for text in said & own]
    assert copied == []


def test_a_rule_made_deaf_is_found_out(tmp_path: Path) -> None:
    """The regression test can fail, and its command says so with exit code 1."""
    deaf = (RULES / "phone-shop.yaml").read_text(encoding="utf-8").replace("满意, 怎么样, 顺手, 习惯", "甲乙")
    (tmp_path / "shared").mkdir()
    for path in (RULES / "shared").glob("*.yaml"):
        (tmp_path / "shared" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "phone-shop.yaml").write_text(deaf, encoding="utf-8")
    labels = tmp_path / "labels.yaml"
    labels.write_text(
        "rule_set: phone-shop\nfacts: {shop: 明光}\nwordings:\n  - rule: ask_use\n    right: pass\n"
        "    say: [新机您满意吗, 手机用着怎么样, 用得习惯吗]\n",
        encoding="utf-8",
    )
    run = CliRunner().invoke(app, ["rules", "score", str(labels), "--rules", str(tmp_path), "--json"])
    assert run.exit_code == 1
    assert json.loads(run.stdout)["total"]["agreement"] < 0.5
    fine = CliRunner().invoke(app, ["rules", "score", str(labels)])
    assert fine.exit_code == 0, fine.output
    assert "ask_use" in fine.output


def test_a_label_of_an_unknown_rule_is_named(tmp_path: Path) -> None:
    labels = tmp_path / "labels.yaml"
    labels.write_text(
        "rule_set: phone-shop\nwordings: [{rule: ask_weather, right: pass, say: [您好]}]", "utf-8"
    )
    run = CliRunner().invoke(app, ["rules", "score", str(labels)])
    assert run.exit_code == 1
    assert "ask_weather" in run.output
