"""Where a call stands, as the agent sees it. Pure."""

from datetime import datetime
from enum import StrEnum

from dialer.agents.states import AgentState


class Phase(StrEnum):
    """The steps of a call in their order, as shown on the agent's page."""

    AGENT_PHONE = "agent_phone"
    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


IN_ORDER = tuple(Phase)
# Where the customer is rung first, the agent's phone rings once he has answered (D2).
CUSTOMER_FIRST = (Phase.DIALLING, Phase.RINGING, Phase.AGENT_PHONE, Phase.TALKING, Phase.WRAP_UP)
# The states in which an agent has a customer's page open (D1).
ON_A_CALL = (AgentState.RESERVED, AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP)
# The phases in which the customer is, or was, there to answer.
ANSWERING = (Phase.TALKING, Phase.WRAP_UP)


def phase_of(
    state: AgentState,
    *,
    go_at: datetime | None,
    ringing_at: datetime | None,
    answered_at: datetime | None,
    customer_first: bool = False,
) -> Phase:
    """The step a call has come to. A call in doubt stays at the last step that was seen."""
    if state is AgentState.WRAP_UP:
        return Phase.WRAP_UP
    if customer_first and state is AgentState.RINGING:
        return Phase.AGENT_PHONE
    for seen_at, phase in (
        (answered_at, Phase.TALKING),
        (ringing_at, Phase.RINGING),
        (go_at, Phase.DIALLING),
    ):
        if seen_at is not None:
            return phase
    return Phase.DIALLING if customer_first else Phase.AGENT_PHONE
