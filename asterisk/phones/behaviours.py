"""What a softphone does with a call. Pure values; sound is 8 kHz A-law, one byte a sample."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Ring for `ring_seconds`, then answer; say `speech` once, then silence.

    With `wait_for_start` the speech begins only at `PhoneCall.start_speech`, so that two legs can begin
    together. Hangs up `hang_up_after` seconds after the answer, or, with None, never by itself.
    """

    ring_seconds: float = 0.2
    speech: bytes = b""
    wait_for_start: bool = False
    hang_up_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Ring for `ring_seconds` (0: not at all), then fail with a SIP code: 486 busy, 603 rejected, 404 …"""

    code: int
    ring_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RingForever:
    """Ring until the caller gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Play `speech` before any answer (early media), as networks tell 空号 or 关机; then do `then`."""

    speech: bytes
    then: Refuse | Answer


@dataclass(frozen=True, slots=True)
class Ignore:
    """Send nothing at all, like a phone without power."""


Behaviour = Answer | Refuse | RingForever | Announce | Ignore
