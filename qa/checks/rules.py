"""What a check may know of a call: the facts in its phrases, and how far its audio can be trusted (Q4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dialer.telephony.outcomes import Leg
from qa.rules.findings import LegQuality
from recordings.rules import Problem

# Quieter than this in its loudest tenth, a leg holds no speech (dBFS).
SILENT_LEVEL = -50.0

_DOUBLE_SURNAMES = frozenset(
    ("欧阳", "司马", "上官", "诸葛", "司徒", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐")
)
_UNSOUND = frozenset({Problem.SHORT, Problem.UNREADABLE})
_SILENT = {
    Leg.AGENT: frozenset({Problem.SILENT_AGENT, Problem.MISSING_AGENT}),
    Leg.CUSTOMER: frozenset({Problem.SILENT_CUSTOMER, Problem.MISSING_CUSTOMER}),
}


@dataclass(frozen=True, slots=True)
class Audio:
    """What archive and engine know of a recording. `whole`: its length was held against the call's."""

    whole: bool
    problems: Collection[str]
    levels: Mapping[Leg, float]


def facts(
    *,
    name: str,
    salutation: str,
    plate: str | None,
    branch: str,
    agent: str,
    told: Mapping[str, object] | None = None,
) -> dict[str, str]:
    """What {name}, {plate} and the like in a phrase stand for; a fact that is not known is empty.

    `told` is what the source said of the occasion: insurer, product, period, fees ...
    """
    known = {key: said for key, value in (told or {}).items() if (said := _as_text(value))}
    return known | {
        "name": name,
        "surname": surname(name),
        "sir": salutation,
        "plate": plate or "",
        "shop": branch,
        "agent": agent,
    }


def _as_text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "，".join(text for one in value if (text := _as_text(one)))
    return "" if value is None else str(value)


def surname(name: str) -> str:
    """How a Chinese customer is addressed before 先生 or 女士; of another name the whole."""
    if not name or not "\u4e00" <= name[0] <= "\u9fff":
        return name
    return name[:2] if name[:2] in _DOUBLE_SURNAMES else name[:1]


def quality(audio: Audio) -> dict[Leg, LegQuality]:
    """Whether each leg is clean enough to prove that something was not said."""
    gap = not audio.whole or not _UNSOUND.isdisjoint(audio.problems)
    return {
        leg: LegQuality(
            gap=gap,
            silent=audio.levels.get(leg, SILENT_LEVEL) <= SILENT_LEVEL
            or not silent.isdisjoint(audio.problems),
        )
        for leg, silent in _SILENT.items()
    }
