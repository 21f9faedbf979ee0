"""What the panel is built on, handed over by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from dialer.calling.incall.rules import Actor
from dialer.calling.incall.states import Step
from dialer.calling.status import EngineStatus
from dialer.clock import Clock
from dialer.figures import LinkFigures
from dialer.importing.settings import ImportSettings
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from qa.changing.settings import ChangingSettings
from qa.reviews.settings import ReviewSettings
from qa.speech.executors import default_workers
from qa.transcripts.settings import TranscriptionSettings
from web.finding import Finding
from web.settings import WebSettings


@dataclass(frozen=True)
class Panel:
    """Everything the pages read from and act on."""

    database: Database
    library: Library
    clock: Clock
    engine_status: Callable[[], EngineStatus]
    settings: WebSettings
    recordings_root: Path
    planning: PlanningSettings = field(default_factory=PlanningSettings)
    importing: ImportSettings = field(default_factory=ImportSettings)
    # The branch of what names none.
    branch: str = "本店"
    # What is counted of each link to a telephone system, by the node's name.
    link_figures: Callable[[], Mapping[str, LinkFigures]] = dict
    # Looks at the whole site, as `dialer doctor` does.
    examine: Callable[[], Awaitable[list[Finding]]] | None = None
    # Takes a step in a call in progress: attempt, step, who, the phone to ring, tones, a number outside (D6).
    act: Callable[[str, Step, Actor, str, str, str], Awaitable[None]] | None = None

    # How recordings are transcribed, and how many at once.
    transcription: TranscriptionSettings | None = None
    transcribed_at_once: Callable[[], int] = default_workers
    # Who may publish rules, and how replays are carried out.
    changing: ChangingSettings = field(default_factory=ChangingSettings)
    # Which calls people review, and how long appeals take.
    reviews: ReviewSettings = field(default_factory=ReviewSettings)

    @property
    def packages(self) -> Path:
        """Where examiner's packages lie until they are fetched, beside the recordings."""
        return self.recordings_root.parent / "packages"

    @property
    def uploads(self) -> Path:
        """Where files that were sent to the panel lie, beside the recordings."""
        return self.recordings_root.parent / "imports"


PANEL = web.AppKey("panel", Panel)
