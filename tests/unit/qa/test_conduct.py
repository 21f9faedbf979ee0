"""Loudness, speech rate, overlap, silence and response time of a call (Q6)."""

import random
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import NAMES, Hearing, Measure, Place, exchanged, measure
from qa.conduct.sound import STEP, SoundUnreadable, leg_levels
from qa.conduct.spans import common, merged, quiet
from qa.conduct.stored import from_json, to_json

A, C = Leg.AGENT, Leg.CUSTOMER
Talk = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Said:
    text: str
    start: float
    end: float


def levels(talk: Talk, seconds: float, loud: float = -20.0, noise: float = -70.0) -> list[float]:
    """Frames of a leg that speaks in these stretches."""
    frames = [noise] * round(seconds / STEP)
    for start, end in talk:
        for place in range(round(start / STEP), round(end / STEP)):
            frames[place] = loud
    return frames


def values(agent: Talk, customer: Talk, seconds: float) -> dict[str, float]:
    both = {A: levels(agent, seconds), C: levels(customer, seconds)}
    return {name: one.value for name, one in measure(both, {}, seconds).items()}


def noise(seconds: float, level: float, rate: int = 8000) -> np.ndarray:
    draw = np.random.default_rng(7).standard_normal(int(seconds * rate))
    return (draw * 10 ** (level / 20)).astype(np.float32)


def test_silence_is_told_per_channel_and_for_both() -> None:
    found = values([(0, 4), (20, 24)], [(5, 8)], 30)
    assert found["agent_silence_longest"] == pytest.approx(16, abs=0.2)
    assert found["customer_silence_longest"] == pytest.approx(22, abs=0.2)
    assert found["silence_longest"] == pytest.approx(12, abs=0.2)
    assert found["agent_silence_share"] == pytest.approx(22 / 30, abs=0.01)
    assert found["customer_talk_share"] == pytest.approx(3 / 30, abs=0.01)
    assert found["silence_share"] == pytest.approx(19 / 30, abs=0.01)


def test_who_began_later_broke_in_and_a_murmur_does_not() -> None:
    found = values([(0, 10), (23, 27)], [(4, 4.5), (7, 12), (20, 25)], 30)
    assert (found["customer_break_ins"], found["agent_break_ins"]) == (1, 1)
    assert found["overlap_longest"] == pytest.approx(3, abs=0.2)
    assert found["overlap_share"] == pytest.approx(5.5 / 19, abs=0.02)


def test_the_place_of_a_break_in_can_be_played() -> None:
    both = {A: levels([(0, 10)], 20), C: levels([(7, 12)], 20)}
    found = measure(both, {}, 20)
    (place,) = found["customer_break_ins"].places
    assert place.leg is C
    assert place.start == pytest.approx(7)
    assert place.end == pytest.approx(10)
    assert found["overlap_longest"].places[0].start == pytest.approx(7)


def test_response_time_is_from_the_end_of_the_others_words() -> None:
    found = values([(0, 4), (7, 9), (19, 20)], [(5, 6), (10, 11)], 21)
    assert found["customer_response_median"] == pytest.approx(1, abs=0.1)
    assert found["agent_response_median"] == pytest.approx(4.5, abs=0.1)
    assert found["agent_response_longest"] == pytest.approx(8, abs=0.1)


def test_who_answers_before_the_other_has_ended_waits_for_nothing() -> None:
    found = values([(0, 4), (5.5, 9)], [(5, 6)], 10)
    assert found["agent_response_longest"] == 0


def test_the_echo_of_the_agent_is_no_talk_of_the_customer() -> None:
    """Cross-talk over a bad line: the same sounds, 26 dB weaker, on the other channel."""
    agent = levels([(0, 10)], 20)
    leaking = [max(level - 26, -70.0) for level in agent]
    customer = levels([(12, 15)], 20, loud=-25)
    mixed = [max(pair) for pair in zip(leaking, customer, strict=True)]
    found = {name: one.value for name, one in measure({A: agent, C: mixed}, {}, 20).items()}
    assert found["overlap_longest"] == 0
    assert found["customer_talk_share"] == pytest.approx(3 / 20, abs=0.01)


def test_speech_ten_decibels_over_the_noise_is_still_found() -> None:
    agent = levels([(0, 4), (20, 24)], 30, loud=-30, noise=-40)
    found = measure({A: agent, C: levels([], 30)}, {}, 30)
    assert found["agent_talk_share"].value == pytest.approx(8 / 30, abs=0.02)


def test_a_leg_of_noise_alone_says_nothing() -> None:
    draw = random.Random(3)
    hiss = [-62 + draw.random() * 3 for _ in range(300)]
    found = measure({A: levels([(0, 4)], 30), C: hiss}, {}, 30)
    assert found["customer_silence_longest"].value == 30
    assert "customer_loudness" not in found
    assert "agent_response_median" not in found


