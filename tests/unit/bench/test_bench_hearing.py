"""The bench of announcements: its clips and its figures; a person taken for a machine is the worst (D3)."""

import soundfile

from bench.hearing import CLIPS, Clip, HearingBench, Heed, load_clips
from dialer.telephony.heard import Heard
from qa.announcements.rules import Result, Source


def heed(is_: Heard, heard: Heard) -> Heed:
    clip = Clip(id="one", audio="one.wav", source=Source.TALK, heard=is_, text="")
    return Heed(clip, "clean", Result(heard), 2.0)


def test_every_clip_is_labelled_and_there() -> None:
    """A clip nobody labelled would not be measured; a telephone carries it as it is."""
    clips = load_clips()
    assert {clip.audio for clip in clips} == {file.name for file in CLIPS.glob("*.wav")}
    assert len({clip.heard for clip in clips}) == 11
    assert {clip.heard for clip in clips if clip.source is Source.TALK} >= {Heard.PERSON, Heard.SECRETARY}
    for clip in clips:
        info = soundfile.info(CLIPS / clip.audio)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "ALAW"), clip.id


def test_what_counts_as_right_and_what_as_harm() -> None:
    measured = HearingBench(
        "model",
        (
            heed(Heard.SECRETARY, Heard.SECRETARY),
            heed(Heard.SECRETARY, Heard.PERSON),
            heed(Heard.PERSON, Heard.PERSON),
            heed(Heard.PERSON, Heard.VOICEMAIL),
        ),
    )
    assert (measured.right, measured.harmful, measured.seconds) == (0.5, 1, 2.0)
