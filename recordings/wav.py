"""The header of WAV files: made, and mended where a writer was killed, so that its lengths say 0."""

import struct
from pathlib import Path

# A plain header, which is what a file without samples consists of.
HEADER_BYTES = 44

_CHUNK = struct.Struct("<4sI")
_RIFF = struct.Struct("<4sI4s")
_FORMAT = struct.Struct("<HHIIHH")
_PCM = 1


def header(rate: int, channels: int, frames: int) -> bytes:
    """What comes before `frames` samples of 16 bits for each of `channels`."""
    align = 2 * channels
    told = _FORMAT.pack(_PCM, channels, rate, rate * align, align, 16)
    return (
        _RIFF.pack(b"RIFF", HEADER_BYTES - 8 + frames * align, b"WAVE")
        + _CHUNK.pack(b"fmt ", len(told))
        + told
        + _CHUNK.pack(b"data", frames * align)
    )


def repair_header(path: Path) -> bool:
    """Set the lengths in the header of `path` from the file's size; give whether that was needed.

    Only a header that claims no samples, or more than there are, is changed; what is not a WAV
    file is left alone for the reader to refuse.
    """
    size = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(_RIFF.size)
        if len(head) < _RIFF.size or (head[:4], head[8:]) != (b"RIFF", b"WAVE"):
            return False
        align = 2
        at = _RIFF.size
        while at + _CHUNK.size <= size:
            file.seek(at)
            name, length = _CHUNK.unpack(file.read(_CHUNK.size))
            body = at + _CHUNK.size
            if name == b"fmt " and length >= 16:
                align = max(1, struct.unpack_from("<H", file.read(16), 12)[0])
            if name == b"data":
                there = (size - body) // align * align
                if 0 < length <= there or length == there:
                    return False
                file.seek(at)
                file.write(_CHUNK.pack(b"data", there))
                file.seek(0)
                file.write(_RIFF.pack(b"RIFF", body + there - 8, b"WAVE"))
                return True
            at = body + length + length % 2
    return False
