"""What a node agent is told."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FilePath, model_validator


class NodeAgentSettings(BaseModel):
    """The agent on the telephone system's machine (`dialer node serve`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address it listens on.")
    port: int = Field(default=8190, ge=0, le=65535, description="TCP port it listens on.")
    token: str = Field(
        default="",
        repr=False,
        pattern=r"^([0-9A-Za-z_.~+/=-]{16,200})?$",
        description="What the service shows to be let in: 16 characters or more, the same on both sides.",
    )
    certificate: FilePath | None = Field(default=None, description="PEM file of its certificate, for HTTPS.")
    key: FilePath | None = Field(default=None, description="PEM file of the certificate's key.")

    @model_validator(mode="after")
    def _whole(self) -> "NodeAgentSettings":
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("certificate and key belong together: set both, or neither")
        return self


class RemoteFiles(BaseModel):
    """How the service reaches a node agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        pattern=r"^https?://[0-9A-Za-z.:\[\]-]+/?$",
        description="Its address, as https://asterisk2.example:8190.",
    )
    token: str = Field(repr=False, min_length=16, description="The agent's token.")
    ca: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed its certificate, or of the certificate itself. "
        "Empty: those this machine trusts.",
    )
    timeout_seconds: float = Field(default=15.0, gt=0, le=300, description="How long an answer may take.")
