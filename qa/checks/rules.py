"""How far the audio of a call can be trusted (Q4). Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.rules.findings import LegQuality
from recordings.rules import Problem

# Quieter than this in its loudest tenth, a leg holds no speech (dBFS).
SILENT_LEVEL = -50.0

_UNSOUND = frozenset({Problem.SHORT, Problem.UNREADABLE})
_SILENT = {Leg.AGENT: Problem.SILENT_AGENT, Leg.CUSTOMER: Problem.SILENT_CUSTOMER}
_MISSING = {Leg.AGENT: Problem.MISSING_AGENT, Leg.CUSTOMER: Problem.MISSING_CUSTOMER}


@dataclass(frozen=True, slots=True)
class Audio:
    """What archive and engine know of a recording. `whole`: its length was held against the call's.

    `exchanged`: its channels are each other's; the problems are the channels', the levels the parties'.
    """

    whole: bool
    problems: Collection[str]
    levels: Mapping[Leg, float]
    exchanged: bool = False


def quality(audio: Audio) -> dict[Leg, LegQuality]:
    """Whether each leg is clean enough to prove that something was not said."""
    return {
        leg: LegQuality(
            gap=_has_gap(audio),
            silent=audio.levels.get(leg, SILENT_LEVEL) <= SILENT_LEVEL
            or not {_SILENT[channel], _MISSING[channel]}.isdisjoint(audio.problems),
        )
        for leg, channel in _channels(audio).items()
    }


def recorded(audio: Audio) -> frozenset[Leg]:
    """The legs whose sound was kept from end to end: of these even silence is what the party was."""
    if _has_gap(audio):
        return frozenset()
    return frozenset(
        leg for leg, channel in _channels(audio).items() if _MISSING[channel] not in audio.problems
    )


def _has_gap(audio: Audio) -> bool:
    return not audio.whole or not _UNSOUND.isdisjoint(audio.problems)


def _channels(audio: Audio) -> dict[Leg, Leg]:
    """For each party whose channel it is on."""
    channels = (Leg.CUSTOMER, Leg.AGENT) if audio.exchanged else (Leg.AGENT, Leg.CUSTOMER)
    return dict(zip((Leg.AGENT, Leg.CUSTOMER), channels, strict=True))
