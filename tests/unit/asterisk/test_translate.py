"""AMI messages to events, from streams recorded on Asterisk 22.10 (tables in `streams/`) (D1, D3, D7)."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.callbook import CallBook, live_calls
from asterisk.translate import originate_attempt, translate
from dialer.telephony.events import AgentLegFailed, AgentUp, CallEvent, CustomerAnswered, LegEnded
from dialer.telephony.outcomes import Leg
from dialer.telephony.port import GatePosition, LiveCall

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ATTEMPT = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAB"
CUSTOMER = "1700000000.42"
STREAMS = {path.stem: path for path in sorted((Path(__file__).parent / "streams").glob("*.txt"))}

Message = dict[str, str]


def read_stream(path: Path) -> tuple[list[Message], list[str]]:
    """The recorded messages and the events they mean."""
    stream, _, events = path.read_text().partition("\n\n")
    messages = []
    for line in stream.splitlines():
        if not line.startswith("#"):
            name, *rest = line.replace("ATTEMPT", ATTEMPT).replace("CUSTOMER", CUSTOMER).split(" | ")
            messages.append({"Event": name, **dict(pair.split(": ", 1) for pair in rest)})
    return messages, events.splitlines()


def events_of(messages: list[Message], book: CallBook | None = None) -> list[CallEvent]:
    book = book or CallBook()
    return [event for message in messages if (event := translate(book, message, NOW)) is not None]


def told(event: CallEvent) -> str:
    """An event as the tables write it."""
    known = ((name, getattr(event, name)) for name in type(event).__slots__ if name != "detail")
    return " ".join(
        [type(event).__name__, *(f"{name}={value}" for name, value in known if value is not None)]
    )


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_call_means_these_events(name: str) -> None:
    messages, expected = read_stream(STREAMS[name])
    book = CallBook()
    events = events_of(messages, book)
    assert [told(event) for event in events] == expected
    assert {event.attempt_id for event in events} == {ATTEMPT}
    assert all(event.at == NOW for event in events)
    assert not book.calls, "a call that is over is forgotten"
    assert not book.legs


@pytest.mark.parametrize("name", STREAMS)
def test_asterisks_time_is_kept(name: str) -> None:
    messages, _ = read_stream(STREAMS[name])
    first, *_, last = [e for e in events_of(messages) if e.asterisk_at is not None] * 2
    assert first.asterisk_at is not None
    assert last.asterisk_at is not None
    assert datetime.fromtimestamp(1_700_000_000, UTC) <= first.asterisk_at <= last.asterisk_at


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", STREAMS)
def test_the_order_between_channels_does_not_matter(name: str, seed: int) -> None:
    """Messages of one channel keep their order; those of different channels overtake each other."""
    messages, expected = read_stream(STREAMS[name])
    lanes: dict[str, list[Message]] = {}
    for message in messages:
        free = message["Event"] in ("OriginateResponse", "DialBegin", "DialState", "SoftHangupRequest")
        own = message["Event"] == "DialEnd"
        lane = f"{id(message)}" if free else message.get("DestUniqueid" if own else "Uniqueid", "")
        lanes.setdefault(lane, []).append(message)
    dice, swapped = random.Random(seed), []
    while lanes:
        lane = dice.choice(sorted(lanes))
        swapped.append(lanes[lane].pop(0))
        if not lanes[lane]:
            del lanes[lane]
    # The first HangupRequest is told, so that its leg depends on the order by its nature.
    assert sorted(told(event) for event in events_of(swapped)) == sorted(expected)


def test_a_response_after_the_hangup_and_before_the_dial_are_the_same() -> None:
    messages, expected = read_stream(STREAMS["agent_busy"])
    response = next(m for m in messages if m["Event"] == "OriginateResponse")
    others = [m for m in messages if m is not response]
    assert sorted(told(e) for e in events_of([*others, response])) == sorted(expected)
    assert sorted(told(e) for e in events_of([response, *others])) == sorted(expected)


def test_user_events_are_told_once_even_before_and_after_the_channel() -> None:
    messages, _ = read_stream(STREAMS["customer_hangs_up"])
    up = next(m for m in messages if m.get("UserEvent") == "HFAgentUp")
    events = events_of([up, *messages, up])
    assert sum(isinstance(event, AgentUp) for event in events) == 1


@pytest.mark.parametrize("name", STREAMS)
def test_foreign_calls_on_a_shared_asterisk_are_ignored(name: str) -> None:
    foreign = [
        {
            key: value.replace(ATTEMPT, "1700000000.7").replace(CUSTOMER, "1700000000.8")
            for key, value in m.items()
        }
        for m in read_stream(STREAMS[name])[0]
    ]
    book = CallBook()
    assert events_of(foreign, book) == []
    assert not book.calls


def test_a_foreign_user_event_is_ignored() -> None:
    assert events_of([{"Event": "UserEvent", "UserEvent": "AgentUp", "Attempt": ATTEMPT}]) == []
    assert events_of([{"Event": "UserEvent", "UserEvent": "HFAgentUp", "Attempt": "7"}]) == []
    assert events_of([{"Event": "UserEvent"}, {"Event": "Cdr"}, {}]) == []


def test_a_refused_second_originate_does_not_fail_the_live_call() -> None:
    """D7: the refusal carries the live call's own id."""
    messages, _ = read_stream(STREAMS["customer_hangs_up"])
    book = CallBook()
    answered = next(i for i, m in enumerate(messages) if m.get("UserEvent") == "HFAnswered")
    events_of(messages[: answered + 1], book)
    refusal = {
        "Event": "OriginateResponse",
        "ActionID": f"HF-originate/{ATTEMPT}/ffff",
        "Response": "Failure",
        "Reason": "0",
        "Uniqueid": ATTEMPT,
    }
    assert events_of([refusal], book) == []
    assert book.calls[ATTEMPT].names() == ["PJSIP/trunk-00000002", "PJSIP/1001-00000001"]


