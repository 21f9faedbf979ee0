"""Where files of occasions come from, and which are expected by when."""

from datetime import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ExpectedFile(BaseModel):
    """A file that has to be there each morning (C4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(pattern=r"^[\w.-]{1,60}$", description="The source: its files' names begin with it.")
    kind: str = Field(default="", description="Its kind; empty: found from the headings.")
    by: time = Field(default=time(8, 15), description="Not there by this time of the site is an alarm.")
    working_days: bool = Field(default=False, description="Expected on working days only.")


class Webhook(BaseModel):
    """Where results are posted to, one follow-up each (C6)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w.-]{1,60}$", description="Its name, under which the state is kept.")
    url: str = Field(pattern=r"^https?://", description="Where to POST the JSON.")
    token: str = Field(default="", description="Sent as a bearer token where one is set.")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Name in the JSON and field of the result; empty: every field."
    )


class ImportSettings(BaseModel):
    """Files in, results out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = Field(
        default=None,
        description="A folder whose files are taken in by themselves; they go on to done/ or failed/.",
    )
    expected: tuple[ExpectedFile, ...] = Field(default=(), description="Files that have to be there.")
    poll_seconds: float = Field(default=5.0, gt=0, description="How often the folder is looked at.")
    largest_upload: int = Field(
        default=200 * 1024 * 1024, ge=1024, description="Bytes of a file that the panel takes."
    )
    api_tokens: tuple[str, ...] = Field(
        default=(), description="SHA-256 (hex) of the tokens that may send occasions to the HTTP API."
    )
    webhooks: tuple[Webhook, ...] = Field(default=(), description="Who is told of each result.")
