"""What a site may choose about transcription."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class SpeechSettings(BaseModel):
    """Filled by the composition root; every field has a default that works."""

    model_config = ConfigDict(frozen=True)

    model: str | None = Field(
        default=None,
        description="Speech model by name (see `dialer models list`). Empty: the best one that is present.",
    )
    model_path: Path | None = Field(
        default=None,
        description="Folder of a Whisper or Vosk model of your own; goes before the models folder.",
    )
    language: str = Field(default="zh", description="Language of the calls, as a two-letter code.")
    workers: int = Field(
        default=0,
        ge=0,
        description="Recordings transcribed at once, each by a process on one core. 0: all cores but one.",
    )
    cluster: str = Field(
        default="",
        description="Address of a Dask scheduler, as tcp://10.0.0.5:8786, whose workers transcribe (they "
        "need the archive and the models under the same paths). Empty: processes of this machine.",
    )
    backlog_hours: str = Field(
        default="",
        pattern=r"^(\d{1,2}:\d{2}-\d{1,2}:\d{2})?$",
        description="Hours in which the backlog is transcribed, as 20:30-07:30. What a person asked for, and "
        "calls with a complaint or an alarm, are transcribed at once at any hour. Empty: all day.",
    )
    deadline_factor: float = Field(
        default=20.0,
        ge=1.0,
        description="A recording may take so many times its own length, and `deadline_seconds` more. Then "
        "its worker hangs: it is ended, and the recording is tried again later.",
    )
    deadline_seconds: float = Field(
        default=300.0,
        gt=0,
        description="What every recording may take besides, for starting a worker and loading the model.",
    )
    niceness: int = Field(
        default=10,
        ge=0,
        le=19,
        description="How far transcription gives way to the dialer and Asterisk (nice).",
    )
