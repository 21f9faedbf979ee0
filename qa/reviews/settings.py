"""What a site chooses about its samples, reviews and appeals (S1, S4)."""

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dialer.followups.workdays import WorkCalendar
from qa.reviews.rules import Deadlines
from qa.sampling.rules import Plan, Risk

_SHIPPED = Plan()


class ReviewSettings(BaseModel):
    """Which calls people review, and how long an appeal takes. A share of 0.05 is 5 of 100 calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draw_daily: bool = Field(default=True, description="Draw yesterday's sample by itself.")
    draw_at: time = Field(
        default=time(8, 0),
        description="When yesterday's calls are drawn from; a day that was missed, as soon as it is seen.",
    )
    draw_latest: time = Field(
        default=time(10, 0), description="So long it is waited for calls that are still being checked."
    )
    random_share: Decimal = Field(
        default=_SHIPPED.random_share,
        description="Random pool: this share of all answered calls of a day. Only it feeds the estimates.",
    )
    share: Decimal = Field(
        default=_SHIPPED.share, description="Share pool: this share of each agent's calls of yesterday."
    )
    risk_most: int = Field(
        default=_SHIPPED.risk_most, description="Risk pool: at most so many calls a day; 0 for none."
    )
    risk_from: int = Field(
        default=_SHIPPED.risk_from,
        description="Risk pool: calls whose risks weigh so much or more, by `risk_weights`.",
    )
    risk_weights: Mapping[Risk, int] = Field(
        default={}, description="What a risk weighs, where it is not as shipped: `{alarm = 50, short = 0}`."
    )
    quota: int = Field(
        default=_SHIPPED.quota, description="Quota pool: so many calls of each agent in a month; 0 for none."
    )
    short_seconds: float = Field(
        default=_SHIPPED.short_seconds, description="A talk under so many seconds is a risk (short)."
    )
    head_office_share: Decimal = Field(
        default=_SHIPPED.head_office_share,
        description="Second look of the head office: this share of the reviews of a day.",
    )
    appeal_workdays: int = Field(
        default=5, description="An agent may appeal until the end of the day so many working days later."
    )
    decide_workdays: int = Field(
        default=2, description="An appeal is decided by the end of the day so many working days later."
    )

    @field_validator("random_share", "share", "head_office_share")
    @classmethod
    def _a_share(cls, value: Decimal) -> Decimal:
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no share: write one from 0 to 1, as 0.05 for 5 of 100 calls")
        return value

    @field_validator("risk_most", "risk_from", "quota", "short_seconds")
    @classmethod
    def _a_number(cls, value: float) -> float:
        if not 0 <= value <= 1000:
            raise ValueError(f"{value} cannot be: write a number from 0 to 1000; 0 draws none")
        return value

    @field_validator("risk_weights", mode="before")
    @classmethod
    def _known_risks(cls, value: object) -> object:
        strange = sorted(set(value) - set(Risk)) if isinstance(value, Mapping) else []
        if strange:
            raise ValueError(f"{', '.join(map(str, strange))} is no risk: the risks are {', '.join(Risk)}")
        return value

    @field_validator("appeal_workdays", "decide_workdays")
    @classmethod
    def _days(cls, value: int) -> int:
        if not 1 <= value <= 60:
            raise ValueError(f"{value} working days cannot be: write a number from 1 to 60")
        return value

    @model_validator(mode="after")
    def _fits_in_a_day(self) -> Self:
        if self.draw_latest < self.draw_at:
            raise ValueError(
                f"draw_latest {self.draw_latest} is before draw_at {self.draw_at}: make it later"
            )
        if self.random_share + self.share > 1:
            raise ValueError(
                f"random_share {self.random_share} and share {self.share} are more than all calls of a day: "
                "lower one of them"
            )
        return self

    def plan(self) -> Plan:
        """How much of what is drawn."""
        return Plan(
            random_share=self.random_share,
            share=self.share,
            risk_most=self.risk_most,
            risk_from=self.risk_from,
            quota=self.quota,
            short_seconds=self.short_seconds,
            head_office_share=self.head_office_share,
            weights={**_SHIPPED.weights, **self.risk_weights},
        )

    def deadlines(self, calendar: WorkCalendar, zone: ZoneInfo) -> Deadlines:
        """How long an appeal may take, by the site's calendar."""
        return Deadlines(calendar, zone, self.appeal_workdays, self.decide_workdays)
