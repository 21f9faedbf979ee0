"""What was seen of one call, folded from its events in any order. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from dialer.telephony.events import (
    AgentConnected,
    AgentLegFailed,
    AgentMissed,
    AgentRinging,
    AgentUp,
    CallEvent,
    CustomerAnswered,
    CustomerDialEnded,
    CustomerDialing,
    CustomerRinging,
    GateExpired,
    HangupRequested,
    LegEnded,
)
from dialer.telephony.outcomes import DialOutcome, Leg, LegEvidence, customer_outcome


@dataclass(frozen=True, slots=True)
class Progress:
    """What was seen of a call so far.

    `whole` is False where we did not see it from its beginning (the service was restarted): then
    what was not seen may have happened, and only settling can tell how the call ended. `answered_at` is
    kept where the customer is rung first: he is recorded from there on, before the agent is there.
    """

    whole: bool = True
    customer_first: bool = False
    agent: LegEvidence = field(default_factory=LegEvidence)
    customer: LegEvidence = field(default_factory=LegEvidence)
    dialled: bool = False
    agent_failed: bool = False
    agent_gone: bool = False
    customer_gone: bool = False
    gate_expired: bool = False
    hung_up_by: Leg | None = None
    agent_missed: bool = False
    answered_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing of the call is left."""
        if self.customer_first:
            dial_over = self.customer.dial_status is not None
            if not self.dialled:
                return dial_over or self.gate_expired or self.agent_failed
            agent_there = self.agent.rang or self.agent.answered
            return (
                self.customer_gone
                and (self.customer.answered or dial_over)
                and (self.agent_gone or not agent_there)
            )
        if self.agent_failed and not self.agent.answered:
            return True
        return self.agent_gone and (self.customer_gone or not self.dialled)

    @property
    def clear(self) -> bool:
        """Whether what was seen tells how a call that is over ended.

        Where the agent was up and nothing was heard of the customer, that leg's events may be
        still on their way: events come in no promised order. Then the log has to tell. So it has of an
        agent who was not seen to come to a customer who was rung first.
        """
        if self.customer_first:
            met = self.agent.answered or self.agent_missed
            return self.whole and (met or not self.customer.answered)
        nothing_of_customer = not self.dialled and self.customer.dial_status is None
        return self.whole and not (self.agent.answered and nothing_of_customer and not self.gate_expired)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended. `dialled` tells whether the customer's leg was dialled at all."""

    outcome: DialOutcome
    dialled: bool
    cause: int | None = None
    dial_status: str | None = None
    hung_up_by: Leg | None = None
    agent_rang: bool = False
    # Customer first: he answered, and the agent's phone did not.
    agent_missed: bool = False


NOT_DIALLED = Ending(DialOutcome.FAILED, dialled=False)
"""Given up before the customer's phone was dialled: nobody's fault, and no try."""


def observe(seen: Progress, event: CallEvent) -> Progress:
    """`seen` and one more event."""
    match event:
        case AgentRinging():
            return replace(seen, agent=replace(seen.agent, rang=True))
        case AgentUp() | AgentConnected():
            return replace(seen, agent=replace(seen.agent, answered=True))
        case CustomerRinging():
            return replace(seen, dialled=True, customer=replace(seen.customer, rang=True))
        case CustomerAnswered():
            answered = replace(seen.customer, answered=True)
            return replace(seen, dialled=True, customer=answered, answered_at=seen.answered_at or event.at)
        case CustomerDialEnded():
            # Also told of a trunk that had no channel to dial on: it does not say "dialled". Its
            # cause stands only where the leg's own hang-up names none.
            ended = replace(
                seen.customer,
                dial_status=event.dial_status,
                cause=seen.customer.cause or event.cause,
            )
            return replace(seen, customer=ended)
        case HangupRequested():
            return replace(seen, hung_up_by=seen.hung_up_by or event.leg)
        case LegEnded(leg=Leg.AGENT):
            gone = replace(seen.agent, cause=event.cause, tech_cause=event.tech_cause)
            return replace(seen, agent=gone, agent_gone=True)
        case LegEnded():
            # The leg's own hang-up is the first evidence of how it ended.
            gone = replace(
                seen.customer,
                cause=event.cause or seen.customer.cause,
                tech_cause=event.tech_cause,
            )
            return replace(seen, dialled=True, customer=gone, customer_gone=True)
        case _:
            return _noted(seen, event)


def _noted(seen: Progress, event: CallEvent) -> Progress:
    """Events that tell one thing."""
    match event:
        case AgentLegFailed():
            return replace(seen, agent_failed=True)
        case AgentMissed():
            return replace(seen, agent_missed=True)
        case CustomerDialing():
            return replace(seen, dialled=True)
        case GateExpired():
            return replace(seen, gate_expired=True)
        case _:
            return seen


def joined(found: Progress, seen: Progress) -> Progress:
    """What was found of a call that is alive and what its events told meanwhile: neither undoes the other."""
    return replace(
        found,
        agent=_both(found.agent, seen.agent),
        customer=_both(found.customer, seen.customer),
        dialled=found.dialled or seen.dialled,
        agent_failed=found.agent_failed or seen.agent_failed,
        agent_gone=found.agent_gone or seen.agent_gone,
        customer_gone=found.customer_gone or seen.customer_gone,
        gate_expired=found.gate_expired or seen.gate_expired,
        hung_up_by=found.hung_up_by or seen.hung_up_by,
        agent_missed=found.agent_missed or seen.agent_missed,
        answered_at=found.answered_at or seen.answered_at,
    )


def _both(one: LegEvidence, other: LegEvidence) -> LegEvidence:
    return LegEvidence(
        answered=one.answered or other.answered,
        rang=one.rang or other.rang,
        dial_status=one.dial_status or other.dial_status,
        cause=one.cause if one.cause is not None else other.cause,
        tech_cause=one.tech_cause or other.tech_cause,
    )


def conclude(seen: Progress) -> Ending:
    """How a call that is over ended."""
    if seen.dialled:
        outcome = customer_outcome(seen.customer)
        leg = seen.customer
        if seen.customer_first and outcome is DialOutcome.ANSWERED and not seen.agent.answered:
            outcome = DialOutcome.ABANDONED
    elif seen.customer_first:
        outcome, leg = DialOutcome.FAILED, seen.customer
    elif seen.agent.answered:
        # The agent was there; our own side did not get as far as dialling.
        outcome, leg = DialOutcome.FAILED, seen.agent
    else:
        outcome, leg = DialOutcome.AGENT_UNAVAILABLE, seen.agent
    return Ending(
        outcome,
        seen.dialled,
        leg.cause,
        seen.customer.dial_status,
        seen.hung_up_by,
        agent_rang=seen.agent.rang,
        agent_missed=seen.agent_missed and not seen.agent.answered,
    )
