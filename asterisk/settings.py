"""What a site sets about its Asterisk. Filled by the composition root."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FilePath, field_validator


class AsteriskSettings(BaseModel):
    """How to reach an Asterisk, private or existing, and how calls are dialled through it."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", description="Host of the manager interface (AMI).")
    port: int = Field(default=5038, description="TCP port of the manager interface.")
    username: str = Field(default="huifang", description="AMI user, as in manager.conf.")
    secret: str = Field(default="", repr=False, description="Secret of the AMI user.")
    tls: bool = Field(
        default=False,
        description="Encrypt the AMI link; `port` is then the tlsbindaddr port of manager.conf (5039).",
    )
    tls_ca: FilePath | None = Field(
        default=None,
        description="PEM file of the certificate authority, or of Asterisk's own certificate; empty: those "
        "this machine trusts.",
    )
    tls_check_name: bool = Field(
        default=True, description="Refuse a certificate that is not made out to `host`."
    )
    agent_channel: str = Field(
        default="PJSIP/{extension}",
        description="Channel that rings an agent's phone; {extension} is filled in.",
    )
    customer_dial: str = Field(
        default="PJSIP/{number}@trunk",
        description="Dial string that rings a customer; {number} is filled in.",
    )
    trunk_dials: Mapping[str, str] = Field(
        default_factory=dict,
        description="Dial strings by trunk; filled from `calling.trunks`. Others use `customer_dial`.",
    )
    recordings_dir: Path = Field(
        default=Path("/var/spool/asterisk/monitor"),
        description="Folder where Asterisk leaves <attempt>.customer.wav, .agent.wav, .early.wav and .done.",
    )
    cel_file: Path = Field(
        default=Path("/var/log/asterisk/cel-custom/cel.csv"),
        description="CSV file of Asterisk's channel event log.",
    )
    gate_seconds: int = Field(
        default=4,
        ge=1,
        le=30,
        description="How long an agent who answered waits for the service before being released.",
    )
    auto_answer: bool = Field(
        default=False,
        description="Customer first: ask the agent's phone to answer by itself (headers Call-Info and "
        "Alert-Info); the phone must be set to obey.",
    )

    @field_validator("tls_ca")
    @classmethod
    def _holds_certificates(cls, path: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{path} holds no certificate in PEM form ({error})") from error
        return path


class PhoneAccount(BaseModel):
    """An extension that may register."""

    model_config = ConfigDict(frozen=True)

    extension: str = Field(pattern=r"^[0-9A-Za-z_-]{1,32}$", description="Extension, also the SIP user name.")
    password: str = Field(
        pattern=r"^[0-9A-Za-z_.~+-]{1,64}$", repr=False, description="SIP password of the extension."
    )


class PrivateAsteriskSettings(BaseModel):
    """An Asterisk of our own, for development, trials and small sites. Port 0: choose a free one."""

    model_config = ConfigDict(frozen=True)

    bind_address: str = Field(
        default="127.0.0.1",
        pattern=r"^[0-9.]{7,15}$",
        description="Address that SIP and RTP listen on; AMI stays on 127.0.0.1.",
    )
    ami_port: int = Field(default=0, ge=0, le=65535, description="TCP port of the manager interface.")
    ami_username: str = Field(
        default="huifang", pattern=r"^[0-9A-Za-z_-]{1,32}$", description="The one AMI user."
    )
    ami_secret: str = Field(
        default="huifang", pattern=r"^[0-9A-Za-z_.~+-]{1,64}$", repr=False, description="Its secret."
    )
    sip_port: int = Field(default=0, ge=0, le=65535, description="UDP port that phones register to.")
    rtp_start: int = Field(default=0, ge=0, le=65000, description="First UDP port for audio.")
    rtp_ports: int = Field(
        default=400, ge=8, le=20000, description="How many UDP ports for audio; two a leg."
    )
    phones: tuple[PhoneAccount, ...] = Field(default=(), description="Agents' extensions.")
    trunk_host: str = Field(
        default="127.0.0.1",
        pattern=r"^[0-9A-Za-z.-]{1,253}$",
        description="Host of the SIP trunk to the customers.",
    )
    trunk_port: int = Field(default=5090, ge=1, le=65535, description="UDP port of the SIP trunk.")
    trunk_gets_attempt: bool = Field(
        default=True,
        description="Send header X-HF-Attempt to the trunk, so that trial phones can tell attempts apart.",
    )
    gate_seconds: int = Field(default=4, ge=1, le=30, description="See AsteriskSettings.gate_seconds.")
    auto_answer: bool = Field(default=False, description="See AsteriskSettings.auto_answer.")
    rtp_timeout_seconds: int = Field(
        default=60, ge=5, description="A leg that sends no audio for so long is hung up."
    )
    codecs: str = Field(
        default="alaw",
        pattern=r"^[a-z0-9,]+$",
        description="Codecs of phones and trunk; recording is tried on alaw.",
    )
