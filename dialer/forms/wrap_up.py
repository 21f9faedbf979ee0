"""When a wrap-up ends by itself, goes on, and is told to the supervisor (D5). Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from dialer.agents.queries import AgentSession
from dialer.agents.settings import AgentSettings


class WrapUp(StrEnum):
    """What to do with a wrap-up now."""

    WAIT = "wait"
    FINISH = "finish"
    EXTEND = "extend"
    TELL = "tell"


def wrap_up_step(
    current: AgentSession, settings: AgentSettings, now: datetime, *, form_saved: bool
) -> WrapUp:
    """What to do with this wrap-up now.

    Over an unsaved form its timer extends itself, up to the limit of the settings; then the supervisor is
    told, and it goes on without a timer: no call ever comes over an unsaved form.
    """
    until = current.wrap_until or current.since
    # What was added for the form's sake is given back once it is saved; a clock that was put back ends it.
    planned = until - timedelta(seconds=current.wrap_extended)
    added_later = current.wrap_extended > 0 and until - now > timedelta(
        seconds=settings.wrap_up_extension_seconds
    )
    if form_saved:
        over = now >= planned or now < current.since or added_later
        return WrapUp.FINISH if over else WrapUp.WAIT
    if now < until and not added_later:
        return WrapUp.WAIT
    return WrapUp.EXTEND if current.wrap_extended < settings.wrap_up_limit_seconds else WrapUp.TELL
