"""Every setting of an installation: `dialer.toml` in the data folder, then DIALER_* variables."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from asterisk.settings import AsteriskSettings, PrivateAsteriskSettings
from dialer.agents.settings import AgentSettings
from dialer.app.logs import LogSettings
from dialer.calling.settings import CallingSettings
from dialer.importing.settings import ImportSettings
from dialer.nodes.rules import DEFAULT_NODE
from dialer.nodes.settings import LeaseSettings
from dialer.planning.settings import PlanningSettings
from dialer.storage.dialects import sqlite_url
from qa.announcements.settings import AnnouncementSettings
from qa.changing.settings import ChangingSettings
from qa.reviews.settings import ReviewSettings
from qa.speech.models import InstalledModel, choose, shared_folder
from qa.speech.settings import SpeechSettings
from qa.transcripts.settings import TranscriptionSettings
from recordings.node.settings import NodeAgentSettings, RemoteFiles
from recordings.settings import RecordingSettings
from web.settings import WebSettings

FILE_NAME = "dialer.toml"


class BadSettings(Exception):
    """The settings cannot be used. The message names the setting and what is wrong with it."""


class SiteSettings(BaseModel):
    """Who we are."""

    branch: str = Field(default="本店", description="The branch of orders that name none.")
    company: str = Field(
        default="",
        description="What agents call us, as 明光人寿: the insurer of policies that name none, and the shop "
        "where the branch is no name (本店). Calls are checked for it.",
    )


class NodeSettings(BaseModel):
    """One of several telephone systems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[0-9A-Za-z_-]{1,40}$", description="Its name, on pages and in attempts.")
    phones: tuple[str, ...] = Field(
        default=(),
        description="Extensions that register there, as 8001 or 80*. What no node names is the first's.",
    )
    asterisk: AsteriskSettings
    files: RemoteFiles | None = Field(
        default=None, description="The node agent on its machine; without it files are read from here."
    )


class Settings(BaseSettings):
    """All settings; each package has its own part."""

    model_config = SettingsConfigDict(env_prefix="DIALER_", env_nested_delimiter="__", extra="forbid")

    data_dir: Path = Field(description="The folder with settings, database, recordings and models.")
    database_url: str = Field(default="", description="Empty: the embedded SQLite in the data folder.")
    drain_seconds: float = Field(
        default=30.0, ge=0, description="How long a stop waits for calls in progress."
    )
    transcribe: bool = Field(default=True, description="Transcribe and check every recorded call.")
    site: SiteSettings = SiteSettings()
    logs: LogSettings = LogSettings()
    calling: CallingSettings = CallingSettings()
    agents: AgentSettings = AgentSettings()
    planning: PlanningSettings = PlanningSettings()
    imports: ImportSettings = ImportSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    private_asterisk: PrivateAsteriskSettings | None = Field(
        default=None, description="Where set, an Asterisk of our own runs in the data folder."
    )
    nodes: tuple[NodeSettings, ...] = Field(
        default=(), description="Several telephone systems; with none, `asterisk` is the only one."
    )
    leases: LeaseSettings = LeaseSettings()
    files: RemoteFiles | None = Field(
        default=None, description="The node agent beside `asterisk`, where that is another machine."
    )
    node_agent: NodeAgentSettings = NodeAgentSettings()
    recordings: RecordingSettings
    speech: SpeechSettings = SpeechSettings()
    announcements: AnnouncementSettings = AnnouncementSettings()
    changing: ChangingSettings = ChangingSettings()
    reviews: ReviewSettings = ReviewSettings()
    web: WebSettings = WebSettings()

    @model_validator(mode="before")
    @classmethod
    def _below_data_dir(cls, values: dict[str, Any]) -> dict[str, Any]:
        recordings = dict(values.get("recordings") or {})
        recordings.setdefault("root", Path(values["data_dir"]) / "recordings")
        return {**values, "recordings": recordings}

    @model_validator(mode="after")
    def _nodes_fit(self) -> Self:
        names = [node.name for node in self.nodes]
        if len(set(names)) < len(names):
            raise ValueError(f"nodes: each needs a name of its own, and these are {', '.join(names)}")
        if names and self.private_asterisk is not None:
            raise ValueError("nodes: a private Asterisk is the only node; take private_asterisk away")
        known = {"", *names} if names else {"", DEFAULT_NODE}
        for trunk in self.calling.trunks:
            if trunk.node not in known:
                raise ValueError(f"calling.trunks: {trunk.name} is at node {trunk.node}, none of nodes")
        strange = [node for node in self.leases.home if node not in known]
        if strange:
            raise ValueError(f"leases.home: {', '.join(strange)} is none of nodes")
        return self

    @property
    def url(self) -> str:
        """The database's address."""
        return self.database_url or sqlite_url(self.data_dir / "dialer.db")

    @property
    def asterisk_dir(self) -> Path:
        """Where a private Asterisk runs."""
        return self.data_dir / "asterisk"

    @property
    def models_dir(self) -> Path:
        """Where this installation's own speech models are."""
        return self.data_dir / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file in the data folder."""
        data_dir = Path(init_settings()["data_dir"])
        file = TomlConfigSettingsSource(settings_cls, data_dir / FILE_NAME)
        return init_settings, env_settings, file


def speech_model(settings: Settings, named: str | None = None) -> InstalledModel:
    """The speech model called `named`, else the one the settings choose.

    Raises:
        ModelMissing: it is not on this machine.
    """
    speech = settings.speech
    path = None if named else speech.model_path
    return choose(named or speech.model, path, (settings.models_dir, shared_folder()))


def transcription_settings(settings: Settings) -> TranscriptionSettings:
    """What the work of transcription is given of them."""
    return TranscriptionSettings(
        archive=settings.recordings.root,
        speech=settings.speech,
        model_folders=(settings.models_dir, shared_folder()),
        time_zone=settings.calling.time_zone,
        short_talk_seconds=settings.announcements.short_talk_seconds,
    )


def load_settings(data_dir: Path, **overrides: Any) -> Settings:
    """The settings of the installation in `data_dir`; the folder is made where it is missing.

    Raises:
        BadSettings: the file or a variable cannot be used.
    """
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return Settings(data_dir=data_dir, **overrides)
    except ValidationError as error:
        where = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
        )
        raise BadSettings(f"{data_dir / FILE_NAME} (or a DIALER_ variable): {where}") from error
    except (OSError, ValueError) as error:
        raise BadSettings(f"{data_dir / FILE_NAME} cannot be read: {error}") from error
