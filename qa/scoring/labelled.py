"""Labelled calls as a file may give them: whole calls with audio or words, or single wordings.

rule_set: after-sales-satisfaction      # for calls that name no playbook of their own
facts: {shop: 宏达汽车服务站}             # for all of its calls
calls:
  - id: dealer-00
    playbook: after-sales-satisfaction
    audio: dealer-00.flac               # beside the file; without it the turns are what was heard
    facts: {plate: 京A12345}
    turns: [[agent, 0.6, 6.75, 您好], [customer, 嗯]]      # times may be left out
    labels: {greet: pass, right_plate: [fail, unclear], dissatisfied: 'no'}
wordings:
  - rule: ask_fixed                     # a rule, a signal or question_item
    right: pass
    before: [[agent, 您好]]              # the turns around it
    say: [车修好了吧, 毛病还在吗]           # each one is a call of its own
    who: agent
    after: [[customer, 好了]]
"""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dialer.telephony.outcomes import Leg
from qa.speech.port import LegTranscript, Segment, Transcript, Word
from qa.speech.text import bare

# How the words of a file are spoken where it gives no times.
_SYLLABLE = 0.2
_PAUSE = 0.6
_CONFIDENCE = 0.95
_LEVEL = -20.0


class LabelsError(Exception):
    """The file of labelled calls cannot be used; the message names file, place and what is wrong."""


class Turn(BaseModel):
    """What one party said in one go; seconds, or None where the file gives no times."""

    model_config = ConfigDict(frozen=True)

    who: Leg
    text: str = Field(min_length=1)
    start: float | None = None
    end: float | None = None


Verdicts = frozenset[str]


def _turns(value: object) -> object:
    """[who, words] or [who, start, end, words]."""
    if not isinstance(value, list):
        return value
    return [_turn(one) for one in value]


def _turn(one: object) -> object:
    match one:
        case [who, str(text)]:
            return {"who": who, "text": text}
        case [who, float() | int() as start, float() | int() as end, str(text)]:
            return {"who": who, "text": text, "start": start, "end": end}
        case _:
            raise ValueError(f"a turn is [who, words] or [who, start, end, words], not {one!r}")


def _verdicts(value: object) -> object:
    """YAML takes a bare yes and no for truth values."""
    several = value if isinstance(value, list | frozenset) else [value]
    return [{True: "yes", False: "no"}.get(one, one) if isinstance(one, bool) else one for one in several]


class LabelledCall(BaseModel):
    """One call: its facts, its words or its audio, and what is right of each rule."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    playbook: str = ""
    audio: str = ""
    facts: dict[str, object] = {}
    labels: dict[str, Verdicts] = Field(min_length=1)
    turns: tuple[Turn, ...] = Field(min_length=1)

    _read_turns = field_validator("turns", mode="before")(_turns)

    @field_validator("labels", mode="before")
    @classmethod
    def _read_labels(cls, value: object) -> object:
        return {key: _verdicts(one) for key, one in value.items()} if isinstance(value, dict) else value


class Wordings(BaseModel):
    """Many wordings of one thing; each is said in a call of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    rule_set: str = ""
    right: Verdicts
    say: tuple[str, ...] = Field(min_length=1)
    who: Leg = Leg.AGENT
    before: tuple[Turn, ...] = ()
    after: tuple[Turn, ...] = ()
    facts: dict[str, object] = {}

    _read_turns = field_validator("before", "after", mode="before")(_turns)
    _read_right = field_validator("right", mode="before")(_verdicts)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rule_set: str = ""
    facts: dict[str, object] = {}
    calls: tuple[LabelledCall, ...] = ()
    wordings: tuple[Wordings, ...] = ()


def load_labelled(path: Path) -> tuple[LabelledCall, ...]:
    """Every call of the file, wordings included, each with its playbook.

    Raises LabelsError.
    """
    try:
        file = _File.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise LabelsError(f"{path} is no valid YAML: {error}") from error
    except ValidationError as error:
        lines = (
            f"  {' → '.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()
        )
        raise LabelsError(f"{path} holds no labelled calls:\n" + "\n".join(lines)) from error
    calls = tuple(_complete(file, path))
    if not calls:
        raise LabelsError(f"{path} holds no labelled calls: give `calls` or `wordings`.")
    return calls


def _complete(file: _File, path: Path) -> Iterator[LabelledCall]:
    for call in (*file.calls, *_spelled_out(file.wordings)):
        playbook = call.playbook or file.rule_set
        if not playbook:
            raise LabelsError(f"{path}, call {call.id}: name its `playbook`, or a `rule_set` for the file.")
        yield call.model_copy(update={"playbook": playbook, "facts": {**file.facts, **call.facts}})


def _spelled_out(wordings: tuple[Wordings, ...]) -> Iterator[LabelledCall]:
    for some in wordings:
        for text in some.say:
            yield LabelledCall.model_construct(
                id=f"{some.rule}: {text}",
                playbook=some.rule_set,
                audio="",
                facts=some.facts,
                labels={some.rule: some.right},
                turns=(*some.before, Turn(who=some.who, text=text), *some.after),
            )


def heard(call: LabelledCall) -> Transcript:
    """The turns as a perfect engine would give them, five syllables a second where they have no times."""
    segments: dict[Leg, list[Segment]] = {leg: [] for leg in Leg}
    now = 0.6
    for turn in call.turns:
        spoken = len(bare(turn.text))
        start = now if turn.start is None else turn.start
        end = start + spoken * _SYLLABLE if turn.end is None else turn.end
        segments[turn.who].append(_segment(turn, start, end, max(spoken, 1)))
        now = end + _PAUSE
    return Transcript(
        engine="labels",
        model="labels",
        language="zh",
        seconds=now,
        took_seconds=0.0,
        legs={leg: LegTranscript(leg, now, _LEVEL, tuple(said)) for leg, said in segments.items()},
    )


def _segment(turn: Turn, start: float, end: float, spoken: int) -> Segment:
    """Word by character; punctuation hangs on the one before it, as engines write it."""
    step = (end - start) / spoken
    words: list[Word] = []
    for char in turn.text:
        if char.isalnum() or not words:
            at = start + min(len(words), spoken - 1) * step
            words.append(Word(char, round(at, 3), round(at + step, 3), _CONFIDENCE))
        else:
            last = words[-1]
            words[-1] = Word(last.text + char, last.start, last.end, last.confidence)
    return Segment(turn.who, start, end, turn.text, _CONFIDENCE, tuple(words))
