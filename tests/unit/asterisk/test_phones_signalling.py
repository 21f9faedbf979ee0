"""What a softphone says on the wire, seen by a caller made by hand on 127.0.0.1."""

from collections.abc import AsyncIterator

import pytest

from asterisk.phones import Answer, Behaviour, CustomerTrunk, Ending, Ignore, PhoneCall, Refuse, RingForever
from asterisk.phones.sip import header_parameter
from tests.unit.asterisk.sip_peer import Peer


class Table:
    """One trunk whose behaviour a test sets, and a caller."""

    def __init__(self) -> None:
        self.behaviour: Behaviour = Answer(ring_seconds=0)
        self.trunk = CustomerTrunk(lambda _: self.behaviour)

    async def open(self) -> "Table":
        await self.trunk.open()
        self.peer = await Peer.open(self.trunk.address)
        return self

    @property
    def call(self) -> PhoneCall:
        return self.trunk.calls[-1]


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    table = await Table().open()
    yield table
    await table.trunk.close()
    table.peer.close()


async def test_answer_carries_tag_contact_and_audio(table: Table) -> None:
    table.behaviour = Answer(ring_seconds=0.01)
    table.peer.invite(("X-HF-Attempt", "A7"))
    await table.peer.response(100)
    ringing = await table.peer.response(180)
    ok = await table.peer.response(200)
    tag = header_parameter(ok.get("To"), "tag")
    assert tag and header_parameter(ringing.get("To"), "tag") == tag
    assert ok.get("Contact").startswith("<sip:") and b"PCMA/8000" in ok.body
    assert (table.call.number, table.call.caller, table.call.attempt) == ("139", "4000", "A7")
    assert table.call.answered.is_set() and table.call.answered_at is not None


async def test_answer_is_sent_again_until_acknowledged(table: Table) -> None:
    table.peer.invite()
    first = await table.peer.response(200)
    assert (await table.peer.response(200)).to_bytes() == first.to_bytes()
    table.peer.request("ACK", "1 ACK")
    table.peer.request("OPTIONS", "2 OPTIONS")
    await table.peer.next()
    assert table.call._dialog._again is None


async def test_repeated_invite_is_the_same_call(table: Table) -> None:
    """A retransmission gets the response again and no second call."""
    table.behaviour = RingForever()
    table.peer.invite()
    first = await table.peer.response(180)
    table.peer.invite()
    assert (await table.peer.response(180)).to_bytes() == first.to_bytes()
    assert table.trunk.calls_seen == 1


async def test_cancel_ends_the_ringing(table: Table) -> None:
    table.behaviour = RingForever()
    table.peer.invite()
    await table.peer.response(180)
    table.peer.request("CANCEL", "1 CANCEL")
    assert (await table.peer.response(200)).cseq == (1, "CANCEL")
    assert (await table.peer.response(487)).cseq == (1, "INVITE")
    assert table.call.ending is Ending.CANCELLED and table.call.code == 487


async def test_cancel_too_late_changes_nothing(table: Table) -> None:
    table.peer.invite()
    await table.peer.response(200)
    table.peer.request("CANCEL", "1 CANCEL")
    while (await table.peer.response(200)).cseq != (1, "CANCEL"):
        pass
    assert not table.call.ended.is_set()


@pytest.mark.parametrize("code", [404, 480, 486, 503, 603])
async def test_refusal(table: Table, code: int) -> None:
    table.behaviour = Refuse(code=code)
    table.peer.invite()
    assert (await table.peer.response(code)).cseq == (1, "INVITE")
    assert table.call.ending is Ending.REFUSED and table.call.code == code


async def test_unreachable_sends_nothing(table: Table) -> None:
    """The first thing that ever comes back is the answer to a later OPTIONS."""
    table.behaviour = Ignore()
    table.peer.invite()
    table.peer.invite()
    table.peer.request("OPTIONS", "9 OPTIONS", ("Call-ID", "other"))
    await table.peer.response(200)
    assert {message.cseq for message in table.peer.messages} == {(9, "OPTIONS")}
    assert table.trunk.calls_seen == 1 and table.call.ending is Ending.IGNORED


async def test_bye_from_the_caller(table: Table) -> None:
    table.peer.invite()
    await table.peer.response(200)
    table.peer.request("BYE", "2 BYE")
    while (await table.peer.response(200)).cseq != (2, "BYE"):
        pass
    assert table.call.ending is Ending.REMOTE_HUNG_UP
    with pytest.raises(RuntimeError, match="no audio"):
        table.call.start_speech(b"\xd5")


async def test_hang_up_says_bye_within_the_dialog(table: Table) -> None:
    table.peer.invite()
    ok = await table.peer.response(200)
    await table.call.hang_up()
    bye = await table.peer.incoming("BYE")
    assert bye.uri == f"sip:asterisk@127.0.0.1:{table.peer.port}"
    assert bye.get("From") == ok.get("To") and bye.get("To") == ok.get("From")
    assert table.call.ending is Ending.HUNG_UP


async def test_hang_up_while_ringing_declines(table: Table) -> None:
    table.behaviour = RingForever()
    table.peer.invite()
    await table.peer.response(180)
    await table.call.hang_up()
    await table.peer.response(603)
    assert table.call.ending is Ending.REFUSED


async def test_hang_up_by_itself(table: Table) -> None:
    table.behaviour = Answer(ring_seconds=0, hang_up_after=0.05)
    table.peer.invite()
    await table.peer.incoming("BYE")
    assert table.call.ending is Ending.HUNG_UP


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_session_refresh_is_answered_and_moves_the_audio(table: Table, method: str) -> None:
    table.peer.invite(("Session-Expires", "90;refresher=uac"))
    ok = await table.peer.response(200)
    assert ok.get("Session-Expires") == "90;refresher=uac" and ok.get("Require") == "timer"
    table.peer.request(method, f"2 {method}", ("Session-Expires", "90"), offer=True)
    while (refreshed := await table.peer.response(200)).cseq != (2, method):
        pass
    assert b"m=audio" in refreshed.body
    assert not table.call.ended.is_set() and table.trunk.calls_seen == 1


async def test_session_without_refresh_ends(table: Table) -> None:
    """When Asterisk is killed no BYE ever comes: the phone finds out by itself."""
    table.peer.invite(("Session-Expires", "1;refresher=uac"))
    await table.peer.incoming("BYE")
    assert table.call.ending is Ending.SESSION_EXPIRED


async def test_offer_without_our_codec_is_refused(table: Table) -> None:
    table.peer.request("INVITE", "1 INVITE")
    await table.peer.response(488)
    assert table.call.ending is Ending.REFUSED


async def test_bye_of_an_unknown_call(table: Table) -> None:
    table.peer.request("BYE", "5 BYE")
    await table.peer.response(481)


async def test_close_tells_the_caller(table: Table) -> None:
    table.behaviour = RingForever()
    table.peer.invite()
    await table.peer.response(180)
    await table.trunk.close()
    await table.peer.response(480)
    assert table.call.ending is Ending.CLOSED
