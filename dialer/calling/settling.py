"""What to do with an attempt in doubt, decided from what is alive and what was logged (D7). Pure.

CDR is no evidence: after a crash its rows are missing, and agent-first they count from the
agent's answer. Live channels and CEL are. What CEL lacks is evidence only where it holds the call at all: a
full disk, a power cut or a rotation leaves holes in it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.calling.progress import NOT_DIALLED, Ending
from dialer.telephony.outcomes import DialOutcome, LegEvidence, customer_outcome
from dialer.telephony.port import CallTrail, GatePosition, LiveCall

# Who hangs up ends both legs within less; the apology takes longer.
_APOLOGY = timedelta(seconds=1)
# What the gate's own end takes, at most.
_GATE_MARGIN = timedelta(seconds=5)
_HOLE = "the telephone system's log has a hole: a person must say how the call ended"


class Settlement(StrEnum):
    """What settling decides."""

    WAIT = "wait"
    GRANT_GO = "grant_go"
    OPEN_GATE_AGAIN = "open_gate_again"
    ADOPT_DIALLING = "adopt_dialling"
    ADOPT_TALKING = "adopt_talking"
    END = "end"
    KEEP_UNKNOWN = "keep_unknown"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt in doubt, and how long nothing of it has been alive.

    `absent` is the time since the telephone system was first asked and did not know the call, on a clock
    that nobody steps; after `patience` a request that was under way would have arrived, and the log's last
    line, too. Nothing of what is not alive can dial any more: the gate is on the agent's own leg, and holds
    it for `gate` at most. `ringing_at` and `answered_at` are what we saw ourselves of the customer's phone.
    """

    go_at: datetime | None
    answered_at: datetime | None
    doubted_at: datetime
    absent: timedelta
    patience: timedelta
    customer_first: bool = False
    ringing_at: datetime | None = None
    gate: timedelta = timedelta(seconds=4)

    @property
    def silent(self) -> bool:
        """Whether silence is proof."""
        return self.absent >= self.patience


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why, and for an ending the times that can still be known."""

    settlement: Settlement
    why: str
    ending: Ending | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None


def settle(doubt: Doubt, live: LiveCall | None, trail: CallTrail | None, now: datetime) -> Decision:
    """Decide on one attempt. `trail` None means the log cannot be read now."""
    if live is not None:
        return _settle_live(doubt, live, trail, now)
    if doubt.go_at is None:
        return _settle_never_gone(doubt, trail, now)
    if trail is None:
        return Decision(Settlement.KEEP_UNKNOWN, "the telephone system's log cannot be read")
    return _settle_gone(doubt, doubt.go_at, trail, now)


def _settle_live(doubt: Doubt, live: LiveCall, trail: CallTrail | None, now: datetime) -> Decision:
    if live.awaits_agent:
        return Decision(
            Settlement.ADOPT_DIALLING,
            "the customer has answered and the agent is being called",
            answered_at=_answered_at(doubt, trail) or now,
        )
    if live.customer_answered:
        answered_at = _answered_at(doubt, trail) or now
        return Decision(Settlement.ADOPT_TALKING, "both parties are connected", answered_at=answered_at)
    if live.gate is GatePosition.PASSED:
        if doubt.answered_at is not None or (trail is not None and trail.customer_answered_at is not None):
            # Seen between the end of his leg and that of the agent's.
            return Decision(Settlement.WAIT, "the customer has answered and is gone: the call is ending")
        return Decision(Settlement.ADOPT_DIALLING, "the customer is being dialled")
    if live.gate is GatePosition.WAITING:
        if doubt.go_at is None:
            return Decision(Settlement.GRANT_GO, "the agent waits and the customer was not dialled")
        return Decision(Settlement.OPEN_GATE_AGAIN, "the gate was granted and is still closed")
    return Decision(Settlement.WAIT, "the agent's phone rings")


def _settle_never_gone(doubt: Doubt, trail: CallTrail | None, now: datetime) -> Decision:
    # Without a committed go nobody opened the gate: the customer was provably never dialled.
    ended = trail is not None and trail.agent_ended_at is not None
    if ended or doubt.silent:
        return Decision(
            Settlement.END,
            "the gate was never opened",
            NOT_DIALLED,
            ended_at=now,
        )
    return Decision(Settlement.WAIT, "the request may still be on its way")


def _settle_gone(doubt: Doubt, go_at: datetime, trail: CallTrail, now: datetime) -> Decision:
    if trail.customer_answered_at is not None:
        if doubt.customer_first and not _agent_came(doubt, trail) and not doubt.silent:
            return Decision(Settlement.WAIT, "the log does not show yet whether the agent answered")
        return _ended_answered(doubt, go_at, trail)
    if doubt.answered_at is None:
        over = trail.agent_ended_at if trail.customer_started_at is None else trail.customer_ended_at
        if over is not None or doubt.silent:
            return _ended_unanswered(doubt, trail, now)
    elif doubt.silent:
        return _ended_answered(doubt, go_at, trail)
    return Decision(Settlement.WAIT, "the log may not be complete yet")


def _ended_unanswered(doubt: Doubt, trail: CallTrail, now: datetime) -> Decision:
    if not _holds_the_call(doubt, trail):
        return Decision(Settlement.KEEP_UNKNOWN if doubt.silent else Settlement.WAIT, _HOLE)
    if trail.customer_started_at is not None:
        # A leg that ended without an answer and without a telling cause was rung until it was given up.
        rang = trail.customer_ended_at is not None
        outcome = customer_outcome(LegEvidence(cause=trail.customer_cause, rang=rang))
        return Decision(
            Settlement.END,
            "the log shows that the customer was dialled and did not answer",
            Ending(outcome, dialled=True, cause=trail.customer_cause),
            ended_at=now,
        )
    return Decision(
        Settlement.END,
        "the log shows no leg to the customer",
        NOT_DIALLED,
        ended_at=now,
    )


def _holds_the_call(doubt: Doubt, trail: CallTrail) -> bool:
    """Whether what the log lacks did not happen.

    Where the go was committed something of ours waited at the gate, and what is let through dials at once.
    """
    began = trail.gate_at if doubt.customer_first else trail.agent_answered_at
    if began is None:
        return False
    if trail.customer_started_at is not None:
        return True
    if doubt.ringing_at is not None:
        return False
    if doubt.customer_first:
        # No agent is rung for a customer who was not dialled.
        return trail.agent_ended_at is None
    # A log without the end of the agent's leg stops there: the power may have gone while the customer was
    # being dialled.
    return trail.agent_ended_at is not None and trail.agent_ended_at - began <= doubt.gate + _GATE_MARGIN


def _ended_answered(doubt: Doubt, go_at: datetime, trail: CallTrail) -> Decision:
    answered_at = _answered_at(doubt, trail) or go_at
    if trail.customer_ended_at is not None and trail.customer_answered_at is not None:
        ended_at = answered_at + (trail.customer_ended_at - trail.customer_answered_at)
        why = "the log shows the whole talk"
    else:
        ended_at = max(answered_at, doubt.doubted_at)
        why = "the log shows the answer and no end: the telephone system stopped during the talk"
        if trail.customer_answered_at is None:
            why = "the answer was seen, and the log has a hole"
    ending = Ending(DialOutcome.ANSWERED, dialled=True, cause=trail.customer_cause)
    if doubt.customer_first and not _agent_came(doubt, trail):
        why = "the log shows that the customer answered, and no agent"
        ending = replace(ending, outcome=DialOutcome.ABANDONED, agent_missed=_apologised(trail))
    return Decision(Settlement.END, why, ending, answered_at, ended_at)


def _agent_came(doubt: Doubt, trail: CallTrail) -> bool:
    # Customer first the answer is written down when an agent has met him.
    return doubt.answered_at is not None or trail.agent_answered_at is not None


def _apologised(trail: CallTrail) -> bool:
    """Whether the customer was still there when the agent's phone had been given up."""
    rang_until, ended = trail.agent_ended_at, trail.customer_ended_at
    return rang_until is not None and ended is not None and ended - rang_until > _APOLOGY


def _answered_at(doubt: Doubt, trail: CallTrail | None) -> datetime | None:
    # The log's times are another clock: only their differences are used.
    if doubt.answered_at is not None:
        return doubt.answered_at
    if doubt.go_at is None or trail is None or trail.customer_answered_at is None:
        return None
    began = trail.customer_started_at if doubt.customer_first else trail.agent_answered_at
    began = began or trail.customer_started_at or trail.customer_answered_at
    return doubt.go_at + (trail.customer_answered_at - began)
