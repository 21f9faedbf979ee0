"""The panel's languages. The texts in the code are English and are the message ids.

`translations/<language>/*.po`, a file for each area, are read at start-up and merged.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

from web.sentences import N_, SENTENCES

__all__ = ["LANGUAGES", "N_", "Translator", "translator"]

LANGUAGES = {"zh": "中文", "en": "English"}
TRANSLATIONS = Path(__file__).parent / "translations"


class Translator:
    """Gives the panel's texts in one language."""

    def __init__(self, language: str, texts: dict[str, str], said: Iterable[str] = ()) -> None:
        self.language = language
        self._texts = texts
        self._said = tuple(said)

    def __call__(self, text: str, **values: object) -> str:
        """`text` in this language, its {names} filled in; English where there is no translation."""
        translated = self._texts.get(text) or text
        return translated.format(**values) if values else translated

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """`one` or `many` by the number, which is filled in as {n}."""
        return self(one if n == 1 else many, n=n, **values)

    def listed(self, words: Iterable[str]) -> str:
        """`words` in a row, with this language's mark between them."""
        return ("、" if self.language == "zh" else ", ").join(words)

    def sentence(self, said: str) -> str:
        """A finished English sentence of a lower layer in this language; as it is, where unknown."""
        return said if self.language == "en" else self.told(said, self._said)

    def told(self, said: str, templates: Iterable[str]) -> str:
        """A finished English sentence that one of `templates` made, in this language; else as it is."""
        for template in templates:
            found = pattern_of(template).fullmatch(said)
            if found is not None:
                values = found.groupdict()
                return self(template, **values) if values else self(template)
        return said

    def said_again(self, said: str) -> str:
        """A finished sentence that was said in any of the panel's languages, in this one."""
        for language in LANGUAGES:
            said = translator(language).in_english(said)
        return self.sentence(said)

    def in_english(self, said: str) -> str:
        """What `sentence` of this language was made of; as it is, where unknown."""
        for template in self._said:
            found = pattern_of(self(template)).fullmatch(said)
            if found is not None:
                return template.format(**found.groupdict())
        return said


def fields_of(template: str) -> frozenset[str]:
    """The {names} that a text has."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


@cache
def pattern_of(template: str) -> re.Pattern[str]:
    """What `template` looks like with its {names} filled in."""
    parts = [
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "")
        for text, name, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)


@cache
def translator(language: str) -> Translator:
    """The translator for `language`, Chinese where it is not known."""
    known = language if language in LANGUAGES else "zh"
    return Translator(known, read_texts(known), SENTENCES)


def read_texts(language: str) -> dict[str, str]:
    """Every translated text of a language by its message id.

    Raises:
        ValueError: two files translate one text differently; the message names it.
    """
    texts: dict[str, str] = {}
    for path in sorted((TRANSLATIONS / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        for message in catalogue:
            text, translated = message.id, message.string
            if not isinstance(text, str) or not isinstance(translated, str) or not text:
                continue
            if texts.setdefault(text, translated) != translated:
                raise ValueError(f"{path.name}: {text!r} is translated differently in another file")
    return texts
