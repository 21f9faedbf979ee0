"""The AMI wire format, read and written purely.

A message is `Key: value` lines ended by an empty line. It is cut out of the stream as bytes and decoded
only when somebody wants it: a character split over two reads is whole again by then, and bytes that are
no UTF-8 become U+FFFD instead of vanishing.
"""

import re
from collections.abc import Iterable, Sequence

Fields = dict[str, str]
"""Headers of one message as Asterisk spells them. A header that is repeated has its values joined by a
line feed, which no value can hold."""

EOL = b"\r\n"
END = b"\r\n\r\n"
EVENT = b"Event: "
BANNER = b"Asterisk Call Manager/"

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_BREAKS = re.compile(r"[\r\n\x00]")


class HeaderRefused(ValueError):
    """A header of an action holds a line break or a bad name.

    It would have injected headers or whole actions.
    """


def encode_action(headers: Iterable[tuple[str, str | Sequence[str]]]) -> bytes:
    """The bytes of an action; a sequence of values repeats its header.

    Raises:
        HeaderRefused: a key or a value would break out of its line.
    """
    lines: list[str] = []
    for key, value in headers:
        if not _KEY.fullmatch(key):
            raise HeaderRefused(f"AMI header name {key!r} is refused: use letters, digits, - and _ only.")
        for single in [value] if isinstance(value, str) else value:
            if _BREAKS.search(single):
                raise HeaderRefused(
                    f"The value of AMI header {key} is refused: it holds a line break. "
                    "Remove it from the data."
                )
            lines.append(f"{key}: {single}\r\n")
    return ("".join(lines) + "\r\n").encode()


def event_name(raw: bytes) -> bytes:
    """The name of an event message, read without decoding the rest. `raw` starts with `EVENT`."""
    end = raw.find(EOL)
    return raw[len(EVENT) : end if end >= 0 else len(raw)]


def parse(raw: bytes) -> Fields:
    """Headers of one message. A header without a value is kept with an empty one."""
    lines = str(raw, "utf-8", "replace").split("\r\n")
    try:
        fields = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _parse_slowly(lines)
    return fields if len(fields) == len(lines) else _parse_slowly(lines)


def values(fields: Fields, key: str) -> list[str]:
    """All values of a header that may be repeated."""
    joined = fields.get(key)
    return joined.split("\n") if joined is not None else []


def _parse_slowly(lines: list[str]) -> Fields:
    fields: Fields = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ")
        fields[key] = f"{fields[key]}\n{value}" if key in fields else value
    return fields
