"""What a site sets about announcements."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class AnnouncementSettings(BaseModel):
    """What is listened to, and by which phrases it is judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    short_talk_seconds: float = Field(
        default=20.0,
        ge=0,
        description="An answered call shorter than this may be a mailbox, a secretary or an announcement.",
    )
    phrases: Path | None = Field(
        default=None, description="A file of phrases of your own, made from qa/announcements/phrases.yaml."
    )
    tries: int = Field(default=3, ge=1, description="After so many failures the signalling stands alone.")
    retry_seconds: float = Field(default=20.0, gt=0, description="Wait before the next try after a failure.")
    lease_seconds: float = Field(
        default=120.0, gt=5, description="What a dead process worked on is taken up again after this long."
    )
