"""What a site sets about its trunks."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator


class NumberFormat(StrEnum):
    """How a trunk wants numbers: 13800000001 and 037166668888 become what the comment says."""

    AS_IS = "as_is"  # what is stored
    NATIONAL = "national"  # 13800000001, 037166668888
    E164 = "e164"  # +8613800000001
    DIGITS = "digits"  # 8613800000001
    INTERNATIONAL = "international"  # 008613800000001
    # As a telephone in `city` dials: mobiles of other cities with 0, the city's own lines without its code.
    LOCAL = "local"


class Supervision(StrEnum):
    """What tells a trunk's answer (D3): signalling, a change of polarity, or nothing."""

    SIP = "sip"
    POLARITY = "polarity"
    # The gateway "answers" at once, whatever the customer does: only what is heard tells.
    NONE = "none"


class TrunkSettings(BaseModel):
    """One trunk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[0-9A-Za-z_-]{1,40}$", description="Its name, on pages and in attempts.")
    dial: str = Field(
        default="", description="Dial string; {number} is filled in. Empty: the node's `customer_dial`."
    )
    node: str = Field(default="", description="The node (Asterisk) it belongs to. Empty: the first.")
    channels: int | None = Field(default=None, ge=1, description="Calls at once, at most. Not set: no limit.")
    calls_per_second: float | None = Field(
        default=None, gt=0, le=1000, description="New calls in a second, at most. Not set: no limit."
    )
    format: NumberFormat = Field(
        default=NumberFormat.AS_IS,
        description="How numbers are dialled: as_is, national, e164, digits, international or local.",
    )
    country: str = Field(default="CN", pattern=r"^[A-Z]{2}$", description="Country of numbers without one.")
    city: str = Field(default="", description="Where it ends, for format local, as 郑州.")
    prefix: str = Field(
        default="", pattern=r"^[0-9*#+]{0,12}$", description="Dialled before each number, such as 9."
    )
    caller_id: str = Field(
        default="",
        pattern=r"^[0-9A-Za-z+*#_-]{0,40}$",
        description="The number customers see. Empty: `caller_id` of all.",
    )
    caller_ids: Mapping[str, str] = Field(
        default_factory=dict, description="By branch, the number its customers see."
    )
    answer_supervision: Supervision = Field(
        default=Supervision.SIP, description="What tells that a customer answered: sip, polarity or none."
    )
    priority: int = Field(default=10, description="The lowest is taken first; equals share their calls.")

    @model_validator(mode="after")
    def _whole(self) -> "TrunkSettings":
        if self.format is NumberFormat.LOCAL and not self.city:
            raise ValueError("format local needs `city`, such as 郑州: it decides which mobiles get a 0")
        if self.dial and self.dial.count("{number}") != 1:
            raise ValueError(f"dial is {self.dial!r}: it must hold {{number}} once")
        return self


class BreakerSettings(BaseModel):
    """When a trunk counts as broken, and when it is tried again. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failures: int = Field(default=5, ge=1, description="Failures of a trunk in a row that open its breaker.")
    window_seconds: float = Field(
        default=300, gt=0, description="They count when they come within this time."
    )
    retry_seconds: float = Field(default=30, gt=0, description="One call tries the trunk again after this.")
    retry_most_seconds: float = Field(
        default=900, gt=0, description="Each try in vain doubles the wait, up to this."
    )


DEFAULT_BREAKER = BreakerSettings()


class ReachSettings(BaseModel):
    """When a number that customers see looks as if it were marked (骚扰电话): fewer and fewer answer it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_calls: int = Field(default=50, ge=1, description="Dialled calls a number needs to be judged by.")
    share: float = Field(
        default=0.5, gt=0, lt=1, description="Alarm below this share of what the other numbers reach."
    )
    days: int = Field(default=7, ge=1, le=60, description="Days that are looked at.")
