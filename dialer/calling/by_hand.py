"""A person's way out of an attempt whose end nothing can prove any more (D7, V2).

Without it a follow-up whose call the log does not show would stand still for ever, and its customer would
never be called again.
"""

from datetime import datetime

from sqlalchemy import Connection

from dialer.calling.progress import Ending
from dialer.calling.queries import Attempt, attempt
from dialer.calling.service import EndRules, settle_end
from dialer.calling.settling import Decision, Settlement
from dialer.calling.states import AttemptState
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from dialer.telephony.outcomes import DialOutcome

SETTLED_BY_HAND = "attempt.settled_by_hand"
_LONGEST = 500


class CannotSettle(ValueError):
    """A person does not settle an attempt like this, or not now. The message says what to do."""


def waits_for_a_person(current: Attempt | None) -> bool:
    """Whether this attempt is in doubt and provably over, so that a person may say how it ended."""
    return current is not None and current.state is AttemptState.UNKNOWN and current.absent_at is not None


def settle_by_hand(
    conn: Connection,
    attempt_id: str,
    *,
    talked: bool,
    by: str,
    words: str,
    library: Library,
    now: datetime,
    site: EndRules,
) -> None:
    """The call ended as this person says: with a talk, whose form is then owed, or without one.

    A repair keeps who said so and why (`words`). Without a talk it counts as dialled: in doubt the customer
    was disturbed.

    Raises:
        CannotSettle: nothing was written down, or the call may still go on, or was settled meanwhile.
    """
    words = words.strip()[:_LONGEST]
    if not words:
        raise CannotSettle("write down how you know it: it is kept with your name")
    current = attempt(conn, attempt_id)
    if current is None or current.state is AttemptState.ENDED:
        raise CannotSettle("this call is not in doubt any more: load the page again")
    if not waits_for_a_person(current):
        raise CannotSettle("this call may still be going on: wait until the telephone system can be asked")
    decision = Decision(
        Settlement.END,
        words,
        Ending(DialOutcome.ANSWERED if talked else DialOutcome.UNKNOWN, dialled=True),
        answered_at=(current.answered_at or current.ringing_at or current.go_at) if talked else None,
        ended_at=current.doubted_at,
    )
    settle_end(conn, current, decision, library, {"by": by}, now, site=site)
    told = {"by": by, "talked": talked, "agent": current.agent_id}
    emit(conn, SETTLED_BY_HAND, attempt_id, now, told)
