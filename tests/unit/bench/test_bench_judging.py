"""What the bench of judgements counts and keeps."""

from pathlib import Path

from bench import judging
from bench.speech import CALLS
from dialer.telephony.outcomes import Leg
from qa.checks.library import shipped_rules
from qa.scoring.labelled import heard, load_labelled


def test_a_talk_is_repeated_to_the_length_asked_for() -> None:
    call = load_labelled(CALLS / "calls.yaml")[0]
    once = heard(call)
    long = judging.repeated(once, 300.0)
    times = round(long.seconds / once.seconds)
    assert abs(long.seconds - 300.0) <= once.seconds / 2
    assert len(long.legs[Leg.AGENT].words) == times * len(once.legs[Leg.AGENT].words)
    starts = [word.start for word in long.legs[Leg.AGENT].words]
    assert starts == sorted(starts)


def test_the_labelled_calls_read_as_they_were_spoken_are_judged_as_labelled() -> None:
    """Q5: 0.95 of the labels, and at most 2 % wrong and sure of it; without a recogniser's errors."""
    library = shipped_rules()
    calls = load_labelled(CALLS / "calls.yaml")
    sets = {call.playbook: library.get(call.playbook) for call in calls}
    scores = judging._scores(calls, {call.id: heard(call) for call in calls}, sets)
    assert (scores.total.agreement or 0.0) >= judging.LEAST_AGREEMENT, scores.errors()
    assert (scores.total.confident_errors or 0.0) <= judging.MOST_CONFIDENT_ERRORS, scores.errors()


def test_a_transcript_of_another_version_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "kept.json"
    assert judging._kept(place) is None
    place.write_text('{"engine": 1}', encoding="utf-8")
    assert judging._kept(place) is None
    call = load_labelled(CALLS / "calls.yaml")[0]
    place.write_bytes(judging._TRANSCRIPTS.dump_json(heard(call)))
    assert judging._kept(place) == heard(call)