def test_an_originate_of_somebody_else_is_none_of_ours() -> None:
    assert originate_attempt({"ActionID": f"HF-originate/{ATTEMPT}/1"}) == ATTEMPT
    assert originate_attempt({"ActionID": "HF-originate/7/1"}) is None
    assert originate_attempt({"ActionID": f"other/{ATTEMPT}/1"}) is None
    assert events_of([{"Event": "OriginateResponse", "ActionID": "x/1", "Response": "Failure"}]) == []


def test_the_failure_says_why_in_words() -> None:
    (event,) = [
        e for e in events_of(read_stream(STREAMS["agent_no_answer"])[0]) if isinstance(e, AgentLegFailed)
    ]
    assert (event.reason, event.detail) == (3, "nobody answered in time")


def test_a_channel_keeps_its_leg_when_it_is_renamed() -> None:
    messages, _ = read_stream(STREAMS["customer_hangs_up"])
    book = CallBook()
    created = next(i for i, m in enumerate(messages) if m.get("Uniqueid") == CUSTOMER)
    events_of(messages[: created + 1], book)
    events_of(
        [
            {"Event": "Rename", "Uniqueid": CUSTOMER, "Newname": "PJSIP/trunk-9"},
            {"Event": "Rename", "Uniqueid": ATTEMPT, "Newname": "PJSIP/1001-9"},
        ],
        book,
    )
    assert book.calls[ATTEMPT].names() == ["PJSIP/trunk-9", "PJSIP/1001-9"]


def test_a_third_party_is_not_taken_for_the_customer() -> None:
    messages, _ = read_stream(STREAMS["agent_hangs_up_talking"])
    third = {
        "Event": "Newchannel",
        "Uniqueid": "1700000000.99",
        "Linkedid": ATTEMPT,
        "Channel": "PJSIP/1009-1",
    }
    ended = {"Event": "Hangup", "Uniqueid": "1700000000.99", "Linkedid": ATTEMPT, "Cause": "16"}
    answered = next(i for i, m in enumerate(messages) if m.get("UserEvent") == "HFAnswered")
    events = events_of([*messages[: answered + 1], third, ended, *messages[answered + 1 :]])
    assert [e.leg for e in events if isinstance(e, LegEnded)] == [Leg.AGENT, Leg.CUSTOMER]


@pytest.mark.parametrize("stamp", [None, "", "soon", "1e400"])
def test_a_message_without_a_good_time_is_still_told(stamp: str | None) -> None:
    message = {"Event": "UserEvent", "UserEvent": "HFAnswered", "Attempt": ATTEMPT}
    (event,) = events_of([message | ({"Timestamp": stamp} if stamp is not None else {})])
    assert event == CustomerAnswered(attempt_id=ATTEMPT, at=NOW)


def agent_row(state: str = "Up", exten: str = "s", context: str = "huifang-agent") -> Message:
    return {
        "Event": "Status",
        "Channel": "PJSIP/1001-1",
        "ChannelStateDesc": state,
        "Context": context,
        "Exten": exten,
        "Uniqueid": ATTEMPT,
        "Linkedid": ATTEMPT,
    }


def customer_row(state: str, **more: str) -> Message:
    return {
        "Event": "Status",
        "Channel": "PJSIP/trunk-2",
        "ChannelStateDesc": state,
        "Uniqueid": CUSTOMER,
        "Linkedid": ATTEMPT,
        **more,
    }


@pytest.mark.parametrize(
    ("rows", "gate", "dialled", "answered"),
    [
        ([agent_row("Ringing")], GatePosition.RINGING, False, False),
        ([agent_row("Down")], GatePosition.RINGING, False, False),
        ([agent_row()], GatePosition.WAITING, False, False),
        ([agent_row(exten="go")], GatePosition.PASSED, False, False),
        ([agent_row(context="from-internal")], GatePosition.PASSED, False, False),
        ([agent_row(exten="go"), customer_row("Ringing")], GatePosition.PASSED, True, False),
        ([customer_row("Up"), agent_row(exten="go")], GatePosition.PASSED, True, True),
        ([customer_row("Up")], GatePosition.PASSED, True, True),
        (
            [customer_row("Up", Linkedid="1.1", Variable=f"A=1\nHF_ATTEMPT={ATTEMPT}")],
            GatePosition.PASSED,
            True,
            True,
        ),
    ],
)
def test_live_calls_are_read_from_a_listing(
    rows: list[Message], gate: GatePosition, dialled: bool, answered: bool
) -> None:
    foreign = {"Event": "Status", "Uniqueid": "1.1", "Linkedid": "1.1", "Channel": "PJSIP/x"}
    alone = answered and not any(row["Uniqueid"] == ATTEMPT for row in rows)
    expected = LiveCall(
        attempt_id=ATTEMPT,
        gate=gate,
        customer_dialled=dialled,
        customer_answered=answered,
        agent_gone=alone,
    )
    assert live_calls([foreign, *rows, {"Event": "StatusComplete"}]) == (expected,)


def test_events_go_on_after_the_book_was_restored_from_a_listing() -> None:
    messages, expected = read_stream(STREAMS["customer_hangs_up"])
    book = CallBook()
    book.restore([agent_row(exten="go"), customer_row("Up")])
    answered = next(i for i, m in enumerate(messages) if m.get("UserEvent") == "HFAnswered")
    rest = [told(event) for event in events_of(messages[answered + 1 :], book)]
    assert rest == expected[-len(rest) :]
    assert "HangupRequested leg=customer" in rest
