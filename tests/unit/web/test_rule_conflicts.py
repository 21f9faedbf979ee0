"""Two QA leads at one rule set: what the other changed, and why a step came too late (Q2)."""

import inspect
import re

from qa.changing import service
from web.i18n import pattern_of, translator
from web.quality.rule_diff import changed
from web.quality.rule_words import CONFLICTS


def test_what_another_version_changed_is_shown_line_by_line() -> None:
    told = changed("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 4\nc: 3\n")
    assert [one for one in told if one[0]] == [("del", "-b: 2"), ("ins", "+b: 4")]
    assert changed("a: 1", "a: 1") == []


def test_a_conflict_is_told_in_chinese() -> None:
    said = "version 4 of sales was published since this draft was begun on 3: "
    said += "look at what changed, take it over, and go on from there"
    told = translator("zh").told(said, CONFLICTS)
    assert "第 3 版" in told
    assert "第 4 版" in told


def test_every_conflict_that_a_page_shows_is_known() -> None:
    """Raised as an f-string of one line; one of two is tried above."""
    raised = re.findall(r'raise DraftConflict\(f?"([^"]+)"\)', inspect.getsource(service))
    assert raised
    for sentence in raised:
        made = re.sub(r"{[^}]*}", "x", sentence)
        assert any(pattern_of(one).fullmatch(made) for one in CONFLICTS), made
