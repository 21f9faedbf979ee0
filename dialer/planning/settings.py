"""How the day is planned."""

from datetime import date, time

from pydantic import BaseModel, ConfigDict, Field

from dialer.followups.workdays import WorkCalendar


class PlanningSettings(BaseModel):
    """How the day is planned. The time zone is the one of the calling settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarter_limit: int = Field(
        default=2,
        ge=1,
        description="Contacts of a person, a plate or a household in a calendar quarter, over all playbooks.",
    )
    min_gap_days: int = Field(
        default=0, ge=0, description="Days between two contacts of one customer, over all playbooks."
    )
    carrier_per_day: int = Field(
        default=5, ge=1, description="Dials to one number within 24 hours; carriers block more."
    )
    carrier_burst: int = Field(default=3, ge=1, description="Dials to one number within 5 minutes.")
    plan_at: time = Field(default=time(7, 30), description="When the plan of the day is made.")
    release: str = Field(
        default="auto",
        pattern=r"^(auto|manual)$",
        description="auto: what is planned may be called; manual: a supervisor releases the plan first.",
    )
    contact_within_hours: int = Field(
        default=24, ge=1, le=24 * 31, description="So long after its assignment a follow-up must be tried."
    )
    max_tries: int = Field(default=6, ge=1, le=20, description="Dials for one follow-up at most.")
    catch_up_days: int = Field(
        default=7,
        ge=0,
        description="What came in later than so many days after its limit is not called any more.",
    )
    gap_working_days: int = Field(
        default=2,
        ge=1,
        description="So many working days without data, and nobody is taken for lost (absence).",
    )
    extra_holidays: tuple[date, ...] = Field(default=(), description="Days off besides the public ones.")
    extra_workdays: tuple[date, ...] = Field(default=(), description="Working days besides the public ones.")
    seed: str = Field(default="huifang", max_length=40, description="What samples are drawn with.")

    def calendar(self) -> WorkCalendar:
        """The site's working days."""
        return WorkCalendar(frozenset(self.extra_holidays), frozenset(self.extra_workdays))
