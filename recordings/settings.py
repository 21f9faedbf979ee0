"""What a site sets about its recordings. Filled by the composition root."""

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator


class RecordingSettings(BaseModel):
    """Where recordings are kept and when one counts as sound."""

    model_config = ConfigDict(frozen=True)

    root: Path = Field(description="Folder of the archive; it is made when first needed.")
    time_zone: str = Field(
        default="Asia/Shanghai", description="Time zone of the dates and times in folder and file names."
    )
    tolerance_seconds: float = Field(
        default=0.5, gt=0, description="A recording may be this much shorter or longer than its call."
    )
    silence_dbfs: float = Field(
        default=-45.0, lt=0, description="A moment quieter than this, in dB of full scale, is no speech."
    )
    least_speech_share: float = Field(
        default=0.01, ge=0, le=1, description="A party that spoke for a smaller share of the call was silent."
    )
    judge_silence_after_seconds: float = Field(
        default=3.0, ge=0, description="In a shorter call nobody has to have spoken."
    )
    settle_seconds: float = Field(
        default=3.0,
        ge=0,
        description="Files without the mark of their end are final once unchanged for so long.",
    )
    missing_after_seconds: float = Field(
        default=60.0, ge=0, description="An answered call without files so long after its end is an alarm."
    )
    keep_free_bytes: int = Field(
        default=200_000_000,
        ge=0,
        description="Archive nothing when less room than this is left: the database may share the disk.",
    )
    retry_seconds: float = Field(
        default=10.0, gt=0, description="Wait before the second try after trouble; doubles with each try."
    )
    retry_limit_seconds: float = Field(default=300.0, gt=0, description="The longest wait between two tries.")
    lease_seconds: float = Field(
        default=60.0, gt=0, description="How long one process has a recording to itself; then others may try."
    )
    scan_seconds: float = Field(
        default=60.0, gt=0, description="How often the source is searched for files nobody waits for."
    )
    parallel: int = Field(default=2, ge=1, description="Recordings that are archived at the same time.")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"the time zone {name!r} is not known; give an IANA name such as Asia/Shanghai"
            ) from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of names."""
        return ZoneInfo(self.time_zone)

    def retry_after(self, tries: int) -> float:
        """Seconds to wait after the `tries`-th try in trouble."""
        return float(min(self.retry_limit_seconds, self.retry_seconds * 2 ** min(tries - 1, 20)))
