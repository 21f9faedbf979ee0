"""The AMI wire format (X2: no injection into AMI)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk.ami import wire
from asterisk.ami.wire import HeaderRefused

PLAIN = st.text(st.characters(exclude_characters="\r\n\x00", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "value", ["a\r\nAction: Originate", "a\rb", "a\nb", "a\r\n\r\nAction: Hangup", "a\x00b"]
)
def test_a_value_cannot_break_out_of_its_line(value: str) -> None:
    """X2: panoramisk passes CR and LF through."""
    with pytest.raises(HeaderRefused, match="Variable"):
        wire.encode_action([("Action", "Ping"), ("Variable", value)])
    with pytest.raises(HeaderRefused, match="Variable"):
        wire.encode_action([("Action", "Ping"), ("Variable", ["fine", value])])


@pytest.mark.parametrize("key", ["A\r\nB", "A: B", "", "A B", "1A"])
def test_a_header_name_cannot_break_out_of_its_line(key: str) -> None:
    with pytest.raises(HeaderRefused):
        wire.encode_action([(key, "x")])


def test_a_list_of_values_repeats_its_header() -> None:
    assert wire.encode_action([("Action", "X"), ("Variable", ["a=1", "b=2"])]) == (
        b"Action: X\r\nVariable: a=1\r\nVariable: b=2\r\n\r\n"
    )


@given(PLAIN)
def test_what_is_written_is_read(value: str) -> None:
    raw = wire.encode_action([("Action", "X"), ("Name", value)])
    assert raw.endswith(wire.END)
    assert wire.parse(raw.removesuffix(wire.END)) == {"Action": "X", "Name": value}


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"Event: X\r\nA: 1\r\nLast: ", {"Event": "X", "A": "1", "Last": ""}),
        (b"Event: X\r\nA: 1\r\nLast:", {"Event": "X", "A": "1", "Last": ""}),
        (b"Event: X\r\nnospace:v", {"Event": "X", "nospace": "v"}),
        (b"Event: X\r\nV: a=1\r\nV: b=2", {"Event": "X", "V": "a=1\nb=2"}),
        (b"Event: X\r\nResult: a%20b", {"Event": "X", "Result": "a%20b"}),
        (b"Event: X\r\nnothing\r\nA: b: c", {"Event": "X", "A": "b: c"}),
        (b"Event: X\r\nName: caf\xe9 \xff!", {"Event": "X", "Name": "caf\ufffd \ufffd!"}),
    ],
)
def test_odd_headers_are_kept(raw: bytes, fields: dict[str, str]) -> None:
    """panoramisk loses an empty last header, decodes %20, and drops bytes that are no UTF-8."""
    assert wire.parse(raw) == fields


def test_repeated_headers_are_told_apart() -> None:
    fields = wire.parse(b"Event: X\r\nV: a=1\r\nV: b=2\r\nW: c")
    assert wire.values(fields, "V") == ["a=1", "b=2"]
    assert wire.values(fields, "W") == ["c"]
    assert wire.values(fields, "None") == []


@pytest.mark.parametrize(("raw", "name"), [(b"Event: Hangup\r\nA: 1", b"Hangup"), (b"Event: X", b"X")])
def test_an_events_name_is_read_without_decoding(raw: bytes, name: bytes) -> None:
    assert wire.event_name(raw) == name
