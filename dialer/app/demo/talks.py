"""Short talks for the demo, cut from the labelled calls: both legs at the same places."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import yaml

from asterisk.phones.audio import RATE, to_alaw
from dialer.app.demo.cast import Role, Talk

_BEFORE = 0.25
_AFTER = 0.35
# Long enough for every turn of the labelled calls; their pauses are left out.
_LONGEST_SECONDS = 45.0

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Legs:
    """What each side says, A-law at 8 kHz, beginning together and equally long."""

    agent: bytes
    customer: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class _Turn:
    who: str
    start: float
    end: float
    text: str


def calls_folder() -> Path:
    """Where the labelled calls are."""
    return Path(str(files("bench"))) / "calls"


@cache
def _labelled() -> dict[str, dict[str, object]]:
    calls = yaml.load((calls_folder() / "calls.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)["calls"]
    return {call["id"]: call for call in calls if call["id"].startswith("dealer")}


def talks() -> tuple[Talk, ...]:
    """The dealer's labelled calls, one for each."""
    found = []
    for call_id, call in _labelled().items():
        facts = call["facts"]
        assert isinstance(facts, dict)
        found.append(Talk(call_id, facts["name"] + facts["sir"], facts["plate"]))
    return tuple(found)


@cache
def short_talk(call_id: str, *, with_plate: bool) -> Legs:
    """The two legs of a labelled call, without its pauses.

    Without `with_plate` the turns about the number plate are left out, for customers whose
    plate is another.
    """
    call = _labelled()[call_id]
    samples, rate = soundfile.read(calls_folder() / str(call["audio"]), dtype="int16", always_2d=True)
    assert rate == RATE
    turns = call["turns"]
    assert isinstance(turns, list)
    kept = _keep([_Turn(*turn) for turn in turns], with_plate=with_plate)
    pieces = [_piece(samples, turn) for turn in kept]
    whole = np.concatenate(pieces)
    return Legs(to_alaw(whole[:, 0].copy()), to_alaw(whole[:, 1].copy()), len(whole) / RATE)


def legs_of(role: Role) -> Legs:
    """What the two say when this customer answers."""
    return short_talk(role.talk, with_plate=role.with_plate)


def _keep(turns: list[_Turn], *, with_plate: bool) -> list[_Turn]:
    first = [turn for turn in turns if with_plate or not _about_plate(turn, turns)]
    closing = first[-1]
    kept, seconds = [], closing.end - closing.start
    for turn in first[:-1]:
        seconds += turn.end - turn.start + _BEFORE + _AFTER
        if seconds > _LONGEST_SECONDS:
            break
        kept.append(turn)
    # Not in the middle of a question: the customer's answer ends the part before the goodbye.
    while kept and kept[-1].who == "agent":
        kept.pop()
    return [*kept, closing]


def _about_plate(turn: _Turn, turns: list[_Turn]) -> bool:
    index = turns.index(turn)
    if turn.who == "agent":
        return "车牌" in turn.text
    return index > 0 and "车牌" in turns[index - 1].text


def _piece(samples: Samples, turn: _Turn) -> Samples:
    start = max(0, int((turn.start - _BEFORE) * RATE))
    return samples[start : int((turn.end + _AFTER) * RATE)]
