"""Joining, levels, copies, clips (A1, A2)."""

import hashlib
import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from recordings.audio import NoAudio, Unreadable, cut, join, small_copy, waveform
from recordings.wav import HEADER_BYTES, repair_header
from tests.unit.recordings.sounds import (
    AGENT_TONE,
    CUSTOMER_TONE,
    RATE,
    behead,
    loudest_tone,
    silence,
    speech,
    write,
)


def sides(folder: Path, agent: float = 12.3, customer: float = 12.3) -> list[Path]:
    return [
        write(folder / "agent.wav", speech(agent, AGENT_TONE)),
        write(folder / "customer.wav", speech(customer, CUSTOMER_TONE)),
    ]


def test_a1_agent_left_customer_right_sample_by_sample(tmp_path: Path) -> None:
    left, right = sides(tmp_path, 25.3, 24.0)
    joined = join([left, right], tmp_path / "joined.wav")
    samples, rate = sf.read(tmp_path / "joined.wav", dtype="int16")
    assert (rate, samples.shape) == (RATE, (round(25.3 * RATE), 2))
    assert np.array_equal(samples[:, 0], speech(25.3, AGENT_TONE))
    assert np.array_equal(samples[: 24 * RATE, 1], speech(24.0, CUSTOMER_TONE))
    assert not samples[24 * RATE :, 1].any()
    assert joined.lengths == (25.3, 24.0)
    assert joined.digests == tuple(hashlib.sha256(samples[:, one].tobytes()).hexdigest() for one in (0, 1))
    written = (tmp_path / "joined.wav").read_bytes()
    assert joined.sha256 == hashlib.sha256(written).hexdigest()
    with wave.open(str(tmp_path / "joined.wav")) as known:  # another reader finds the same
        assert known.getparams()[:4] == (2, 2, RATE, len(samples))
    assert len(written) == HEADER_BYTES + samples.nbytes


def test_a_side_without_a_file_is_silent(tmp_path: Path) -> None:
    left, _ = sides(tmp_path, 3.0)
    joined = join([left, None], tmp_path / "joined.wav")
    samples, _rate = sf.read(tmp_path / "joined.wav", dtype="int16")
    assert not samples[:, 1].any()
    assert joined.lengths == (3.0, None)


def test_speech_is_told_from_silence_and_hiss(tmp_path: Path) -> None:
    hiss = np.random.default_rng(1).integers(-60, 60, RATE * 4).astype(np.int16)
    shares = []
    for samples in (speech(4.0), hiss, silence(4.0), speech(4.0, loudness=0.02)):
        side = write(tmp_path / "side.wav", samples)
        shares.append(join([side], tmp_path / "joined.wav").meters[0].speech_share(-45.0))
    assert shares == pytest.approx([0.5, 0.0, 0.0, 0.5], abs=0.02)


def test_a_killed_writers_header_is_mended_from_the_size(tmp_path: Path) -> None:
    side = write(tmp_path / "side.wav", speech(7.0))
    whole = side.read_bytes()
    behead(side)
    assert sf.info(side).frames == 0
    assert repair_header(side)
    assert side.read_bytes() == whole
    assert not repair_header(side)


def test_a_file_cut_short_is_mended_to_what_is_there(tmp_path: Path) -> None:
    side = write(tmp_path / "side.wav", speech(7.0))
    side.write_bytes(side.read_bytes()[: 44 + RATE * 2 + 1])
    assert repair_header(side)
    assert sf.info(side).frames == RATE


def test_what_is_no_wav_file_is_left_alone_and_refused(tmp_path: Path) -> None:
    side = tmp_path / "side.wav"
    side.write_bytes(b"not audio at all, but long enough to be taken for some")
    assert not repair_header(side)
    with pytest.raises(Unreadable, match=r"side\.wav cannot be read as audio"):
        join([side], tmp_path / "joined.wav")


def test_sides_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    left, right = sides(tmp_path, 1.0, 1.0)
    sf.write(right, np.zeros(16_000), 16_000, subtype="PCM_16")
    with pytest.raises(Unreadable, match="different sample rates"):
        join([left, right], tmp_path / "joined.wav")
    sf.write(right, np.zeros((8_000, 2)), RATE, subtype="PCM_16")
    with pytest.raises(Unreadable, match="2 channels"):
        join([left, right], tmp_path / "joined.wav")


def test_nothing_recorded_is_no_audio(tmp_path: Path) -> None:
    with pytest.raises(NoAudio):
        join([write(tmp_path / "side.wav", silence(0))], tmp_path / "joined.wav")


def test_a2_the_small_copy_is_small_and_keeps_both_channels(tmp_path: Path) -> None:
    join(sides(tmp_path, 20.0, 20.0), tmp_path / "joined.wav")
    copy = small_copy(tmp_path / "joined.wav")
    samples, rate = sf.read(io.BytesIO(copy))
    info = sf.info(io.BytesIO(copy))
    assert (info.format, info.subtype, info.channels) == ("OGG", "VORBIS", 2)
    assert len(samples) / rate == pytest.approx(20.0, abs=0.05)
    assert loudest_tone(samples[:, 0]) == pytest.approx(AGENT_TONE, abs=5)
    assert loudest_tone(samples[:, 1]) == pytest.approx(CUSTOMER_TONE, abs=5)
    assert len(copy) < 0.3 * (tmp_path / "joined.wav").stat().st_size


def test_the_waveform_has_the_outline_of_each_channel(tmp_path: Path) -> None:
    joined = join(sides(tmp_path, 10.0, 5.0), tmp_path / "joined.wav")
    shape = json.loads(waveform(joined, pairs=100))
    assert shape["seconds"] == 10.0
    agent, customer = shape["peaks"]
    assert len(agent) == len(customer) == 200
    assert (min(agent), max(agent)) == pytest.approx((-0.3, 0.3), abs=0.01)
    assert max(customer[:10]) == pytest.approx(0.3, abs=0.01)
    assert not any(customer[102:])


@pytest.mark.parametrize("seconds", [0.001, 0.5, 7.0])
def test_the_waveform_of_a_short_call_is_shorter(tmp_path: Path, seconds: float) -> None:
    joined = join(sides(tmp_path, seconds, seconds), tmp_path / "joined.wav")
    agent, _customer = json.loads(waveform(joined))["peaks"]
    assert 2 <= len(agent) <= 1600


def test_a_clip_holds_one_partys_stretch(tmp_path: Path) -> None:
    join(sides(tmp_path), tmp_path / "joined.wav")
    samples, rate = sf.read(io.BytesIO(cut(tmp_path / "joined.wav", 2.0, 4.0, channel=1)))
    assert (rate, samples.shape) == (RATE, (2 * RATE,))
    assert loudest_tone(samples) == pytest.approx(CUSTOMER_TONE, abs=5)
    both, _rate = sf.read(io.BytesIO(cut(tmp_path / "joined.wav", 11.0, 20.0)))
    assert both.shape == (round(1.3 * RATE), 2)


@pytest.mark.parametrize(
    ("start", "end", "channel"), [(4, 4, 0), (-1, 2, 0), (0, 301, 0), (13, 14, 0), (1, 2, 2)]
)
def test_a_clip_that_is_not_there_is_refused(tmp_path: Path, start: float, end: float, channel: int) -> None:
    join(sides(tmp_path), tmp_path / "joined.wav")
    with pytest.raises(ValueError, match="a clip from"):
        cut(tmp_path / "joined.wav", start, end, channel)
