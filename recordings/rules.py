"""Where a recording is kept and whether it is sound (A1, A2)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

_UNSAFE = re.compile(r"[/\\:*?\"<>|\s]+")
_LONGEST_NAME_BYTES = 120


class Problem(StrEnum):
    """Why a person should look at a recording."""

    SHORT = "short"
    LONG = "long"
    SILENT_AGENT = "silent_agent"
    SILENT_CUSTOMER = "silent_customer"
    MISSING_AGENT = "missing_agent"
    MISSING_CUSTOMER = "missing_customer"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Limits:
    """What still counts as sound."""

    tolerance_seconds: float
    least_speech_share: float
    judge_silence_after_seconds: float


@dataclass(frozen=True, slots=True)
class Side:
    """One party's channel: `seconds` that its file held, None where there was no file."""

    seconds: float | None
    speech_share: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`gap_seconds` of the call are not in the recording; where in the call is not known."""

    problems: tuple[Problem, ...]
    gap_seconds: float


def judge(agent: Side, customer: Side, call_seconds: float | None, limits: Limits) -> Verdict:
    """What is wrong with a recording whose call lasted `call_seconds` (None: not known) (A1)."""
    seconds = max(agent.seconds or 0.0, customer.seconds or 0.0)
    problems = []
    gap = 0.0
    if call_seconds is not None:
        gap = max(0.0, round(call_seconds - seconds, 3))
        if gap > limits.tolerance_seconds:
            problems.append(Problem.SHORT)
        elif seconds - call_seconds > limits.tolerance_seconds:
            problems.append(Problem.LONG)
    for side, missing, silent in (
        (agent, Problem.MISSING_AGENT, Problem.SILENT_AGENT),
        (customer, Problem.MISSING_CUSTOMER, Problem.SILENT_CUSTOMER),
    ):
        if side.seconds is None:
            problems.append(missing)
        elif seconds >= limits.judge_silence_after_seconds and side.speech_share < limits.least_speech_share:
            problems.append(silent)
    return Verdict(tuple(problems), gap)


def safe_name(text: str) -> str:
    """`text` as one part of a path: no separators, no blanks, no leading dot, never empty."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c)[0] != "C")
    plain = _UNSAFE.sub("_", plain).strip(". ")
    return plain.encode()[:_LONGEST_NAME_BYTES].decode(errors="ignore") or "_"


def archive_name(
    *,
    branch: str,
    plate: str | None,
    customer_id: str,
    agent: str,
    attempt_id: str,
    at: datetime,
    zone: tzinfo,
) -> str:
    """`<branch>/<plate or customer>/<yyyy-mm-dd>/<time>_<agent>_<attempt>`, no suffix (A2).

    `at` is the answer, or the try where nobody answered. The attempt's id makes it unique
    whatever the other parts have become.
    """
    local = at.astimezone(zone)
    owner = safe_name(plate) if plate and plate.strip() else safe_name(customer_id)
    file = f"{local:%H%M%S}_{safe_name(agent)}_{safe_name(attempt_id)}"
    return f"{safe_name(branch)}/{owner}/{local:%Y-%m-%d}/{file}"


def masked(number: str) -> str:
    """A phone number of which only enough is left to recognise it: 138****1234."""
    if len(number) < 7:
        return "*" * len(number)
    return f"{number[:-8]}****{number[-4:]}" if len(number) > 8 else f"{number[:2]}****{number[-2:]}"
