"""How long an agent may be in a state, and what the site does then (D5)."""

from pydantic import BaseModel, ConfigDict, Field


class AgentSettings(BaseModel):
    """What ends an agent's state besides the agent and the call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone_grace_seconds: int = Field(
        default=10, ge=0, le=300, description="A ready agent whose phone is gone this long is paused."
    )
    phone_back_minutes: int = Field(
        default=10,
        ge=0,
        le=120,
        description="If the phone is back within this time, the agent is ready again by himself; 0: never.",
    )
    wrap_up_extension_seconds: int = Field(
        default=30,
        ge=5,
        le=600,
        description="A wrap-up over an unsaved form goes on for this long each time.",
    )
    wrap_up_limit_seconds: int = Field(
        default=300,
        ge=0,
        le=7200,
        description="Extended by so much in all it goes on no further, and the supervisor is told.",
    )
    shift_sign_out_minutes: int = Field(
        default=15,
        ge=0,
        le=720,
        description="Paused this long after the end of the shift, the agent is signed out; 0: never.",
    )
    doubt_limit_minutes: int = Field(
        default=60,
        ge=1,
        le=720,
        description="While the link is down, an agent is kept in a call in doubt this long at most.",
    )
