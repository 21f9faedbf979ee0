"""The shipped playbook is the companies' own table; a file that is wrong says where (P1, T1, T7)."""

from pathlib import Path

import pytest
import yaml

from dialer.playbooks.form.schema import AnswerType
from dialer.playbooks.library import BadPlaybook, read_library, read_playbook, shipped_library
from tests.support.core import PLAYBOOK

SHIPPED = Path(__file__).parents[3] / "playbooks" / "after-sales-satisfaction.yaml"


def test_p1_asks_the_fifteen_items_of_the_source() -> None:
    """P1: 1-9 how do you rate, 11-14 and 16 scored, 17 yes or no; 10 and 15 do not exist."""
    types = {item.id: item.type for item in PLAYBOOK.questionnaire if item.when is None}
    assert list(types) == [f"q{number}" for number in (*range(1, 10), *range(11, 15), 16, 17)]
    assert len(types) == 15
    assert {types[f"q{number}"] for number in range(1, 10)} == {AnswerType.GRADE}
    assert {types[f"q{number}"] for number in (11, 12, 13, 14, 16)} == {AnswerType.SCORE}
    assert types["q17"] is AnswerType.YES_NO
    assert all(item.required for item in PLAYBOOK.questionnaire)


def test_p1_is_due_the_next_day_and_at_the_latest_on_the_third() -> None:
    """P1, L3."""
    dates = PLAYBOOK.steps[0]
    assert (str(dates.earliest), str(dates.target), str(dates.limit)) == ("1d", "1d", "3d")
    assert [(str(one.start)[:5], str(one.end)[:5]) for one in PLAYBOOK.windows] == [
        ("09:00", "12:00"),
        ("14:00", "20:00"),
    ]


def test_so_so_takes_the_dissatisfied_branch() -> None:
    """P: "so-so" is a bad answer."""
    for question in PLAYBOOK.questionnaire:
        if question.type is AnswerType.GRADE:
            bad = [choice.value for choice in question.choices if choice.bad]
            assert bad == ["so_so", "dissatisfied", "very_dissatisfied"]


def test_scores_run_from_one_to_ten() -> None:
    """Each by one digit."""
    for question in PLAYBOOK.questionnaire:
        if question.type is AnswerType.SCORE:
            assert [choice.value for choice in question.choices] == [str(score) for score in range(1, 11)]


def test_the_script_names_the_caller_the_plate_and_the_recording() -> None:
    """T1, T2: who calls, convenient?, recorded, thanks; forbidden words beside it."""
    spoken = [step.id for step in PLAYBOOK.script]
    assert spoken[:5] == ["greet", "plate", "convenient", "recording", "reason"]
    assert spoken[-2:] == ["recap", "thanks"]
    assert {"不行", "不知道", "不可以"} <= set(PLAYBOOK.never_say)


def test_every_text_is_there_in_both_languages() -> None:
    for text in (PLAYBOOK.name, PLAYBOOK.reason, *(item.ask for item in PLAYBOOK.questionnaire)):
        assert text.in_("zh_Hans_CN") == text.zh
        assert text.in_("en_GB") == text.en
        assert text.zh != text.en


def test_the_library_finds_playbooks_by_id_and_by_what_makes_them_due() -> None:
    library = shipped_library()
    assert PLAYBOOK.id in {playbook.id for playbook in library.for_occasion("settlement-order")}
    assert library.for_occasion("nothing") == ()
    with pytest.raises(BadPlaybook, match=r"no playbook 'salon'; known are: .*after-sales-satisfaction"):
        library.get("salon")


def changed(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(SHIPPED.read_text("utf-8")) | changes), "utf-8")
    return path


QUESTION = {"id": "q1", "type": "text", "ask": {"zh": "问", "en": "ask"}}
TWO_KEYS = [{"key": "1", "value": value, "label": {"zh": "是", "en": "yes"}} for value in ("a", "b")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"windows": []}, "windows: Tuple should have at least 1 item", id="no-window"),
        pytest.param(
            {"windows": [{"start": "12:00", "end": "09:00"}]},
            "windows.0: .*start must be before its end",
            id="window-backwards",
        ),
        pytest.param(
            {"steps": [{"earliest": "2d", "target": "1d", "limit": "3d"}]},
            "steps.0: .*earliest <= target",
            id="dates-backwards",
        ),
        pytest.param({"colour": "red"}, "colour: Extra inputs are not permitted", id="unknown-field"),
        pytest.param({"version": 0}, "version: .*greater than or equal to 1", id="version"),
        pytest.param(
            {"questionnaire": [QUESTION, QUESTION]}, "file: .*two questions have the same id", id="id-twice"
        ),
        pytest.param(
            {"questionnaire": [QUESTION | {"type": "yes_no"}]},
            "questionnaire.0: .*question q1: what is typed has no choices, every other type has some",
            id="no-choices",
        ),
        pytest.param(
            {"questionnaire": [QUESTION | {"type": "yes_no", "choices": TWO_KEYS}]},
            "questionnaire.0: .*question q1: two choices have the same key",
            id="key-twice",
        ),
        pytest.param(
            {"script": [{"id": "greet", "say": {"zh": "您好"}}]},
            "script.0.say.en: Field required",
            id="half-translated",
        ),
    ],
)
def test_a_wrong_file_names_itself_the_place_and_what_is_wrong(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(BadPlaybook, match=rf"^mine\.yaml: .*{words}"):
        read_playbook(changed(tmp_path, **changes))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"id: [unclosed", "mine.yaml: cannot be read: .*line 1", id="not-yaml"),
        pytest.param(b"\xff\xfe\x00", "mine.yaml: cannot be read", id="not-text"),
        pytest.param(b"", "mine.yaml: file: ", id="empty"),
        pytest.param(b"- just\n- a list\n", "mine.yaml: file: ", id="a-list"),
    ],
)
def test_what_is_no_playbook_at_all_is_said_too(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(BadPlaybook, match=f"(?s){words}"):
        read_library(tmp_path)


def test_a_company_adds_its_own_as_data(tmp_path: Path) -> None:
    """Section 3: edits or adds its own as data, not code; a folder without any is no error."""
    assert list(read_library(tmp_path)) == []
    changed(tmp_path, id="my-own", version=7)
    assert [(one.id, one.version) for one in read_library(tmp_path)] == [("my-own", 7)]
