"""Session descriptions: where the other side wants its audio, and where we want ours. Pure."""

import re
from dataclasses import dataclass

PCMA = 8


class NoAudio(ValueError):
    """The offer holds no A-law audio."""


@dataclass(frozen=True, slots=True)
class AudioTarget:
    """Where to send audio."""

    host: str
    port: int


def parse_offer(body: bytes) -> AudioTarget:
    """The place of the first audio stream.

    Raises:
        NoAudio: there is none, or it does not take A-law.
    """
    text = body.decode("utf-8", "replace")
    audio = re.search(r"^m=audio (\d+) \S+((?: \d+)+)(.*?)(?=^m=|\Z)", text, re.MULTILINE | re.DOTALL)
    if audio is None or str(PCMA) not in audio[2].split():
        raise NoAudio("The offer holds no A-law audio: set the codecs of phones and trunk to alaw.")
    host = re.search(r"^c=IN IP4 (\S+)", audio[3], re.MULTILINE) or re.search(
        r"^c=IN IP4 (\S+)", text, re.MULTILINE
    )
    if host is None:
        raise NoAudio("The offer names no IPv4 address.")
    return AudioTarget(host[1], int(audio[1]))


def build_answer(host: str, port: int, version: int = 1, direction: str = "sendrecv") -> bytes:
    """An offer or answer of one A-law stream at `host`:`port`, 20 ms a packet; `sendonly` puts on hold."""
    lines = (
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {PCMA}",
        f"a=rtpmap:{PCMA} PCMA/8000",
        "a=ptime:20",
        f"a={direction}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()
