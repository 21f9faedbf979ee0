"""How the proxy reads what passes: messages are whole wherever the stream was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk.ami.wire import parse
from asterisk.callbook import CallBook
from asterisk.translate import translate
from dialer.app.chaos.plan import Window
from dialer.app.chaos.stream import MARKS, Framer, Side, foreign_events, marks
from tests.support.core import NOW

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
MESSAGES = [
    b"Response: Success\r\nActionID: 1\r\n\r\n",
    "Event: UserEvent\r\nUserEvent: HFAgentUp\r\nName: 张\r\n\r\n".encode(),
    b"Event: Hangup\r\nCause: 16\r\n\r\n",
]


@given(st.sets(st.integers(1, 120)))
def test_messages_are_whole_however_the_stream_is_cut(cuts: set[int]) -> None:
    stream = GREETING + b"".join(MESSAGES)
    ends = [*sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    framer, begin, found = Framer(), 0, []
    for end in ends:
        found += framer.feed(stream[begin:end])
        begin = end
    assert found == [GREETING, *MESSAGES]


def test_orders_have_no_greeting() -> None:
    framer = Framer()
    assert framer.feed(b"Action: Ping\r\n\r\nAction: Lo") == [b"Action: Ping\r\n\r\n"]
    assert framer.feed(b"gin\r\n\r\n") == [b"Action: Login\r\n\r\n"]


@pytest.mark.parametrize("window", list(MARKS))
def test_a_window_is_known_by_its_message_and_its_way(window: Window) -> None:
    mark = MARKS[window]
    message = b"Some: header\r\n" + mark.words + b"\r\n"
    other = Side.NEWS if mark.side is Side.ORDERS else Side.ORDERS
    assert marks(window, mark.side, message)
    assert not marks(window, other, message)
    assert not marks(window, mark.side, b"Action: Ping\r\n\r\n")
    assert not marks(Window.ANY, mark.side, message)


def test_a_flood_is_of_calls_that_are_none_of_ours() -> None:
    book = CallBook()
    events = list(foreign_events(500, seed=1))
    assert len(events) == 500
    assert Framer().feed(b"".join(events)) == events
    told = [translate(book, parse(event.removesuffix(b"\r\n\r\n")), NOW) for event in events]
    assert told == [None] * 500
    assert book.calls == {}
