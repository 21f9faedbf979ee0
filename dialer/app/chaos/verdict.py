"""What three books say of the same calls: the phones', the telephone system's, and ours. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import pairwise

from ulid import ULID

from dialer.app.drill.verdict import Ring, Verdict, judge
from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState, CallMode
from dialer.followups.rules import RETRY
from dialer.telephony.outcomes import DialOutcome
from dialer.telephony.port import CallTrail

# Times are told in whole milliseconds in some places.
_MARGIN = timedelta(seconds=0.1)
# No call of the drill lasts so long, and no step of its clock is smaller.
_STEPPED = timedelta(minutes=30)
_ID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One ring at a customer's phone, as the phone kept it."""

    attempt_id: str
    number: str
    at: datetime
    answered: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was read when everything had come to rest.

    `recordings` are states by attempt; `agents` the agents who stand in a call; `follow_ups` those that
    stand in one, each with its attempts; `unlinked` audio that no row leads to; `deaths` exits of the
    service that nobody asked for. `rang_in` are the numbers of customers who rang us, `call_backs` the
    attempts for those who rang for nothing. `torn` are the attempts of which a power cut took lines of the
    log, `told` those that a person is asked to decide on. `stays` of agents were longer than their state can
    last; `tickets` (with their attempts) still say that a customer talks; `lines` are phones that nobody has
    hung up.
    """

    phones: Sequence[PhoneCall]
    attempts: Sequence[Attempt]
    trails: Mapping[str, CallTrail]
    recordings: Mapping[str, str]
    repairs: Mapping[str, int]
    agents: Sequence[str]
    follow_ups: Mapping[str, Collection[str]]
    unlinked: Sequence[str]
    deaths: Sequence[str]
    rang_in: Collection[str] = ()
    call_backs: Collection[str] = ()
    torn: Collection[str] = ()
    told: Collection[str] = ()
    stays: Sequence[str] = ()
    tickets: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[str] = ()

    @property
    def for_a_person(self) -> frozenset[str]:
        """The attempts of which nobody can know what became, and a person is told."""
        told = (row for row in self.attempts if row.id in self.told)
        return frozenset(
            row.id for row in told if nobody_can_know(row, _trail(self, row.id), torn=row.id in self.torn)
        )

    @property
    def put_through(self) -> frozenset[str]:
        """The attempts by which a customer who rang us was put through, or was to be."""
        inbound = (row for row in self.attempts if row.mode == CallMode.INBOUND)
        return frozenset(row.id for row in inbound if row.number in self.rang_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What must be zero, each with what it names."""

    rung_twice: int
    rung_by_two_at_once: int
    rung_again_too_soon: int
    rung_without_attempt: int
    rung_without_go: int
    rung_and_written_off: int
    answered_and_not_known: int
    known_and_forgotten: int
    answered_by_nobody: int
    rung_and_not_logged: int
    logged_and_not_rung: int
    attempts_without_end: int
    agents_stuck: int
    agents_too_long: int
    follow_ups_stuck: int
    tickets_stuck: int
    still_on_the_line: int
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
    rang_in: int
    put_through: int
    for_a_person: int
    outcomes: Mapping[str, int]
    modes: Mapping[str, int]
    faults: Faults
    details: Sequence[str]


def nobody_can_know(row: Attempt, trail: CallTrail, *, torn: bool) -> bool:
    """Whether this attempt rightly stays in doubt: lines of it are lost, or the log stops where it was let
    through, and the next line would have told."""
    first = row.mode == CallMode.CUSTOMER_FIRST
    at_gate = first or (trail.agent_answered_at is not None and trail.agent_ended_at is None)
    stops = at_gate and trail.customer_started_at is None
    return row.state is AttemptState.UNKNOWN and row.go_at is not None and (torn or stops)


