"""What the doctor found: one finding for each check, in words of both languages. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from web.i18n import Translator, translator


class Level(StrEnum):
    """How a check went; `unknown` where it could not be made."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"


_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence: `text` is its English message id, {names} are filled in from `values`."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_words(self, text: Translator) -> str:
        """The sentence in a language. A value that is a sentence of a lower layer is translated, too."""
        values = {
            name: text.sentence(value) if isinstance(value, str) else value
            for name, value in self.values.items()
        }
        return text(self.text, **values)


def said(text: str, **values: object) -> Said:
    """A sentence with its values."""
    return Said(text, values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its stable name, its title, how it went, what was seen, and what to do if anything.

    `node` names the telephone system it is about, where there are several.
    """

    check: str
    title: str
    level: Level
    seen: Said
    advice: Said | None = None
    node: str = ""

    @property
    def rank(self) -> int:
        """The worse, the higher."""
        return _RANK[self.level]

    def named(self, text: Translator) -> str:
        """Its title, with the telephone system it is about."""
        return f"{text(self.title)} · {self.node}" if self.node else text(self.title)

    def as_json(self) -> dict[str, Any]:
        """For a machine, both languages in it."""
        both = {language: translator(language) for language in ("en", "zh")}
        return {
            "check": self.check,
            "node": self.node,
            "level": str(self.level),
            "title": {language: text(self.title) for language, text in both.items()},
            "seen": {language: self.seen.in_words(text) for language, text in both.items()},
            "do": {
                language: self.advice.in_words(text) if self.advice is not None else ""
                for language, text in both.items()
            },
        }


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of these; `ok` where there is none."""
    return max((one.level for one in findings), key=_RANK.__getitem__, default=Level.OK)
