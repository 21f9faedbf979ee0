"""What a site sets about the work of transcription. Filled by the composition root."""

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from qa.speech.settings import SpeechSettings
from qa.transcripts.rules import Hours


class TranscriptionSettings(BaseModel):
    """Where recordings and models are, and what happens when a recording cannot be transcribed."""

    model_config = ConfigDict(frozen=True)

    archive: Path = Field(description="Folder of the recordings' archive: the root of their paths.")
    model_folders: tuple[Path, ...] = Field(
        default=(), description="Folders in which speech models are looked for, in this order."
    )
    speech: SpeechSettings = Field(default=SpeechSettings(), description="Model, language and workers.")
    tries: int = Field(default=3, ge=1, description="A recording that failed so often waits for a person.")
    retry_seconds: float = Field(
        default=30.0, gt=0, description="Wait before the second try; four times as long before each next one."
    )
    model_retry_seconds: float = Field(
        default=10.0, gt=0, description="While the speech model is missing, it is looked for this often."
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=3,
        description="A recording whose process died is taken up by another after this long.",
    )

    time_zone: str = Field(default="Asia/Shanghai", description="In which the hours of the backlog are.")
    short_talk_seconds: float = Field(
        default=20.0,
        ge=0,
        description="A recording shorter than this is no backlog: its words decide on a try.",
    )

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def hours(self) -> Hours | None:
        """When the backlog is worked off; None is always."""
        return Hours.parse(self.speech.backlog_hours)

    def retry_after(self, tries: int) -> float:
        """Seconds to wait after the `tries`-th failure."""
        return float(self.retry_seconds * 4 ** (tries - 1))
