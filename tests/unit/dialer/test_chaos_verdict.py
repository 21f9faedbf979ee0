"""What chaos finds when it holds the phones', the telephone system's and our own books together (D7)."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from ulid import ULID

from dialer.app.chaos.verdict import Books, Faults, PhoneCall, hold_together
from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState
from dialer.telephony.port import CallTrail
from tests.support.core import NOW, at

ONE = Attempt(
    id="01",
    follow_up_id="f1",
    agent_id="a1",
    number="139",
    state=AttemptState.ENDED,
    run_id="r1",
    placed_at=NOW,
    go_at=at(2),
    ringing_at=at(3),
    answered_at=at(5),
    doubted_at=None,
    ended_at=at(60),
    outcome="answered",
    cause=16,
    dial_status=None,
    hung_up_by=None,
    counted=True,
)
BUSY = replace(ONE, outcome="busy", answered_at=None)
TALK = CallTrail(attempt_id="01", customer_started_at=at(2), customer_answered_at=at(5))
RING = PhoneCall("01", "139", at(2), answered=True)
SOUND = Books(
    phones=[RING],
    attempts=[ONE],
    trails={"01": TALK},
    recordings={"01": "archived"},
    repairs={},
    agents=[],
    follow_ups={},
    unlinked=[],
    deaths=[],
)
RANG = CallTrail(attempt_id="01", customer_started_at=at(2))
UNANSWERED = replace(SOUND, phones=[replace(RING, answered=False)], attempts=[BUSY], recordings={})


def again(after: timedelta) -> Attempt:
    assert ONE.ended_at is not None
    return replace(BUSY, id="02", placed_at=ONE.ended_at + after, ended_at=ONE.ended_at + after)


SHORT, LONG = timedelta(minutes=1), timedelta(minutes=16)
AT_GATE = CallTrail(attempt_id="01", agent_answered_at=at(1))
# A power cut took the lines of this call: it stays in doubt, and the supervisor is told.
DOUBTED = replace(
    SOUND,
    attempts=[replace(ONE, state=AttemptState.UNKNOWN, outcome=None, ended_at=None)],
    trails={},
    recordings={},
    follow_ups={"f1": ["01"]},
    unlinked=["01"],
    torn=["01"],
    told=["01"],
)
# A customer who rang us: his phone was not rung by an attempt.
INBOUND = replace(SOUND, phones=[], attempts=[replace(ONE, mode="inbound", go_at=None)], rang_in=["139"])
FOUND = [
    pytest.param(DOUBTED, {}, id="what the log lost is for a person"),
    pytest.param(
        replace(DOUBTED, told=[], unlinked=[]),
        {"attempts_without_end", "follow_ups_stuck"},
        id="lost, and nobody is told",
    ),
    pytest.param(
        replace(DOUBTED, phones=[], unlinked=[], torn=[], trails={"01": AT_GATE}),
        {},
        id="the log stops at the gate",
    ),
    pytest.param(
        replace(DOUBTED, attempts=[replace(DOUBTED.attempts[0], go_at=None)], phones=[], unlinked=[]),
        {"attempts_without_end", "follow_ups_stuck"},
        id="without a go nobody was dialled, whatever is lost",
    ),
    pytest.param(
        replace(DOUBTED, torn=[], unlinked=[]),
        {"attempts_without_end", "follow_ups_stuck", "rung_and_not_logged"},
        id="in doubt though the log is whole",
    ),
    pytest.param(
        replace(SOUND, attempts=[replace(BUSY, outcome="failed")], trails={}, recordings={}, torn=["01"]),
        {"rung_and_written_off"},
        id="a hole in the log is no proof that nobody was dialled",
    ),
    pytest.param(INBOUND, {}, id="a customer who rang"),
    pytest.param(
        replace(INBOUND, rang_in=[]), {"answered_by_nobody", "logged_and_not_rung"}, id="nobody rang"
    ),
    pytest.param(
        replace(
            INBOUND,
            phones=[replace(RING, attempt_id="02")],
            attempts=[replace(BUSY, mode="inbound", go_at=None), replace(ONE, id="02", placed_at=at(61))],
            trails={"02": replace(TALK, attempt_id="02")},
            recordings={"02": "archived"},
        ),
        {},
        id="who rang for nothing is called back at once",
    ),
    pytest.param(SOUND, {}, id="sound"),
    pytest.param(replace(SOUND, recordings={"01": "missing"}), {}, id="a named gap is no fault"),
    pytest.param(replace(SOUND, phones=[RING, RING]), {"rung_twice"}, id="twice"),
    pytest.param(
        replace(UNANSWERED, attempts=[BUSY, again(SHORT)]), {"rung_again_too_soon"}, id="again too soon"
    ),
    pytest.param(replace(UNANSWERED, attempts=[BUSY, again(LONG)]), {}, id="again when the rules allow it"),
    pytest.param(
        replace(UNANSWERED, attempts=[BUSY, again(SHORT)], call_backs=["02"]), {}, id="he rang meanwhile"
    ),
    pytest.param(
        replace(UNANSWERED, attempts=[BUSY, replace(again(SHORT), id=str(ULID.from_datetime(NOW)))]),
        {"rung_again_too_soon"},
        id="again too soon by a clock that was right",
    ),
    pytest.param(
        replace(UNANSWERED, attempts=[BUSY, replace(again(SHORT), id=str(ULID.from_datetime(at(-3600))))]),
        {},
        id="by the times of a clock that was stepped nothing is told",
    ),
    pytest.param(
        replace(SOUND, attempts=[ONE, again(SHORT)], call_backs=["02"]),
        {"rung_again_too_soon"},
        id="he rang after his call: it is done",
    ),
    pytest.param(
        replace(SOUND, attempts=[ONE, again(LONG)]), {"rung_again_too_soon"}, id="again after an answer"
    ),
    pytest.param(replace(SOUND, attempts=[replace(ONE, go_at=None)]), {"rung_without_go"}, id="without a go"),
    pytest.param(
        replace(UNANSWERED, attempts=[replace(BUSY, outcome="failed")]),
        {"rung_and_written_off"},
        id="written off",
    ),
    pytest.param(replace(SOUND, attempts=[BUSY], recordings={}), {"answered_and_not_known"}, id="not known"),
    pytest.param(
        replace(SOUND, trails={}, attempts=[BUSY], recordings={}),
        {"rung_and_not_logged"},
        id="answered to a system that died: only the ring counts",
    ),
    pytest.param(
        replace(SOUND, phones=[replace(RING, answered=False)]), {"answered_by_nobody"}, id="invented"
    ),
    pytest.param(replace(SOUND, phones=[]), {"logged_and_not_rung", "answered_by_nobody"}, id="never rung"),
    pytest.param(
        replace(SOUND, attempts=[replace(ONE, state=AttemptState.UNKNOWN)]),
        {"attempts_without_end"},
        id="without an end",
    ),
    pytest.param(replace(SOUND, agents=["a1"]), {"agents_stuck"}, id="agent stuck"),
    pytest.param(replace(SOUND, follow_ups={"f1": ["01"]}), {"follow_ups_stuck"}, id="follow-up stuck"),
    pytest.param(replace(SOUND, stays=["a1 preview"]), {"agents_too_long"}, id="an agent held too long"),
    pytest.param(replace(SOUND, tickets={"t1": "01"}), {"tickets_stuck"}, id="a ticket that talks for ever"),
    pytest.param(replace(SOUND, lines=["139"]), {"still_on_the_line"}, id="nobody hung him up"),
    pytest.param(
        replace(UNANSWERED, attempts=[replace(BUSY, answered_at=at(5))]),
        {"known_and_forgotten"},
        id="our own row knew the answer",
    ),
    pytest.param(
        replace(
            UNANSWERED,
            phones=[
                replace(RING, answered=False, until=at(9)),
                replace(RING, answered=False, attempt_id="02", at=at(8)),
            ],
            attempts=[BUSY, replace(BUSY, id="02", follow_up_id="f2")],
            trails={"01": RANG, "02": replace(RANG, attempt_id="02")},
        ),
        {"rung_by_two_at_once"},
        id="one telephone rung by two",
    ),
    pytest.param(replace(SOUND, recordings={}), {"answered_without_recording_or_gap"}, id="no recording"),
    pytest.param(
        replace(SOUND, recordings={"01": "expected"}),
        {"answered_without_recording_or_gap"},
        id="a recording that never came",
    ),
    pytest.param(replace(SOUND, unlinked=["07"]), {"unlinked_recordings"}, id="unlinked"),
    pytest.param(replace(SOUND, unlinked=["01"], recordings={"01": "failed"}), {}, id="kept for a person"),
    pytest.param(replace(SOUND, deaths=["exit code 1"]), {"service_died"}, id="died"),
]


@pytest.mark.parametrize(("books", "faults"), FOUND)
def test_each_fault_is_found_and_named(books: Books, faults: set[str]) -> None:
    found = hold_together(books)
    assert {one.name for one in fields(Faults) if getattr(found.faults, one.name)} == set(faults)
    assert found.faults.none is not bool(faults)
    assert bool(found.details) is bool(faults)


def test_a_ring_of_an_attempt_that_is_not_in_the_books() -> None:
    found = hold_together(replace(SOUND, phones=[RING, replace(RING, attempt_id="09")]))
    assert found.faults.rung_without_attempt == 1


def test_what_was_done_is_counted() -> None:
    found = hold_together(replace(SOUND, repairs={"01": 2}))
    assert (found.rings, found.attempts, found.answered, found.archived, found.repairs) == (1, 1, 1, 1, 2)
