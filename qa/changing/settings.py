"""What a site may choose about changing its rules."""

from pydantic import BaseModel, ConfigDict, Field


class ChangingSettings(BaseModel):
    """Filled by the composition root; every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    four_eyes: bool = Field(
        default=True,
        description="Who wrote in a draft of rules does not publish it, where another QA lead could.",
    )
    lease_seconds: float = Field(
        default=60.0, gt=0, description="A replay whose process was killed is taken up again after this long."
    )
