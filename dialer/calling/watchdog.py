"""Whether an agent is longer in a state than that state can last, and what to do about it (D5). Pure.

An attempt in doubt is settled first, and only settling ends an attempt: letting its agent go ends none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.agents.settings import AgentSettings
from dialer.agents.states import AgentState, PauseReason
from dialer.calling.settings import CallingSettings
from dialer.calling.states import AttemptState

# The telephone system's answer to a request for a call is waited for less long.
_ORIGINATE = timedelta(seconds=15)
# What settling gets, beyond the time after which silence is proof, before the agent is let go without it.
_SETTLING = timedelta(seconds=30)


class Finding(StrEnum):
    """What is wrong with a session; stands in the history as the reason for what was done."""

    NO_ATTEMPT = "no_attempt"
    ATTEMPT_ENDED = "attempt_ended"
    TALK_ENDED = "talk_ended"
    NOT_RUNG = "not_rung"
    RUNG_TOO_LONG = "rung_too_long"
    DIALLED_TOO_LONG = "dialled_too_long"
    IN_DOUBT_TOO_LONG = "in_doubt_too_long"
    FORM_OWED = "form_owed"
    PHONE_GONE = "phone_gone"
    PHONE_BACK = "phone_back"
    SHIFT_OVER = "shift_over"


class Remedy(StrEnum):
    """What to do with a session."""

    SETTLE = "settle"
    RELEASE = "release"
    WRAP_UP = "wrap_up"
    PAUSE = "pause"
    PAUSE_AFTER = "pause_after"
    READY = "ready"
    SIGN_OUT = "sign_out"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with one session and why; `reason` is that of a pause."""

    remedy: Remedy
    finding: Finding
    reason: PauseReason | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """After which times a state cannot last any longer, from the site's settings."""

    rings_by: timedelta
    agent: timedelta
    dial: timedelta
    doubt: timedelta
    phone_grace: timedelta
    phone_back: timedelta
    shift_sign_out: timedelta

    @staticmethod
    def of(calling: CallingSettings, agents: AgentSettings) -> "Times":
        """As the settings have them; zero stands for never where the settings say so."""
        lead, margin = calling.page_lead_seconds, calling.settle_margin_seconds
        agent = lead + calling.agent_ring_seconds + calling.gate_seconds + margin
        return Times(
            rings_by=min(timedelta(seconds=lead + margin) + _ORIGINATE, timedelta(seconds=agent)),
            agent=timedelta(seconds=agent),
            dial=timedelta(seconds=calling.customer_ring_seconds + margin),
            doubt=timedelta(minutes=agents.doubt_limit_minutes),
            phone_grace=timedelta(seconds=agents.phone_grace_seconds),
            phone_back=timedelta(minutes=agents.phone_back_minutes),
            shift_sign_out=timedelta(minutes=agents.shift_sign_out_minutes),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """The attempt that a session is on. `gone` tells whether its go was committed."""

    state: AttemptState
    gone: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A session and what bears on it.

    `age` is how long it and its call are seen unchanged, by a clock that nobody steps; so are the times
    for which its phone is gone, or is back after it was gone. `shift_over_for` is the time since the end of a
    shift that has had no effect on the session yet.
    """

    state: AgentState
    age: timedelta
    reason: str | None = None
    call: Call | None = None
    phone_gone_for: timedelta | None = None
    phone_back_for: timedelta | None = None
    shift_over_for: timedelta | None = None


def watch(seen: Watched, times: Times, *, link_up: bool) -> Verdict | None:
    """What to do with this session now; None where all is as it should be."""
    match seen.state:
        case AgentState.RESERVED | AgentState.RINGING | AgentState.TALKING:
            verdict = _on_a_call(seen, times, link_up=link_up)
        case AgentState.READY:
            verdict = _ready(seen, times)
        case AgentState.PAUSED:
            return _paused(seen, times)
        case AgentState.OFFLINE:
            return None
        case _:
            verdict = None
    if verdict is None and seen.shift_over_for is not None:
        # The call goes on, and its form is filled in; no other call comes after it.
        return Verdict(Remedy.PAUSE_AFTER, Finding.SHIFT_OVER, PauseReason.SHIFT_OVER)
    return verdict


def _on_a_call(seen: Watched, times: Times, *, link_up: bool) -> Verdict | None:
    call = seen.call
    if call is None:
        return Verdict(Remedy.RELEASE, Finding.NO_ATTEMPT)
    match call.state:
        case AttemptState.ENDED if call.answered:
            return Verdict(Remedy.WRAP_UP, Finding.TALK_ENDED)
        case AttemptState.ENDED:
            return Verdict(Remedy.RELEASE, Finding.ATTEMPT_ENDED)
        case AttemptState.PLACING_AGENT:
            return _placing(seen, times, link_up=link_up)
        case AttemptState.CUSTOMER_GO if link_up and seen.age > times.dial:
            return Verdict(Remedy.SETTLE, Finding.DIALLED_TOO_LONG)
        case AttemptState.UNKNOWN:
            return _in_doubt(seen, call, times, link_up=link_up)
    return None


def _placing(seen: Watched, times: Times, *, link_up: bool) -> Verdict | None:
    not_rung = seen.state is AgentState.RESERVED
    finding = Finding.NOT_RUNG if not_rung else Finding.RUNG_TOO_LONG
    if seen.age > times.agent + _SETTLING:
        # Nobody opened the gate: the agent's leg cannot live so long, and the customer was not dialled.
        return Verdict(Remedy.RELEASE, finding)
    if link_up and seen.age > (times.rings_by if not_rung else times.agent):
        return Verdict(Remedy.SETTLE, finding)
    return None


def _in_doubt(seen: Watched, call: Call, times: Times, *, link_up: bool) -> Verdict | None:
    if not call.gone:
        over = seen.age > times.agent + _SETTLING
        return Verdict(Remedy.RELEASE, Finding.IN_DOUBT_TOO_LONG) if over else None
    # The talk may go on, unseen. With the link up settling tells soon; without it nobody knows.
    if seen.age > (times.dial + _SETTLING if link_up else times.doubt):
        return Verdict(Remedy.PAUSE, Finding.IN_DOUBT_TOO_LONG, PauseReason.CALL_IN_DOUBT)
    return None


def _ready(seen: Watched, times: Times) -> Verdict | None:
    if seen.shift_over_for is not None:
        return Verdict(Remedy.PAUSE, Finding.SHIFT_OVER, PauseReason.SHIFT_OVER)
    if seen.phone_gone_for is not None and seen.phone_gone_for >= times.phone_grace:
        return Verdict(Remedy.PAUSE, Finding.PHONE_GONE, PauseReason.PHONE_UNREACHABLE)
    return None


def _paused(seen: Watched, times: Times) -> Verdict | None:
    over_for = seen.age if seen.reason == PauseReason.SHIFT_OVER else seen.shift_over_for
    if over_for is not None:
        over = times.shift_sign_out and over_for >= times.shift_sign_out
        return Verdict(Remedy.SIGN_OUT, Finding.SHIFT_OVER) if over else None
    back_for = seen.phone_back_for
    if (
        seen.reason == PauseReason.PHONE_UNREACHABLE
        and back_for is not None
        # It came back during this pause, and not too late.
        and timedelta(0) <= seen.age - back_for < times.phone_back
    ):
        return Verdict(Remedy.READY, Finding.PHONE_BACK)
    return None


@dataclass(frozen=True, slots=True)
class Phones:
    """Since when each phone that agents sit at is gone, or back again, on a clock that nobody steps."""

    gone: Mapping[str, float] = field(default_factory=dict)
    back: Mapping[str, float] = field(default_factory=dict)

    def gone_for(self, extension: str | None, now: float) -> timedelta | None:
        """How long this phone cannot be reached."""
        return _since(self.gone.get(extension or ""), now)

    def back_for(self, extension: str | None, now: float) -> timedelta | None:
        """How long this phone, which was gone, can be reached again."""
        return _since(self.back.get(extension or ""), now)


def _since(then: float | None, now: float) -> timedelta | None:
    return None if then is None else timedelta(seconds=now - then)


def follow_phones(before: Phones, watched: Collection[str], reachable: Collection[str], now: float) -> Phones:
    """What is known of the phones that agents sit at, after one more look.

    `watched` are those of which it is known now whether they are reachable. Of others (no link) no time
    runs, and what was known is forgotten.
    """
    returned = {one: now for one in before.gone if one in reachable}
    return Phones(
        gone={one: before.gone.get(one, now) for one in watched if one not in reachable},
        back={
            one: at for one, at in {**before.back, **returned}.items() if one in watched and one in reachable
        },
    )


def shift_ended(
    ends: Collection[datetime], begins: Collection[datetime], done: datetime | None, now: datetime
) -> datetime | None:
    """The latest end of an agent's shifts that is past and has had no effect yet.

    One at which another shift begins is no end.
    """
    due = [end for end in ends if end <= now and (done is None or end > done) and end not in begins]
    return max(due, default=None)
