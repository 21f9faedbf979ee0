"""Calls whose customer is rung first, as Asterisk 22.10 tells of them (tables in streams/first) (D2, D7)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.callbook import CallBook, live_calls
from asterisk.cel import Trails
from asterisk.orders import originate
from asterisk.partybook import PartyBook
from dialer.telephony.events import AgentConnected, AgentLegFailed, AtGate, CustomerAnswered
from dialer.telephony.port import CallOrder, CallTrail, GatePosition, LiveCall
from tests.unit.asterisk.test_translate import ATTEMPT, CUSTOMER, Message, events_of, read_stream, told

STREAMS = {path.stem: path for path in sorted((Path(__file__).parent / "streams" / "first").glob("*.txt"))}
AGENT = "1700000000.77"
ORDER = CallOrder(
    attempt_id=ATTEMPT,
    agent_extension="8001",
    customer_number="13800000001",
    caller_id="4008",
    customer_first=True,
    agent_ring_seconds=6,
    customer_ring_seconds=45,
)


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_call_means_these_events(name: str) -> None:
    messages, expected = read_stream(STREAMS[name])
    book = CallBook()
    assert [told(event) for event in events_of(messages, book)] == expected
    assert not book.calls, "a call that is over is forgotten"
    assert not book.legs


def upto(event: type, name: str = "talk") -> tuple[CallBook, list[Message]]:
    """The book when this was told, and what came after it."""
    messages, _ = read_stream(STREAMS[name])
    book = CallBook()
    for number, message in enumerate(messages):
        if any(isinstance(one, event) for one in events_of([message], book)):
            return book, messages[number + 1 :]
    raise AssertionError(f"{event.__name__} is not in the stream")


def test_d7_each_step_is_known_by_its_channels() -> None:
    for event, names, waits in (
        (AtGate, ["Local/s@huifang-first-00000000;2"], False),
        (CustomerAnswered, ["PJSIP/trunk-00000000", "Local/s@huifang-first-00000000;2"], True),
        (AgentConnected, ["PJSIP/trunk-00000000", "PJSIP/8001-00000001"], False),
    ):
        (call,) = upto(event)[0].calls.values()
        assert call.names() == names, "what is hung up when the call is to end"
        assert call.awaits_agent is waits


def test_d6_the_agents_leg_is_known_by_the_id_that_asterisk_gave_it() -> None:
    """Who talks with the customer is who is in his bridge: hold, parties and mute go by that."""
    book, after = upto(AgentConnected)
    parties = PartyBook(book)
    for message in after:
        if message["Event"] == "BridgeEnter":
            parties.take({**message, "BridgeUniqueid": "b"}, datetime(2026, 11, 22, tzinfo=UTC))
    assert parties.talking(ATTEMPT) == [AGENT]
    assert parties.name_of(AGENT) == "PJSIP/8001-00000001"
    assert parties.name_of(CUSTOMER) is None


def status(unique_id: str, state: str, **more: str) -> Message:
    return {
        "Event": "Status",
        "Channel": f"PJSIP/{unique_id}",
        "Uniqueid": unique_id,
        "Linkedid": f"HFC-{ATTEMPT}",
        "ChannelStateDesc": state,
        "Variable": f"HF_ATTEMPT={ATTEMPT}",
        **more,
    }


GATE = [
    status(f"HFC-{ATTEMPT}", "Down"),
    status(f"HFD-{ATTEMPT}", "Ring", Context="huifang-first", Exten="s"),
]
DIALS = [GATE[0], {**GATE[1], "Exten": "go"}, status(CUSTOMER, "Ringing", Context="huifang-first")]
LIFTED = status(CUSTOMER, "Up", Context="huifang-first", Exten="answered")
MARKED = f"HF_ATTEMPT={ATTEMPT}\nHF_SIDE=agent"
AGENT_RINGS = status(AGENT, "Ringing", Variable=MARKED)
BRIDGED = [{**LIFTED, "BridgeID": "b"}, status(AGENT, "Up", Variable=MARKED, BridgeID="b")]
PASSED = GatePosition.PASSED


def live(gate: GatePosition, **more: bool) -> LiveCall:
    values = {"customer_dialled": True, "customer_answered": True, **more}
    return LiveCall(attempt_id=ATTEMPT, gate=gate, **values)


@pytest.mark.parametrize(
    ("rows", "call"),
    [
        (GATE, live(GatePosition.WAITING, customer_dialled=False, customer_answered=False)),
        (DIALS, live(PASSED, customer_answered=False)),
        ([LIFTED], live(PASSED, awaits_agent=True)),
        ([LIFTED, AGENT_RINGS], live(PASSED, awaits_agent=True)),
        ([AGENT_RINGS, LIFTED], live(PASSED, awaits_agent=True)),
        (BRIDGED, live(PASSED)),
        (BRIDGED[::-1], live(PASSED)),
        (BRIDGED[:1], live(PASSED, agent_gone=True)),
    ],
    ids=[
        "at-the-gate",
        "he-is-rung",
        "he-has-answered",
        "the-agent-is-rung",
        "rows-in-another-order",
        "both-talk",
        "both-talk-in-another-order",
        "a-colleague-talks",
    ],
)
def test_d7_where_it_stands_is_told_from_what_is_alive(rows: list[Message], call: LiveCall) -> None:
    assert live_calls(rows) == (call,)


def test_d7_an_originate_that_made_no_channel_is_told_of_and_no_other() -> None:
    """It ends as failed in any case, because who dials leaves at the answer."""
    failed = {
        "Event": "OriginateResponse",
        "Response": "Failure",
        "Reason": "0",
        "ActionID": f"HF-first/{ATTEMPT}/1a2b",
    }
    (event,) = events_of([failed])
    assert isinstance(event, AgentLegFailed)
    book = CallBook()
    book.restore([LIFTED])
    assert events_of([failed], book) == [], "of a call that was found alive"


def test_d2_the_order_rings_nobody_by_itself() -> None:
    action = originate(ORDER, "PJSIP/{extension}", "PJSIP/{number}@trunk", "1a2b")
    assert action["Channel"] == "Local/s@huifang-first/n"
    assert (action["ChannelId"], action["OtherChannelId"]) == (f"HFC-{ATTEMPT}", f"HFD-{ATTEMPT}")
    assert action["Variable"] == [
        f"__HF_ATTEMPT={ATTEMPT}",
        "__HF_DIAL=PJSIP/13800000001@trunk",
        "__HF_RING=45",
        "__HF_AGENT=PJSIP/8001",
        "__HF_CONNECT=6",
    ]
    assert int(str(action["Timeout"])) > 45_000, "our dialplan gives up first"


def cel(event: str, second: int, unique_id: str, userfield: str = "", cause: int | None = None) -> str:
    extra = "" if cause is None else f'{{""hangupcause"":{cause}}}'
    stamp = f"{1700000000 + second}.5"
    columns = [event, stamp, unique_id, f"HFC-{ATTEMPT}", "PJSIP/x-1", "Dial", userfield, extra]
    return ",".join(f'"{column}"' for column in columns)


def at(second: int) -> datetime:
    return datetime.fromtimestamp(1700000000.5 + second, UTC)


LOCAL = [cel("CHAN_START", 0, f"HFC-{ATTEMPT}"), cel("CHAN_START", 0, f"HFD-{ATTEMPT}")]
ANSWER = [
    cel("CHAN_START", 1, CUSTOMER),
    cel("ANSWER", 5, CUSTOMER, ATTEMPT),
    cel("HANGUP", 5, f"HFD-{ATTEMPT}", cause=16),
]
COMES = [cel("CHAN_START", 5, AGENT), cel("ANSWER", 7, AGENT, f"agent:{ATTEMPT}")]
END = [
    cel("HANGUP", 60, AGENT, f"agent:{ATTEMPT}", cause=16),
    cel("HANGUP", 61, CUSTOMER, ATTEMPT, cause=16),
]


def test_d7_the_log_tells_the_legs_apart() -> None:
    trails = Trails()
    trails.add(LOCAL)
    assert trails.of(ATTEMPT) == CallTrail(attempt_id=ATTEMPT, gate_at=at(0)), "nobody was dialled"
    trails.add(ANSWER)
    assert trails.of(ATTEMPT).customer_started_at == at(1)
    assert trails.of(ATTEMPT).agent_answered_at is None
    trails.add([*COMES, *END])
    assert trails.of(ATTEMPT) == CallTrail(
        attempt_id=ATTEMPT,
        gate_at=at(0),
        agent_answered_at=at(7),
        customer_started_at=at(1),
        customer_answered_at=at(5),
        customer_ended_at=at(61),
        customer_cause=16,
        agent_ended_at=at(60),
    )
