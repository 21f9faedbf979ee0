"""Versions, variants and edits of playbooks (T7, P9)."""

from decimal import Decimal

import pytest

from dialer.playbooks.editing import Plain, with_value
from dialer.playbooks.form.parts import CallerRule
from dialer.playbooks.library import Library, LiveLibrary
from dialer.playbooks.reading import Path, read_text
from tests.unit.dialer.test_playbook_checks import written

BASE = read_text(written(), "x")
SEGMENTS = """
script:
  - {id: greet, say: {zh: 您好, en: Hello}}
  - {id: thanks, say: {zh: 再见, en: Goodbye}, place: closing}
segments:
  - id: never
    when: logins == 0
    name: {zh: 从未登录, en: Never logged in}
    reason: {zh: 帮您登录, en: To help}
    steps: [{earliest: 0d, target: 1d, limit: 2d}]
    share: 0.5
    caller: same_staff
    expected_minutes: 7
    windows: [{start: 10:00, end: 11:00}]
    script: [{id: help, say: {zh: 我来帮您, en: Let me help}, place: body}]
    questionnaire: [{id: q3, type: text, ask: {zh: 为何, en: Why?}, when: bad(q1)}]
    objections: [{id: busy, heard: {zh: 忙, en: Busy}, say: {zh: 好, en: Fine}}]
  - {id: quiet, when: transactions == 0, name: {zh: 未交易, en: No transaction}}
"""


def version(number: int, playbook_id: str = "mine") -> str:
    return written(playbook_id=playbook_id).replace("version: 1", f"version: {number}")


def test_p9_a_segment_changes_what_it_names_and_adds_to_the_questions() -> None:
    playbook = read_text(written(SEGMENTS), "x")
    segment = playbook.segment({"logins": 0})
    assert segment is not None
    assert segment.id == "never"
    variant = playbook.variant("never")
    assert variant.reason.en == "To help"
    assert [str(step.limit) for step in variant.steps] == ["2d"]
    assert (variant.coverage.share, variant.expected_minutes) == (Decimal("0.5"), Decimal(7))
    assert variant.caller is CallerRule.SAME_STAFF
    assert [step.id for step in variant.script] == ["greet", "help", "thanks"]
    assert [question.id for question in variant.questionnaire] == ["q1", "q2", "q3"]
    assert [card.id for card in variant.objections] == ["busy"]
    assert f"{variant.windows[0].start:%H:%M}" == "10:00"
    assert playbook.variant("never") is variant
    assert variant.variant("never") is variant


def test_p9_without_a_segment_it_is_the_playbook_itself() -> None:
    playbook = read_text(written(SEGMENTS), "x")
    assert playbook.segment({}) is None
    assert playbook.variant("") is playbook
    assert playbook.variant("gone") is playbook
    assert playbook.variant("quiet").questionnaire == playbook.questionnaire


def test_p17_a_step_starts_when_the_one_before_is_done() -> None:
    steps = (
        "steps: [{id: first, earliest: 0d, target: 1d, limit: 1d}, "
        "{id: again, start: previous_done, earliest: 2d, target: 2d, limit: 3d}]"
    )
    playbook = read_text(written().replace("steps: [{earliest: 1d, target: 1d, limit: 3d}]", steps), "x")
    following = playbook.step_after("first")
    assert following is not None
    assert following.id == "again"
    assert playbook.step_after("again") is None
    assert playbook.step_after("no-such") is None


def test_t7_what_was_saved_counts_and_older_versions_stay() -> None:
    shipped, newer_shipped = read_text(version(1), "x"), read_text(version(9), "x")
    saved = [read_text(version(number), "x") for number in (3, 2)]
    library = Library([newer_shipped, shipped], saved)
    assert library.get("mine").version == 3
    assert library.get("mine", 1) is shipped
    assert library.get("mine", 9) is newer_shipped
    assert library.get("mine", 4).version == 3
    assert library.versions("mine") == (1, 2, 3, 9)
    assert [one.version for one in library] == [3]
    assert library.versions("nobody") == ()


def test_t7_what_would_be_is_tried_without_being_saved() -> None:
    library = Library([BASE])
    changed = library.having(read_text(version(2), "x"))
    assert (changed.get("mine").version, changed.get("mine", 1)) == (2, BASE)
    assert library.get("mine") is BASE


def test_everyone_who_holds_the_living_library_sees_a_new_version() -> None:
    live = LiveLibrary([BASE])
    held: Library = live
    live.become(Library([BASE], [read_text(version(2), "x")]))
    assert held.get("mine").version == 2
    assert [one.version for one in held.for_occasion("settlement-order")] == [2]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("steps", 0, "limit"), "5d", "steps: [{earliest: 1d, target: 1d, limit: 5d}]"),
        (("windows",), [{"start": "10:00", "end": "11:00"}], 'windows: [{start: "10:00", end: "11:00"}]'),
        (("coverage", "share"), Decimal("0.20"), "coverage: {share: 0.20}"),
        (("retry", "busy", "after"), "20min", "retry: {busy: {after: 20min}}"),
        (("caps", "per_quarter"), None, "caps: {per_quarter: null}"),
        (
            ("questionnaire", 1, "ask", "zh"),
            '"几"次: #',
            '  - {id: q2, type: number, ask: {zh: "\\"几\\"次: #",',
        ),
        (("questionnaire", 1, "required"), False, "  - {required: false, id: q2,"),
    ],
)
def test_one_value_is_changed_and_all_else_stays(path: Path, value: Plain, line: str) -> None:
    text = written() + "# a comment at the end\n"
    changed = with_value(text, path, value)
    read_text(changed, "x")
    assert line in changed
    kept = [row for row in text.splitlines() if row in changed.splitlines()]
    assert len(kept) >= len(text.splitlines()) - 1
    assert "# a comment at the end" in changed


def test_a_block_is_replaced_and_the_comment_behind_it_stays() -> None:
    text = "windows:\n  - {start: 09:00}\n  - {start: 14:00}\n\n# what follows\nrules: x\n"
    assert with_value(text, ("windows",), []) == "windows:\n  []\n\n# what follows\nrules: x\n"
    assert with_value("a:\n  b: 1\n  c: 2\n", ("a", "d"), 3) == "a:\n  d: 3\n  b: 1\n  c: 2\n"
    assert with_value("a:\nb: 1\n", ("a", "d"), 3) == "a: {d: 3}\nb: 1\n"


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no place for questionnaire\.7\.ask"):
        with_value(written(), ("questionnaire", 7, "ask"), "x")
    with pytest.raises(ValueError, match="cannot be read"):
        with_value("a: [", ("a",), 1)
