"""Long recordings in pieces: memory stays bounded, times stay right, no word is halved (Q1)."""

from pathlib import Path

import numpy as np
import soundfile as sf

from qa.speech.audio import RATE, LevelMeter, Piece, leg_pieces
from qa.speech.pieces import LONGEST_SECONDS, Cutter, Take


def written(tmp_path: Path, seconds: float, *talks: tuple[float, float], floor: float = 0.0) -> Path:
    """A stereo file in which a tone sounds from .. to on the left, over noise of a peak of `floor`."""
    path = tmp_path / "call.flac"
    left = np.random.default_rng(1).uniform(-floor, floor, int(seconds * 8000))
    time = np.arange(len(left)) / 8000
    for start, end in talks:
        there = (time >= start) & (time < end)
        left[there] = 0.3 * np.sin(2 * np.pi * 440 * time[there])
    sf.write(path, np.stack([left, np.zeros_like(left)], axis=1), 8000)
    return path


def pieces(path: Path, index: int = 0) -> tuple[list[Piece], LevelMeter]:
    meter = LevelMeter()
    return list(leg_pieces(path, index, meter)), meter


def loud(piece: Piece) -> list[float]:
    """Where the piece is loud, in seconds of the file: its first and its last such moment."""
    (where,) = np.nonzero(np.abs(piece.samples) > 0.1)
    return [round(piece.start + float(at) / RATE, 1) for at in (where[0], where[-1])]


def test_q1_a_short_call_is_one_piece_as_it_is(tmp_path: Path) -> None:
    found, meter = pieces(written(tmp_path, 60, (2, 5), (12, 20), (28, 58)))
    assert [piece.start for piece in found] == [0.0]
    assert len(found[0].samples) == meter.samples


def test_q1_long_silence_reaches_no_engine_and_moves_no_word(tmp_path: Path) -> None:
    found, meter = pieces(written(tmp_path, 400, (20, 24), (100, 103), (310.55, 312)))
    assert [loud(piece) for piece in found] == [[20.0, 24.0], [100.0, 103.0], [310.6, 312.0]]
    assert sum(len(piece.samples) for piece in found) / RATE < 40
    assert meter.seconds == 400
    assert pieces(tmp_path / "call.flac", 1)[0] == []


def test_q1_who_speaks_on_and_on_is_cut_at_a_pause(tmp_path: Path) -> None:
    """Ten minutes of talk with noise in the pauses, of which one is longer than the others."""
    talks = [(start, start + 9.0) for start in range(0, 600, 10)]
    talks[25] = (250, 256.5)
    found, meter = pieces(written(tmp_path, 600, *talks, floor=0.01))
    assert all(len(piece.samples) / RATE <= LONGEST_SECONDS for piece in found)
    assert sum(len(piece.samples) for piece in found) == meter.samples, "nothing is left out"
    cuts = [piece.start for piece in found[1:]]
    assert abs(cuts[0] - 258.2) < 1
    assert all(abs(cut % 10 - 9.5) < 0.4 for cut in cuts[1:])


def test_q1_where_nobody_pauses_the_quietest_moment_is_cut() -> None:
    cutter = Cutter()
    peaks = [0.5] * 3000
    peaks[2222] = 0.3
    cutter.add(peaks)
    assert list(cutter.take()) == [Take(2223, spoken=True)]
