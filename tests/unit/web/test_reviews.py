"""What the review screen shows and keeps (S2, S4)."""

from pathlib import Path
from typing import Any

import pytest

from dialer.telephony.outcomes import Leg
from qa.speech.port import Segment, Word
from web.i18n import translator
from web.reviews import loading
from web.reviews.loading import changed
from web.reviews.tabs import tabs_of
from web.reviews.talk import talk


def said(channel: Leg, *words: tuple[str, float, float]) -> Segment:
    """A segment of these words."""
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    return Segment(channel, made[0].start, made[-1].end, "".join(w.text for w in made), 0.9, made)


def test_words_keep_their_places_and_what_the_machine_heard() -> None:
    """S2: a corrected word is shown with the original, and can be corrected again."""
    segments = [
        said(Leg.AGENT, ("您好", 0.0, 1.0), ("方便吗", 3.0, 4.0)),
        said(Leg.CUSTOMER, ("方遍", 1.5, 2.5)),
    ]
    turns = talk(segments, {(1, 0): "方便"}, [])
    places = [(word.text, word.segment, word.index, word.was) for turn in turns for word in turn.words]
    assert places == [("您好", 0, 0, None), ("方遍", 1, 0, "方便"), ("方便吗", 0, 1, None)]


def test_who_talks_into_the_other_is_marked() -> None:
    """Both at once for longer than a breath; a short 嗯 in between is no overlap."""
    agent = said(Leg.AGENT, ("请问您", 0.0, 2.0))
    assert [turn.over for turn in talk([agent, said(Leg.CUSTOMER, ("等一下", 1.0, 2.4))], {}, [])] == [
        False,
        True,
    ]
    assert not any(turn.over for turn in talk([agent, said(Leg.CUSTOMER, ("嗯", 1.0, 1.2))], {}, []))


def change(draft: dict[str, Any], kind: str, name: str, value: object) -> dict[str, Any]:
    """The draft after one key, where no first verdict stands."""
    return changed(draft, kind, name, value, stands=False)


def test_each_key_changes_one_thing_of_the_draft() -> None:
    """S4: another verdict takes its reason with it; notes and points stay where they are."""
    draft = change({}, "verdict", "thanks", "fail")
    draft = change(draft, "reason", "thanks", "misheard")
    draft = change(draft, "verdict_note", "thanks", "说得太快")
    draft = change(draft, "score", "tone", None)
    assert change(draft, "verdict", "thanks", "fail") == draft
    assert change(draft, "verdict", "thanks", "pass") == {
        "verdicts": {"thanks": {"verdict": "pass", "reason": "", "note": "说得太快"}},
        "scores": {"tone": None},
        "note": "",
    }
    assert change(draft, "reason", "greet", "misheard") == draft
    with pytest.raises(ValueError, match="perhaps"):
        change(draft, "verdict", "thanks", "perhaps")


def test_a_verdict_given_blind_stands_and_a_second_one_is_kept_beside_it() -> None:
    """S4: what was said before the machine's verdict was shown is not lost to what is said after."""
    first = change({}, "verdict", "thanks", "fail")
    second = changed(first, "verdict", "thanks", "pass", stands=True)
    assert second["verdicts"]["thanks"]["verdict"] == "fail"
    assert second["verdicts"]["thanks"]["reconsidered"] == "pass"
    back = changed(second, "verdict", "thanks", "fail", stands=True)
    assert back["verdicts"]["thanks"] == {"verdict": "fail", "reason": "", "note": ""}


def test_who_sees_which_page() -> None:
    """X1: figures are the lead's, results the agent's own."""
    assert [href for href, _ in tabs_of({"qa"})] == ["/reviews", "/reviews/appeals", "/reviews/cases"]
    assert {"/reviews/figures", "/reviews/month", "/reviews/trainings"} <= {*dict(tabs_of({"qa", "qa_lead"}))}
    assert [href for href, _ in tabs_of({"agent"})] == ["/reviews/mine"]


def test_a_list_has_the_mark_of_its_language() -> None:
    """English words are not joined with the Chinese mark."""
    assert (
        translator("en").listed(["doubtful follow-up", "unclear rules"])
        == "doubtful follow-up, unclear rules"
    )
    assert translator("zh").listed(["一", "二"]) == "一、二"
    for name in ("loading.py", "month.py"):
        assert "、" not in (Path(loading.__file__).parent / name).read_text("utf-8")
