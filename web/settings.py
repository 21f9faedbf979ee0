"""What a site sets about its panel. Filled by the composition root."""

from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field


class WebSettings(BaseModel):
    """Where the panel listens and how it guards itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for the whole network.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    time_zone: str = Field(default="Asia/Shanghai", description="Time zone of the times on the pages.")
    language: str = Field(
        default="zh", pattern="^(zh|en)$", description="Language of the pages until a user chooses one."
    )
    secure_cookies: bool = Field(
        default=False, description="Send cookies over HTTPS only; turn on wherever the panel is behind HTTPS."
    )
    session_hours: float = Field(default=12.0, gt=0, description="A login is good for this many hours.")
    login_tries: int = Field(
        default=5, ge=1, description="Wrong passwords for one user name before each further try has to wait."
    )
    address_tries: int = Field(
        default=30, ge=1, description="Wrong passwords from one address before each further try has to wait."
    )
    longest_wait_seconds: float = Field(
        default=300.0, gt=0, description="The wait doubles with each wrong password, up to this."
    )
    heartbeat_seconds: float = Field(
        default=5.0, gt=0, description="The live feed tells a page so often that it is alive."
    )
    feed_backlog: int = Field(
        default=500, ge=1, description="Events kept for one slow page; past that it loads itself anew."
    )

    metrics_token: str = Field(
        default="",
        repr=False,
        description="Who asks for /metrics sends `Authorization: Bearer` and this. Empty: only this "
        "machine may ask.",
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the pages."""
        return ZoneInfo(self.time_zone)
