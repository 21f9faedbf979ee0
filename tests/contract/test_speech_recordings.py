"""Recordings as they are found: an hour long, mono, silent, cut off, leaking, exchanged, deadly (Q1, Q4).

Real decoding with both engines.
"""

import asyncio
import os
import subprocess
import sys
from multiprocessing import parent_process
from pathlib import Path, PosixPath
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from bench.speech import CALLS, LabelledCall, load_calls
from dialer.telephony.outcomes import Leg
from qa.speech.models import InstalledModel
from qa.speech.port import Mark, Transcript
from qa.speech.text import character_errors
from qa.speech.workers import SpeechJob, SpeechPool, WorkerCrashed, transcribe_recording
from qa.transcripts.swapped import looks_swapped

RATE = 8000
TALK_SECONDS = 7
TALK_AT = 3585.0
# Above what the engine takes anyway, which varies by some ten. A leg of an hour at 16 kHz is 230 MB.
MOST_MEGABYTES = 160


def call() -> LabelledCall:
    return next(one for one in load_calls() if one.id == "dealer-04")


def talk(seconds: int = TALK_SECONDS) -> np.ndarray[Any, Any]:
    """The first seconds of a call: agent left, customer right."""
    samples, rate = sf.read(CALLS / call().audio, frames=RATE * seconds, dtype="int16")
    assert rate == RATE
    return np.asarray(samples)


def transcribed(path: Path, model: InstalledModel) -> Transcript:
    language = "zh" if model.engine == "whisper" else "ko"
    return transcribe_recording(SpeechJob(path, model, language))


@pytest.fixture(scope="session")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of silence with a talk near its end."""
    samples = np.zeros((RATE * 3600, 2), dtype=np.int16)
    samples[int(TALK_AT) * RATE : (int(TALK_AT) + TALK_SECONDS) * RATE] = talk()
    path = tmp_path_factory.mktemp("hour") / "hour.flac"
    sf.write(path, samples, RATE)
    return path


_MEASURED = """
import json, sys
from pathlib import Path
from qa.speech.models import InstalledModel
from qa.speech.workers import SpeechJob, transcribe_recording

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

