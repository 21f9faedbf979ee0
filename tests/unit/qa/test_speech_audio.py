"""Legs out of recordings, and loops out of transcripts (Q1)."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from dialer.telephony.outcomes import Leg
from qa.speech.audio import RATE, LevelMeter, channels_of, leg_blocks
from qa.speech.loops import without_loops
from qa.speech.port import AudioUnreadable, Segment, Word


def tone(seconds: float, level: float, rate: int = 8000) -> np.ndarray:
    return level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW", "ALAW", "GSM610"])
def test_each_leg_comes_out_of_what_asterisk_writes(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "call.wav"
    left, right = tone(12.5, 0.5), tone(12.5, 0.05)
    samples = left if subtype == "GSM610" else np.stack([left, right], axis=1)
    sf.write(path, samples, 8000, subtype=subtype)
    for index in range(samples.ndim):
        meter = LevelMeter()
        for block in leg_blocks(path, index):
            meter.add(block)
        assert meter.seconds == pytest.approx(12.5, abs=0.1)
        assert meter.speech_level == pytest.approx((-9.0, -29.0)[index], abs=1.5)


def test_an_hour_streams_in_small_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    sf.write(path, np.zeros((8000 * 120, 2), dtype=np.int16), 8000)
    assert max(len(block) for block in leg_blocks(path, 1)) <= 11 * RATE


def test_silence_and_an_empty_file_have_a_level(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    sf.write(path, np.zeros((0, 2), dtype=np.int16), 8000)
    meter = LevelMeter()
    for block in leg_blocks(path, 0):
        meter.add(block)
    assert (meter.seconds, meter.speech_level) == (0.0, -120.0)
    meter.add(np.zeros(RATE, dtype=np.float32))
    assert meter.speech_level == -120.0


def test_a_bad_file_says_what_to_do(tmp_path: Path) -> None:
    broken, mono = tmp_path / "broken.wav", tmp_path / "mono.wav"
    broken.write_bytes(b"no audio at all")
    sf.write(mono, tone(1, 0.5), 8000)
    with pytest.raises(AudioUnreadable, match=r"broken\.wav.*copied completely"):
        list(leg_blocks(broken, 0))
    with pytest.raises(AudioUnreadable, match="agent on the left"):
        list(leg_blocks(mono, 1))
    with pytest.raises(AudioUnreadable, match="cannot be read"):
        list(leg_blocks(tmp_path / "gone.wav", 0))
    headless = tmp_path / "call.raw"
    headless.write_bytes(b"\0" * 16000)
    with pytest.raises(AudioUnreadable, match=r"call\.raw cannot be read"):
        list(leg_blocks(headless, 0))
    with pytest.raises(AudioUnreadable, match=r"call\.raw cannot be read"):
        channels_of(headless)


def segment(text: str, start: float) -> Segment:
    words = tuple(Word(char, start + i * 0.1, start + i * 0.1 + 0.1, 0.9) for i, char in enumerate(text))
    return Segment(Leg.CUSTOMER, start, words[-1].end, text, 0.9, words)


def test_a_loop_is_said_once_and_counted_as_lost() -> None:
    heard = [segment("嗯" + "您好" * 50, 1.0), segment("您好" * 20, 11.1), segment("好再见", 40.0)]
    kept, lost = without_loops(heard, 60.0)
    assert [s.text for s in kept] == ["嗯您好", "好再见"]
    assert lost == pytest.approx(38.9)


def test_a_loop_to_the_end_loses_the_rest() -> None:
    kept, lost = without_loops([segment("对" * 30, 10.0)], 60.0)
    assert [s.text for s in kept] == ["对"]
    assert lost == pytest.approx(50.0)


def test_people_may_repeat_themselves() -> None:
    heard = [segment("对对对对好的好的好的88888", 1.0)]
    assert without_loops(heard, 60.0) == (tuple(heard), 0.0)