def hold_together(books: Books) -> Found:
    """Compare the three books."""
    plain, kept, through = _plain(books), books.for_a_person, books.put_through
    rung = {call.attempt_id for call in books.phones}
    answered = [row.id for row in books.attempts if row.outcome == DialOutcome.ANSWERED]
    lifted = {call.attempt_id for call in books.phones if call.answered} | through
    states = [books.recordings.get(one, "") for one in answered]
    # What a power cut took from the log proves nothing, either way.
    unlogged = [one for one in rung.difference(books.torn) if _trail(books, one).customer_started_at is None]
    # A phone may have been called without hearing of it where Asterisk died; never answered so.
    known = rung | through
    unrung = [one for one, trail in books.trails.items() if trail.customer_answered_at and one not in known]
    named: Mapping[str, Sequence[str]] = {
        "rung_by_two_at_once": list(_by_two(books)),
        "rung_again_too_soon": list(_too_soon(books)),
        "known_and_forgotten": [row.id for row in books.attempts if _forgotten(row)],
        "answered_by_nobody": [one for one in answered if one not in lifted],
        "rung_and_not_logged": unlogged,
        "logged_and_not_rung": unrung,
        "agents_stuck": books.agents,
        "agents_too_long": books.stays,
        "follow_ups_stuck": [one for one, ids in books.follow_ups.items() if kept.isdisjoint(ids)],
        "tickets_stuck": [one for one, attempt_id in books.tickets.items() if attempt_id not in kept],
        "still_on_the_line": books.lines,
        "service_died": books.deaths,
    }
    faults = Faults(
        rung_twice=plain.rung_twice,
        rung_without_attempt=plain.rung_without_attempt,
        rung_without_go=plain.rung_without_go,
        rung_and_written_off=plain.rung_and_written_off,
        answered_and_not_known=plain.answered_and_not_known,
        attempts_without_end=plain.stuck,
        answered_without_recording_or_gap=plain.answered_without_recording,
        unlinked_recordings=plain.unlinked_recordings,
        **{name: len(ones) for name, ones in named.items()},
    )
    told = [f"{name.replace('_', ' ')}: {one}" for name, ones in named.items() for one in ones]
    return Found(
        rings=len(books.phones),
        attempts=len(books.attempts),
        follow_ups_called=len({row.follow_up_id for row in books.attempts}),
        answered=len(answered),
        archived=states.count("archived"),
        named_gaps=states.count("missing") + states.count("failed"),
        doubted=sum(row.doubted_at is not None for row in books.attempts),
        repairs=sum(books.repairs.values()),
        rang_in=len(books.rang_in),
        put_through=len(through.intersection(answered)),
        for_a_person=len(kept),
        outcomes=plain.outcomes,
        modes=dict(Counter(str(row.mode) for row in books.attempts)),
        faults=faults,
        details=[*plain.details, *told],
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
    kept = books.for_a_person
    cared_for = frozenset(one for one, state in books.recordings.items() if state != "expected")
    return judge(
        rings,
        books.attempts,
        repairs=sum(books.repairs.values()),
        recorded=cared_for,
        # What cannot be read stays where Asterisk left it, for a person: its row says so.
        unlinked=[
            one for one in books.unlinked if not (one in kept or books.recordings.get(one) == "failed")
        ],
        for_a_person=kept,
    )


def _forgotten(row: Attempt) -> bool:
    """Whether our own row says that the customer answered, and its end says something else."""
    talked = row.outcome in (DialOutcome.ANSWERED, DialOutcome.ABANDONED) or row.heard is not None
    return row.answered_at is not None and row.ended_at is not None and not talked


def _by_two(books: Books) -> Iterable[str]:
    """Numbers that were rung while they were rung, or talked with, by another attempt of ours."""
    by_number: dict[str, list[PhoneCall]] = {}
    for call in books.phones:
        by_number.setdefault(call.number, []).append(call)
    for number, calls in by_number.items():
        calls.sort(key=lambda call: call.at)
        for before, after in pairwise(calls):
            other = after.attempt_id != before.attempt_id
            if other and before.until is not None and after.at < before.until - _MARGIN:
                yield f"{number}: {after.attempt_id} during {before.attempt_id}"


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
            elif CallMode.INBOUND in (before.mode, after.mode):
                # He is on the line, or rang for nothing and is called back as soon as anybody can.
                continue
            elif before.outcome == DialOutcome.ANSWERED:
                yield f"{after.follow_up_id}: {after.id} after {before.id} was answered"
            elif after.id not in books.call_backs and not (_stepped(before) or _stepped(after)):
                wait = RETRY[DialOutcome(before.outcome)].after
                if after.placed_at < before.ended_at + wait - _MARGIN:
                    yield f"{after.follow_up_id}: {after.id} after {before.id}, {before.outcome}"


def _stepped(row: Attempt) -> bool:
    """Whether the service's clock was another then than that of ids, which nobody steps: from such times it
    is not to be told what was waited for."""
    if len(row.id) != _ID_LENGTH:
        return False
    made, ended = ULID.from_str(row.id).datetime, row.ended_at or row.placed_at
    return any(abs(at - made) > _STEPPED for at in (row.placed_at, ended))


def _trail(books: Books, attempt_id: str) -> CallTrail:
    return books.trails.get(attempt_id) or CallTrail(attempt_id=attempt_id)
