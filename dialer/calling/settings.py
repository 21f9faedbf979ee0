"""How the engine calls."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Mode(StrEnum):
    """Whom the engine may dial (D10)."""

    TRIAL = "trial"
    LIVE = "live"


class CallingSettings(BaseModel):
    """How the engine calls. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(
        default=Mode.TRIAL, description="In trial mode only `trial_numbers` are dialled; live dials all."
    )
    trial_numbers: frozenset[str] = Field(
        default=frozenset(), description="The white list of trial mode, as digits."
    )
    time_zone: str = Field(default="Asia/Shanghai", description="The site's time zone.")
    keep_hours: bool = Field(
        default=True, description="Keep to each playbook's calling hours; only a trial may turn this off."
    )
    caller_id: str = Field(default="", description="The number customers see.")
    agent_ring_seconds: int = Field(default=20, ge=3, le=120, description="How long an agent's phone rings.")
    customer_ring_seconds: int = Field(default=45, ge=5, le=120, description="How long a customer's rings.")
    gate_seconds: int = Field(
        default=4, ge=2, le=30, description="How long the agent's leg waits at the gate; the dialplan's own."
    )
    page_lead_seconds: float = Field(
        default=0.8, ge=0, le=10, description="The customer's page opens this long before the phone rings."
    )
    settle_margin_seconds: int = Field(
        default=8, ge=1, le=120, description="Added to a time-out before silence counts as proof."
    )
    max_calls: int = Field(default=60, ge=1, description="Calls in flight at once, at most.")
