"""How the engine calls."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialer.trunks.settings import BreakerSettings, ReachSettings, TrunkSettings


class Mode(StrEnum):
    """Whom the engine may dial (D10)."""

    TRIAL = "trial"
    LIVE = "live"


class Outside(StrEnum):
    """Who may ask phones outside into calls in progress (D6)."""

    AGENTS = "agents"
    SUPERVISORS = "supervisors"
    NOBODY = "nobody"


class SkipReason(BaseModel):
    """A reason not to call now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9_]{1,40}$", description="As it is stored.")
    zh: str = Field(min_length=1, description="In Chinese.")
    en: str = Field(min_length=1, description="In English.")


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
    connect_seconds: int = Field(
        default=6,
        ge=2,
        le=20,
        description="Customer first: so long a customer who answered waits for the agent's phone.",
    )
    page_lead_seconds: float = Field(
        default=0.8, ge=0, le=10, description="The customer's page opens this long before the phone rings."
    )
    settle_margin_seconds: int = Field(
        default=8, ge=1, le=120, description="Added to a time-out before silence counts as proof."
    )
    preview_seconds: int = Field(
        default=120, ge=5, le=3600, description="How long an agent may look at a customer before calling."
    )
    preview_then: str = Field(
        default="release",
        pattern="^(call|release)$",
        description="When that time is over: call, or release (it goes back, and the agent is paused).",
    )
    skip_reasons: tuple[SkipReason, ...] = Field(
        default=(
            SkipReason(id="just_talked", zh="刚联系过客户", en="Was just in touch with the customer"),
            SkipReason(id="bad_moment", zh="此时不便打扰", en="Not a good moment"),
            SkipReason(id="data_wrong", zh="资料有误，需先核对", en="The record must be checked first"),
            SkipReason(id="not_mine", zh="应由其他同事回访", en="Another colleague should call"),
            SkipReason(id="other", zh="其他", en="Other"),
        ),
        min_length=1,
        description="What an agent may choose from who does not call now.",
    )
    appointment_lead_seconds: int = Field(
        default=30,
        ge=0,
        le=600,
        description="So long before an appointment its agent is kept for it, with the customer's page.",
    )
    manual_playbook: str = Field(
        default="direct-call",
        description="The playbook of a call to a number without a follow-up, and of customers who ring.",
    )
    caller_wait_seconds: int = Field(
        default=120, ge=10, le=280, description="So long a customer who rings waits for a free agent."
    )
    outside_parties: Outside = Field(
        default=Outside.AGENTS,
        description="Who may ask a phone outside into a call: agents (and supervisors), supervisors, nobody.",
    )
    max_calls: int = Field(default=60, ge=1, description="Calls in flight at once, at most.")
    trunks: tuple[TrunkSettings, ...] = Field(
        default=(), description="The trunks; with none, `customer_dial` is the one trunk, without limits."
    )
    breaker: BreakerSettings = BreakerSettings()
    reach: ReachSettings = ReachSettings()

    @property
    def longest_way(self) -> timedelta:
        """From the commit to a call until the customer's phone has answered, or has rung in vain."""
        phones = self.agent_ring_seconds + self.gate_seconds + self.customer_ring_seconds
        return timedelta(seconds=self.page_lead_seconds + phones + self.settle_margin_seconds)

    @model_validator(mode="after")
    def _trunks_differ(self) -> "CallingSettings":
        names = [trunk.name for trunk in self.trunks]
        if len(set(names)) < len(names):
            raise ValueError(f"trunks need a name each, and these do not differ: {', '.join(names)}")
        return self
