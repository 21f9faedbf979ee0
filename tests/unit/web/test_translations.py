"""Every text of the panel is there in Chinese, with the same values in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract

import web
from asterisk.ami import faults
from dialer.agents.states import AgentState, PauseReason
from dialer.alarms.service import Alarm
from dialer.calling.states import AttemptState
from dialer.cases.states import CaseState, ItemState, TaskKind, TaskState
from dialer.clock import system_clock
from dialer.followups.states import FollowUpState
from dialer.forms.rules import Disposition, Satisfaction
from dialer.telephony.outcomes import DialOutcome
from web import labels
from web.facts import facts_told
from web.i18n import LANGUAGES, N_, Translator, fields_of, read_texts, translator
from web.supervisor.alarms import PROBLEM, WORDING, describe

ROOT = Path(web.__file__).parent
# What a command says in both languages, and its page, too.
SPOKEN = tuple(ROOT.parent / "dialer" / "app" / name for name in ("doctor", "trace", "cli"))
KEYWORDS = {"_": None, "N_": None, "text": None, "plural": (1, 2)}


def texts_of(path: Path) -> Iterator[str]:
    """Every message id that a file of the panel uses."""
    method = "python" if path.suffix == ".py" else "jinja2"
    with path.open("rb") as file:
        for _, messages, *_ in extract(method, file, KEYWORDS):
            yield from (messages,) if isinstance(messages, str) else messages


def used_texts() -> list[tuple[str, str]]:
    """(file, message id) of the whole panel."""
    paths = [*ROOT.rglob("*.py"), *ROOT.rglob("*.html")]
    paths += [path for folder in SPOKEN for path in folder.rglob("*.py")]
    return sorted({(str(path.relative_to(ROOT.parent)), text) for path in paths for text in texts_of(path)})


def test_the_panel_has_texts() -> None:
    assert len(used_texts()) > 200


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated(language: str) -> None:
    translated = read_texts(language)
    assert [(where, text) for where, text in used_texts() if not translated.get(text)] == []


def test_translations_take_the_same_values() -> None:
    wrong = {text for text, ours in read_texts("zh").items() if fields_of(text) != fields_of(ours)}
    assert wrong == set()


def test_no_translation_is_left_over() -> None:
    assert set(read_texts("zh")) - {text for _, text in used_texts()} == set()


def test_what_a_user_types_is_not_taken_for_a_field() -> None:
    text = Translator("zh", {N_("Error"): "{错误}"})
    assert text("Error") == "{错误}"


@pytest.mark.parametrize(
    "fault",
    [
        faults.cannot_connect("10.0.0.5", 5038, OSError("refused")),
        faults.not_ami("10.0.0.5", 5038),
        faults.login_refused("dialer", "Authentication failed"),
        faults.not_booted("dialer", 30.0),
        faults.shutting_down(),
        faults.silent(4.0),
        faults.lost(None),
        faults.lost(OSError("reset by peer")),
        faults.overflowed(10_000),
        faults.garbled(65_536),
    ],
    ids=lambda fault: fault.reason,
)
def test_each_reason_of_a_lost_link_is_said_in_chinese(fault: faults.LinkFault) -> None:
    text = translator("zh")
    for said in (fault.reason, fault.advice):
        translated = text.sentence(said)
        assert translated != said
        assert any("\u4e00" <= letter <= "\u9fff" for letter in translated)
    assert translator("en").sentence(fault.reason) == fault.reason


def test_values_survive_a_translated_sentence() -> None:
    fault = faults.cannot_connect("10.0.0.5", 5038, OSError("refused"))
    assert "10.0.0.5:5038" in translator("zh").sentence(fault.reason)


def test_an_unknown_sentence_stays_as_it_is() -> None:
    assert translator("zh").sentence("The disk is on fire.") == "The disk is on fire."


@pytest.mark.parametrize("kind", [*WORDING, "a_kind_nobody_has_thought_of"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_alarm_says_what_is_wrong_and_what_to_do(kind: str, language: str) -> None:
    """V1: whatever its data lacks, an alarm is two sentences without a hole in them."""
    now = system_clock()
    bare = describe(Alarm("1", kind, "abc", {}, now, None), None, {}, translator(language))
    assert bare.wrong
    assert bare.advice
    data = {"problems": list(PROBLEM), "free_bytes": 12_000_000, "call_seconds": 83.4, "agent": "A1"}
    full = describe(Alarm("1", kind, "abc", data, now, None), None, {"A1": "王芳"}, translator(language))
    for sentence in (bare.wrong, bare.advice, full.wrong, full.advice):
        assert "{" not in sentence.replace("{'", "")
        assert "None" not in sentence


def test_every_state_has_a_word() -> None:
    """A new state, outcome or reason cannot be shown as its bare key."""
    for words, kind in (
        (labels.AGENT_STATE, AgentState),
        (labels.PAUSE_REASON, PauseReason),
        (labels.ATTEMPT_STATE, AttemptState),
        (labels.FOLLOW_UP_STATE, FollowUpState),
        (labels.OUTCOME, DialOutcome),
        (labels.DISPOSITION, Disposition),
        (labels.SATISFACTION, Satisfaction),
        (labels.CASE_STATE, CaseState),
        (labels.ITEM_STATE, ItemState),
        (labels.TASK_STATE, TaskState),
        (labels.TASK_KIND, TaskKind),
    ):
        assert set(words) == set(kind)


def test_a_sentence_said_in_one_language_is_said_again_in_another() -> None:
    said = "'21/11/2026' can be read in two ways: write the year first, as 2026-11-21"
    chinese = translator("zh").sentence(said)
    assert chinese != said
    assert translator("en").said_again(chinese) == said
    assert translator("zh").said_again(said) == translator("zh").said_again(chinese) == chinese


def test_facts_are_called_as_people_call_them() -> None:
    told = "due_date: –, kind: policy, member: True, own: 1"
    assert facts_told(told, translator("zh")) == "下次保养日期：–、类别：保单、会员：是、own：1"
    assert facts_told(told, translator("en")) == "Due date: –, Kind: Insurance policy, Member: yes, Own: 1"
    assert facts_told("none", translator("en")) == "none"