def test_rate_counts_syllables_over_the_time_of_speaking() -> None:
    words = {
        A: [Said("您", 0.0, 0.2), Said("好，", 0.2, 0.4), Said("京A12", 5.0, 6.0)],
        C: [Said("。", 2.0, 2.5)],
    }
    found = measure({}, words, 10)
    assert found["agent_rate"].value == pytest.approx(6 / 1.4, abs=0.01)
    assert "customer_rate" not in found


def test_without_sound_the_words_tell_who_spoke() -> None:
    words = {A: [Said("您好", 0, 1), Said("请问", 6, 7)], C: [Said("嗯", 2, 2.5)]}
    found = measure({}, words, 8)
    assert found["silence_longest"].value == pytest.approx(3.5)
    assert found["agent_response_longest"].value == pytest.approx(3.5)
    assert "agent_loudness" not in found


def test_every_measure_has_a_unit() -> None:
    words = {leg: [Said("您好您好", 0, 4)] for leg in Leg}
    found = measure({A: levels([(0, 4)], 20), C: levels([(3, 5)], 20)}, words, 20)
    found |= measure({A: levels([(0, 4), (6, 7)], 20), C: levels([(5, 5.5)], 20)}, words, 20)
    assert set(found) == set(NAMES)


def test_thresholds_of_hearing_are_data() -> None:
    both = {A: levels([(0, 4), (4.6, 8)], 10), C: levels([], 10)}
    assert measure(both, {}, 10)["agent_silence_longest"].value == pytest.approx(2, abs=0.1)
    patient = measure(both, {}, 10, hearing=Hearing(pause=1.0))
    assert patient["agent_talk_share"].value == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW", "GSM610"])
def test_levels_come_out_of_what_asterisk_writes(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "call.wav"
    left, right = noise(12.55, -20), noise(12.55, -40)
    samples = left if subtype == "GSM610" else np.stack([left, right], axis=1)
    sf.write(path, samples, 8000, subtype=subtype)
    found = leg_levels(path)
    assert set(found) == ({A} if subtype == "GSM610" else {A, C})
    for leg, level in zip(found, (-20, -40), strict=False):
        assert len(found[leg]) == pytest.approx(126, abs=1)
        assert np.median(found[leg]) == pytest.approx(level, abs=1.5)


def test_channels_named_the_other_way_round_stay_with_their_leg(tmp_path: Path) -> None:
    path = tmp_path / "swapped.wav"
    sf.write(path, np.stack([noise(1, -40), noise(1, -20)], axis=1), 8000)
    found = leg_levels(path, (C, A))
    assert np.median(found[A]) > np.median(found[C]) + 15


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "torn.wav"
    path.write_bytes(b"RIFF\x00\x00")
    with pytest.raises(SoundUnreadable, match="torn"):
        leg_levels(path)
    headless = tmp_path / "call.raw"
    headless.write_bytes(b"\0" * 16000)
    with pytest.raises(SoundUnreadable, match=r"call\.raw"):
        leg_levels(headless)


def test_of_exchanged_legs_each_measure_is_the_others() -> None:
    told = {
        "agent_break_ins": Measure(6.0, (Place(A, 1.0, 2.0),)),
        "customer_break_ins": Measure(1.0, (Place(C, 3.0, 4.0),)),
        "silence_longest": Measure(9.0, (Place(None, 5.0, 14.0),)),
    }
    found = exchanged(told)
    assert found["customer_break_ins"] == Measure(6.0, (Place(C, 1.0, 2.0),))
    assert found["agent_break_ins"] == Measure(1.0, (Place(A, 3.0, 4.0),))
    assert found["silence_longest"] == told["silence_longest"]
    assert exchanged(found) == told


def test_an_hour_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "hour.flac"
    with sf.SoundFile(path, "w", 8000, 2) as out:
        for _ in range(60):
            out.write(np.zeros((8000 * 60, 2), dtype=np.int16))
    tracemalloc.start()
    found = leg_levels(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found[A]) == 36_000
    assert peak < 16_000_000  # the whole of it as floats would be 230 MB


def test_measures_come_back_from_json() -> None:
    kept = {
        "overlap_longest": Measure(1.5, (Place(None, 3.0, 4.5), Place(A, 7.0, 8.0))),
        "agent_rate": Measure(4),
    }
    assert from_json(to_json(kept)) == kept
    assert from_json(None) == {}
    with pytest.raises(TypeError, match="no measure"):
        from_json({"agent_rate": {"value": "fast", "places": []}})


def test_stretches() -> None:
    assert merged([(3, 4), (0, 1), (1.2, 2)], 0.3) == [(0, 2), (3, 4)]
    assert common([(0, 2), (4, 6)], [(1, 5), (5.5, 9)]) == [(1, 2), (4, 5), (5.5, 6)]
    assert quiet([(1, 2), (2, 3)], 5) == [(0, 1), (3, 5)]
