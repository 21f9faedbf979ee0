"""What three books say of the same calls: the phones', the telephone system's, and ours. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise

from dialer.app.drill.verdict import Ring, Verdict, judge
from dialer.calling.queries import Attempt
from dialer.followups.rules import RETRY
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallTrail

# Times are told in whole milliseconds in some places.
_MARGIN = timedelta(seconds=0.1)


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One ring at a customer's phone, as the phone kept it."""

    attempt_id: str
    number: str
    at: datetime
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was read when everything had come to rest.

    `recordings` are states by attempt; `agents` the agents who stand in a call; `follow_ups` those that
    stand in one; `unlinked` audio that no row leads to; `deaths` exits of the service that nobody asked for.
    """

    phones: Sequence[PhoneCall]
    attempts: Sequence[Attempt]
    trails: Mapping[str, CallTrail]
    recordings: Mapping[str, str]
    repairs: Mapping[str, int]
    agents: Sequence[str]
    follow_ups: Sequence[str]
    unlinked: Sequence[str]
    deaths: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What must be zero, each with what it names."""

    rung_twice: int
    rung_again_too_soon: int
    rung_without_attempt: int
    rung_without_go: int
    rung_and_written_off: int
    answered_and_not_known: int
    answered_by_nobody: int
    rung_and_not_logged: int
    logged_and_not_rung: int
    attempts_without_end: int
    agents_stuck: int
    follow_ups_stuck: int
    answered_without_recording_or_gap: int
    unlinked_recordings: int
    service_died: int

    @property
    def none(self) -> bool:
        """Whether every one is zero."""
        return not any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was counted, and what must be zero (D7)."""

    rings: int
    attempts: int
    follow_ups_called: int
    answered: int
    archived: int
    named_gaps: int
    doubted: int
    repairs: int
    outcomes: Mapping[str, int]
    faults: Faults
    details: Sequence[str]


def hold_together(books: Books) -> Found:
    """Compare the three books."""
    plain = _plain(books)
    too_soon = list(_too_soon(books))
    rung = {call.attempt_id for call in books.phones}
    unlogged = [one for one in rung if _trail(books, one).customer_started_at is None]
    # A phone may have been called without hearing of it where Asterisk died; never answered so.
    unrung = [one for one, trail in books.trails.items() if trail.customer_answered_at and one not in rung]
    answered = [row.id for row in books.attempts if row.outcome == DialOutcome.ANSWERED]
    lifted = {call.attempt_id for call in books.phones if call.answered}
    invented = [one for one in answered if one not in lifted]
    states = [books.recordings.get(one, "") for one in answered]
    faults = Faults(
        rung_twice=plain.rung_twice,
        rung_again_too_soon=len(too_soon),
        rung_without_attempt=plain.rung_without_attempt,
        rung_without_go=plain.rung_without_go,
        rung_and_written_off=plain.rung_and_written_off,
        answered_and_not_known=plain.answered_and_not_known,
        answered_by_nobody=len(invented),
        rung_and_not_logged=len(unlogged),
        logged_and_not_rung=len(unrung),
        attempts_without_end=plain.stuck,
        agents_stuck=len(books.agents),
        follow_ups_stuck=len(books.follow_ups),
        answered_without_recording_or_gap=plain.answered_without_recording,
        unlinked_recordings=plain.unlinked_recordings,
        service_died=len(books.deaths),
    )
    named = {
        "rung again too soon": too_soon,
        "answered by nobody": invented,
        "rung and not in the event log": unlogged,
        "answered by the event log and never rung": unrung,
        "agent stuck": books.agents,
        "follow-up stuck": books.follow_ups,
        "the service died by itself": books.deaths,
    }
    return Found(
        rings=len(books.phones),
        attempts=len(books.attempts),
        follow_ups_called=len({row.follow_up_id for row in books.attempts}),
        answered=len(answered),
        archived=states.count("archived"),
        named_gaps=states.count("missing") + states.count("failed"),
        doubted=sum(row.doubted_at is not None for row in books.attempts),
        repairs=sum(books.repairs.values()),
        outcomes=plain.outcomes,
        faults=faults,
        details=[*plain.details, *(f"{what}: {one}" for what, ones in named.items() for one in ones)],
    )


def _plain(books: Books) -> Verdict:
    # Answered at the moment Asterisk died: only the phone knows, and nobody could talk.
    rings = [
        Ring(
            call.attempt_id,
            call.number,
            call.answered and _trail(books, call.attempt_id).customer_answered_at is not None,
        )
        for call in books.phones
    ]
    cared_for = frozenset(one for one, state in books.recordings.items() if state != "expected")
    return judge(
        rings,
        books.attempts,
        repairs=sum(books.repairs.values()),
        recorded=cared_for,
        # What cannot be read stays where Asterisk left it, for a person: its row says so.
        unlinked=[one for one in books.unlinked if books.recordings.get(one) != "failed"],
    )


def _too_soon(books: Books) -> Iterable[str]:
    """Follow-ups that were dialled again earlier than how the try before ended allows (L7)."""
    by_follow_up: dict[str, list[Attempt]] = {}
    for row in books.attempts:
        by_follow_up.setdefault(row.follow_up_id, []).append(row)
    for rows in by_follow_up.values():
        rows.sort(key=lambda row: row.id)
        for before, after in pairwise(rows):
            if before.outcome is None or before.ended_at is None:
                yield f"{after.follow_up_id}: {after.id} while {before.id} had not ended"
            elif before.outcome == DialOutcome.ANSWERED:
                yield f"{after.follow_up_id}: {after.id} after {before.id} was answered"
            else:
                wait = RETRY[DialOutcome(before.outcome)].after
                if after.placed_at < before.ended_at + wait - _MARGIN:
                    yield f"{after.follow_up_id}: {after.id} after {before.id}, {before.outcome}"


def _trail(books: Books, attempt_id: str) -> CallTrail:
    return books.trails.get(attempt_id) or CallTrail(attempt_id=attempt_id)
