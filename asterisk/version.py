"""Asterisk's version, as `asterisk -V` tells it."""

import re
from typing import NamedTuple


class Version(NamedTuple):
    """Compared like a tuple: `version >= (22, 5)`."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version:
    """Read "Asterisk 22.10.1+dfsg…", "Asterisk 18.9-cert4", "Asterisk certified/18.9-cert4".

    Raises:
        ValueError: no version number in the text.
    """
    found = re.search(r"(?:Asterisk\s+(?:certified/)?|^)(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        raise ValueError(f"Not an Asterisk version: {text.strip()[:80]!r}")
    major, minor, patch = found.groups(default="0")
    return Version(int(major), int(minor), int(patch))
