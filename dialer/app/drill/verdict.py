"""What the customers' phones saw, held against what the database says. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState
from dialer.telephony.outcomes import DialOutcome

_NOT_DIALLED = (DialOutcome.FAILED, DialOutcome.AGENT_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Ring:
    """One time that a customer's phone was rung, as the phone kept it."""

    attempt_id: str
    number: str
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The drill's counts. Everything after `outcomes` must be zero."""

    rings: int
    attempts: int
    outcomes: dict[str, int]
    repairs: int
    rung_twice: int
    rung_without_attempt: int
    rung_without_go: int
    rung_and_written_off: int
    answered_and_not_known: int
    stuck: int
    answered_without_recording: int
    unlinked_recordings: int
    details: Sequence[str] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and nobody rung twice."""
        return not any(
            (
                self.rung_twice,
                self.rung_without_attempt,
                self.rung_without_go,
                self.rung_and_written_off,
                self.answered_and_not_known,
                self.stuck,
                self.answered_without_recording,
                self.unlinked_recordings,
            )
        )


def judge(
    rings: Iterable[Ring],
    attempts: Sequence[Attempt],
    *,
    repairs: int,
    recorded: frozenset[str],
    unlinked: Sequence[str],
    for_a_person: Collection[str] = (),
) -> Verdict:
    """Count what must not be. `recorded` are the attempts with an archived recording; `for_a_person` those
    that rightly stay in doubt until a person decides."""
    rings = list(rings)
    by_id = {row.id: row for row in attempts}
    times = Counter(ring.attempt_id for ring in rings)
    twice = [one for one, count in times.items() if count > 1]
    strangers = [one for one in times if one not in by_id]
    without_go = [one for one in times if one in by_id and by_id[one].go_at is None]
    written_off = [one for one in times if one in by_id and by_id[one].outcome in _NOT_DIALLED]
    not_known = [
        ring.attempt_id
        for ring in rings
        if ring.answered
        and ring.attempt_id in by_id
        and ring.attempt_id not in for_a_person
        and by_id[ring.attempt_id].outcome not in (DialOutcome.ANSWERED, DialOutcome.ABANDONED)
        # A machine that answered is known, and is not "answered" (D3).
        and by_id[ring.attempt_id].heard is None
    ]
    open_ones = (row.id for row in attempts if row.state is not AttemptState.ENDED)
    stuck = [one for one in open_ones if one not in for_a_person]
    answered = [row.id for row in attempts if row.outcome == DialOutcome.ANSWERED]
    silent = [one for one in answered if one not in recorded]
    named = {
        "rung twice": twice,
        "rung without an attempt": strangers,
        "rung without a go": without_go,
        "rung and written off": written_off,
        "answered and not known": not_known,
        "stuck": stuck,
        "answered without a recording": silent,
        "unlinked": list(unlinked),
    }
    return Verdict(
        rings=len(rings),
        attempts=len(attempts),
        outcomes=dict(Counter(str(row.outcome) for row in attempts)),
        repairs=repairs,
        rung_twice=len(twice),
        rung_without_attempt=len(strangers),
        rung_without_go=len(without_go),
        rung_and_written_off=len(written_off),
        answered_and_not_known=len(not_known),
        stuck=len(stuck),
        answered_without_recording=len(silent),
        unlinked_recordings=len(unlinked),
        details=[f"{what}: {one}" for what, ones in named.items() for one in ones],
    )
