"""The phrases of announcements as data: what the YAML file may say, and a book read when it is used."""

from enum import StrEnum
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dialer.telephony.heard import OUTCOME, Heard
from qa.matching.phrases import wording


class PhrasesUnusable(Exception):
    """The file of phrases cannot be used; the message names file and place, and what to write instead."""


class AfterAnswer(StrEnum):
    """What a phrase proves when the call was "answered" before."""

    ALWAYS = "always"
    OPENING = "opening"
    NEVER = "never"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @staticmethod
    def speakable(phrases: tuple[str, ...]) -> tuple[str, ...]:
        """Each one can be looked for. Raises ValueError."""
        for phrase in phrases:
            wording(phrase)
        return phrases


class PhraseClass(_Strict):
    """The wordings of one class; any one of them will do."""

    after_answer: AfterAnswer = AfterAnswer.OPENING
    say: tuple[str, ...] = Field(min_length=1)

    @field_validator("say")
    @classmethod
    def _can_be_spoken(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        return cls.speakable(phrases)


class Phrases(_Strict):
    """All classes, the first ones going before where two are heard equally well."""

    openings: tuple[str, ...] = ()
    classes: dict[Heard, PhraseClass] = Field(min_length=1)

    @field_validator("openings")
    @classmethod
    def _can_be_spoken(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        return cls.speakable(phrases)

    @field_validator("classes")
    @classmethod
    def _are_announcements(cls, classes: dict[Heard, PhraseClass]) -> dict[Heard, PhraseClass]:
        wrong = [name for name in classes if name not in OUTCOME or name is Heard.NOBODY]
        if wrong:
            known = ", ".join(name for name in OUTCOME if name is not Heard.NOBODY)
            raise ValueError(f"{', '.join(wrong)} cannot have phrases; the classes are: {known}")
        return classes


def parse_phrases(text: str, where: str) -> Phrases:
    """`where` is the name of the source in messages. Raises PhrasesUnusable."""
    try:
        return Phrases.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise PhrasesUnusable(f"{where} is no valid YAML: {error}") from error
    except ValidationError as error:
        lines = (f"  {'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise PhrasesUnusable(f"{where} cannot be used:\n" + "\n".join(lines)) from error


def shipped_phrases() -> Path:
    """The file that comes with the product."""
    return Path(str(files("qa.announcements"))) / "phrases.yaml"


class PhraseBook:
    """The phrases of a file, read anew when it was changed."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or shipped_phrases()
        self._read: tuple[tuple[int, int], Phrases] | None = None

    def get(self) -> Phrases:
        """The phrases as the file says now.

        Raises:
            PhrasesUnusable: there is no such file, or it is no file of phrases.
        """
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if self._read is None or self._read[0] != stamp:
                text = self._path.read_text(encoding="utf-8")
                self._read = (stamp, parse_phrases(text, str(self._path)))
        except (OSError, UnicodeDecodeError) as error:
            raise PhrasesUnusable(
                f"{self._path} cannot be read ({error}). Put the file there, or correct the setting "
                "announcements.phrases; without it the shipped phrases are used."
            ) from error
        return self._read[1]
