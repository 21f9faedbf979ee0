"""In which encoding a file of text is, found from its bytes; a damaged byte does not change the verdict."""

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from dialer.importing.readers.table import UnreadableFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_SAMPLE = 1 << 16
# More wrong bytes than this share of the non-ASCII ones, and it is not that encoding.
_DAMAGED = 0.1
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.02


def encoding_of(path: Path) -> str:
    """`utf-8`, `utf-8-sig`, `gb18030`, `utf-16`..., read through to the end.

    Raises:
        UnreadableFile: it is not text.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    found = _by_mark(sample) or _by_bytes(path, sample)
    text = sample.decode(found, "replace")
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise UnreadableFile(f"{path.name} is not text: export it as CSV in GBK or UTF-8, or as XLSX")
    return found


def _by_mark(sample: bytes) -> str:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    head = sample[:4096]
    pairs = len(head) // 2
    if pairs > 8:
        if head[1::2].count(0) > 0.3 * pairs and head[::2].count(0) < 0.05 * pairs:
            return "utf-16-le"
        if head[::2].count(0) > 0.3 * pairs and head[1::2].count(0) < 0.05 * pairs:
            return "utf-16-be"
    return ""


def _by_bytes(path: Path, sample: bytes) -> str:
    not_ascii, utf_8, gb = _errors(path)
    if not utf_8 or (utf_8 <= gb and utf_8 <= _DAMAGED * not_ascii):
        return "utf-8"
    if utf_8 <= _DAMAGED * not_ascii / 2:
        return "utf-8"
    if gb <= _DAMAGED * not_ascii:
        return "gb18030"
    guess = from_bytes(sample).best()
    if guess is None:
        raise UnreadableFile(f"{path.name} is not text: export it as CSV in GBK or UTF-8, or as XLSX")
    return guess.encoding


def _errors(path: Path) -> tuple[int, int, int]:
    """How many bytes are not ASCII, and how many places are wrong as UTF-8 and as GB18030."""
    utf_8 = codecs.getincrementaldecoder("utf-8")("replace")
    gb = codecs.getincrementaldecoder("gb18030")("replace")
    not_ascii = wrong_utf_8 = wrong_gb = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if not chunk.isascii():
                not_ascii += len(_NOT_ASCII.findall(chunk)) if len(chunk) < _SAMPLE else _count(chunk)
            wrong_utf_8 += utf_8.decode(chunk).count("\ufffd")
            if wrong_utf_8:
                wrong_gb += gb.decode(chunk).count("\ufffd")
    wrong_utf_8 += utf_8.decode(b"", True).count("\ufffd")
    wrong_gb += gb.decode(b"", True).count("\ufffd")
    return not_ascii, wrong_utf_8, wrong_gb


def _count(chunk: bytes) -> int:
    return len(chunk) - len(chunk.translate(None, bytes(range(128, 256))))
