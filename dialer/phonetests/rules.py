"""When an agent may test his phone, and what a test proves. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.agents.states import AgentState
from dialer.telephony.phonetest import PhoneHeard, PhoneTestOrder, Reached

# Nobody waits longer than this for a test to be taken up.
_TAKEN_WITHIN = timedelta(seconds=10)
# How long after its end an agent may still say whether he heard himself.
_SAID_WITHIN = timedelta(minutes=10)
# So long a phone must have been up for its silence to mean anything: packets are counted once a second.
_COUNTED_SECONDS = 2.0


class Outcome(StrEnum):
    """What a test proves."""

    RUNNING = "running"
    # He heard himself, and said so.
    CONFIRMED = "confirmed"
    NOT_HEARD = "not_heard"
    # The phone was answered, and sent nothing.
    NO_AUDIO = "no_audio"
    # The phone was answered; whether he heard himself he did not say.
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    NOT_REGISTERED = "not_registered"
    # What became of it was not seen.
    INTERRUPTED = "interrupted"


class Refusal(StrEnum):
    """Why no test begins, or nothing can be said of one."""

    NOT_PAUSED = "not_paused"
    NO_PHONE = "no_phone"
    RUNNING = "running"
    NO_LINK = "no_link"
    NO_TEST = "no_test"


@dataclass(frozen=True, slots=True)
class PhoneTest:
    """A test: asked for, taken up by the service that has the phone, ended. `said`: he heard himself."""

    id: str
    agent_id: str
    extension: str
    asked_at: datetime
    taken_at: datetime | None = None
    ended_at: datetime | None = None
    reached: Reached | None = None
    seconds: float | None = None
    from_phone: int | None = None
    to_phone: int | None = None
    said: bool | None = None

    def __post_init__(self) -> None:
        if self.reached is not None:
            object.__setattr__(self, "reached", Reached(self.reached))

    @property
    def order(self) -> PhoneTestOrder:
        """What the telephone system is asked for."""
        return PhoneTestOrder(test_id=self.id, extension=self.extension)


def is_over(test: PhoneTest, now: datetime) -> bool:
    """Whether nothing of it can be left: it ended, nobody took it up in time, or who did is gone."""
    if test.ended_at is not None:
        return True
    if test.taken_at is None:
        return now - test.asked_at > _TAKEN_WITHIN
    return now - test.taken_at > 2 * timedelta(seconds=test.order.longest)


def outcome(test: PhoneTest, now: datetime) -> Outcome:
    """What it proves: what was counted comes before what was said."""
    if not is_over(test, now):
        return Outcome.RUNNING
    if test.reached is None:
        return Outcome.INTERRUPTED
    if test.reached is not Reached.ANSWERED:
        return Outcome(test.reached.value)
    if test.from_phone == 0 and (test.seconds or 0) >= _COUNTED_SECONDS:
        return Outcome.NO_AUDIO
    if test.said is None:
        return Outcome.ANSWERED
    return Outcome.CONFIRMED if test.said else Outcome.NOT_HEARD


def may_test(
    state: AgentState | None, extension: str, latest: PhoneTest | None, now: datetime, *, link_up: bool
) -> Refusal | None:
    """Why this agent may not test his phone now; None: he may. Only who is paused has no call before him."""
    if state is not AgentState.PAUSED:
        return Refusal.NOT_PAUSED
    if not extension:
        return Refusal.NO_PHONE
    if latest is not None and not is_over(latest, now):
        return Refusal.RUNNING
    return None if link_up else Refusal.NO_LINK


def may_ring(test: PhoneTest, state: AgentState | None, extension: str, now: datetime) -> bool:
    """Whether what was asked for still holds when it is taken up: he waits for it, paused, at that phone."""
    waits = test.taken_at is None and not is_over(test, now)
    return waits and state is AgentState.PAUSED and extension == test.extension


def may_say(test: PhoneTest | None, now: datetime) -> bool:
    """Whether the agent may say of this test if he heard himself: while it runs, and soon after."""
    if test is None or test.reached not in (None, Reached.ANSWERED):
        return False
    return not is_over(test, now) or (test.ended_at is not None and now - test.ended_at < _SAID_WITHIN)


def values_of(heard: PhoneHeard | None) -> dict[str, object]:
    """What is kept of a test that is over; None: what became of it was not seen."""
    if heard is None:
        return {}
    return {
        "reached": heard.reached,
        "seconds": heard.seconds,
        "from_phone": heard.from_phone,
        "to_phone": heard.to_phone,
    }