short, hour, name, engine, folder, language = sys.argv[1:]
model = InstalledModel(name, engine, Path(folder))
transcribe_recording(SpeechJob(Path(short), model, language))
Path("/proc/self/clear_refs").write_text("5")
before = peak()
transcript = transcribe_recording(SpeechJob(Path(hour), model, language))
words = {leg.value: [word.start for word in said.words] for leg, said in transcript.legs.items()}
print(json.dumps({"grown": peak() - before, "seconds": transcript.seconds, "words": words}))
"""


def test_q1_an_hour_costs_little_memory_and_keeps_its_times(
    model: InstalledModel, hour: Path, tmp_path: Path
) -> None:
    """The model is loaded and warm; what an hour adds is measured in a process of its own."""
    short = tmp_path / "short.wav"
    sf.write(short, talk(), RATE)
    language = "zh" if model.engine == "whisper" else "ko"
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURED, short, hour, model.name, model.engine, model.folder, language],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    found = eval(measured.stdout.splitlines()[-1], {"__builtins__": {}})
    assert found["seconds"] == pytest.approx(3600, abs=1)
    assert found["grown"] < MOST_MEGABYTES
    for starts in found["words"].values():
        assert starts
        # The talk is cut off in a word, of which an engine may make several.
        assert all(TALK_AT <= start <= TALK_AT + TALK_SECONDS + 1 for start in starts), starts


def test_q1_one_channel_is_one_leg_of_an_unknown_speaker(model: InstalledModel, tmp_path: Path) -> None:
    """Whether the file has one channel or the same sound on both."""
    mixed = (talk().astype(np.int32).sum(axis=1) // 2).astype(np.int16)
    one, twice = tmp_path / "mono.wav", tmp_path / "twice.wav"
    sf.write(one, mixed, RATE)
    sf.write(twice, np.stack([mixed, mixed], axis=1), RATE)
    found = [transcribed(path, model) for path in (one, twice)]
    for transcript in found:
        assert transcript.marks == {Mark.MONO}
        assert list(transcript.legs) == [Leg.AGENT]
        assert transcript.conduct == {}
    assert found[0].legs == found[1].legs
    assert found[0].legs[Leg.AGENT].words


def test_q4_a_silent_leg_is_known_as_silent_and_what_made_the_words_is_told(
    model: InstalledModel, tmp_path: Path
) -> None:
    path, sound = tmp_path / "silent.wav", talk()
    sound[:, 1] = 0
    sf.write(path, sound, RATE)
    transcript = transcribed(path, model)
    assert transcript.legs[Leg.CUSTOMER].words == ()
    assert transcript.legs[Leg.CUSTOMER].speech_level < -50
    assert transcript.legs[Leg.AGENT].words
    assert transcript.marks == frozenset()
    assert transcript.made_with.engine_version.split()[0] in {"faster-whisper", "vosk"}
    assert len(transcript.made_with.revision) == 64
    assert transcript.made_with.settings
    assert transcript.conduct["agent_loudness"].value > -40


def test_q1_a_file_cut_off_gives_the_words_that_are_there(model: InstalledModel, tmp_path: Path) -> None:
    """Its header promises more than it holds, as after a full disk."""
    path = tmp_path / "cut.wav"
    sf.write(path, talk(), RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    transcript = transcribed(path, model)
    assert transcript.seconds == pytest.approx(TALK_SECONDS * 3 / 4, abs=0.2)
    assert transcript.legs[Leg.AGENT].words


def test_q4_an_echo_of_the_agent_is_no_word_of_the_customer(
    whisper_base: InstalledModel, tmp_path: Path
) -> None:
    """The agent is heard 26 dB quieter on the customer's channel; the customer's own words stay."""
    longer = TALK_SECONDS + 4
    path, sound = tmp_path / "echo.wav", talk(longer).astype(np.float64)
    sound[:, 1] += np.roll(sound[:, 0], RATE // 10) * 0.05
    sf.write(path, sound.clip(-32768, 32767).astype(np.int16), RATE)
    transcript = transcribed(path, whisper_base)
    assert Mark.CROSS_TALK in transcript.marks
    said = "".join(text for who, start, _, text in call().turns if who is Leg.CUSTOMER and start < longer)
    wrong, _ = character_errors(said, transcript.legs[Leg.CUSTOMER].text)
    assert wrong <= 3, transcript.legs[Leg.CUSTOMER].text
    assert len(transcript.legs[Leg.AGENT].text) > 20


def test_q4_exchanged_channels_are_suspected(whisper_base: InstalledModel, tmp_path: Path) -> None:
    samples, _ = sf.read(CALLS / call().audio, dtype="int16")
    path = tmp_path / "swapped.wav"
    sf.write(path, samples[:, ::-1], RATE)
    assert looks_swapped(transcribed(path, whisper_base).legs)


class Deadly(PosixPath):
    """A path that ends whichever worker opens it."""

    def __fspath__(self) -> str:
        if parent_process() is not None:
            os._exit(9)
        return super().__fspath__()


async def test_q1_what_kills_its_worker_is_named_and_its_neighbours_are_done(
    vosk_ko: InstalledModel, tmp_path: Path
) -> None:
    """Real processes really die: of the deadly recording, again and again, and of nothing else."""
    path = tmp_path / "call.wav"
    sf.write(path, talk(), RATE)
    pool = SpeechPool(workers=2)
    good = [SpeechJob(path, vosk_ko, "ko") for _ in range(2)]
    deadly = SpeechJob(Deadly(tmp_path / "deadly.wav"), vosk_ko, "ko")
    results = await asyncio.gather(*map(pool.run, [good[0], deadly, good[1]]), return_exceptions=True)
    pool.stop()
    assert isinstance(results[1], WorkerCrashed)
    assert "deadly.wav" in str(results[1])
    assert all(isinstance(one, Transcript) and one.legs[Leg.AGENT].words for one in results[::2])
