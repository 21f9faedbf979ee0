"""The pure parts of the softphone: SIP, digest, SDP, RTP, sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from asterisk.phones.audio import SILENCE, from_alaw, load_speech, to_alaw, write_heard
from asterisk.phones.digest import authorization
from asterisk.phones.rtp import Heard, pack, unpack
from asterisk.phones.sdp import AudioTarget, NoAudio, build_answer, parse_offer
from asterisk.phones.sip import (
    Request,
    Response,
    SipSyntaxError,
    header_parameter,
    header_uri,
    parse,
    uri_user,
)


def test_request_there_and_back() -> None:
    sent = Request(
        [("Via", "a"), ("Via", "b"), ("Call-ID", "x"), ("CSeq", "7 INVITE")], b"v=0", "INVITE", "sip:1@h"
    )
    got = parse(sent.to_bytes())
    assert isinstance(got, Request)
    assert (got.method, got.uri, got.body) == ("INVITE", "sip:1@h", b"v=0")
    assert got.all("via") == ["a", "b"] and got.cseq == (7, "INVITE") and got.call_id == "x"


def test_compact_and_folded_headers() -> None:
    got = parse(b"SIP/2.0 200 OK\r\ni: call\r\nf: <sip:1@h>\r\n ;tag=9\r\nCSeq: 1 BYE\r\n\r\n")
    assert isinstance(got, Response)
    assert got.call_id == "call" and header_parameter(got.get("From"), "tag") == "9"


@given(st.binary(max_size=300))
def test_noise_is_a_message_or_a_syntax_error(noise: bytes) -> None:
    try:
        parse(noise)
    except SipSyntaxError:
        return


def test_response_keeps_an_existing_tag() -> None:
    request = Request([("To", "<sip:1@h>;tag=ours")], b"", "BYE", "sip:1@h")
    assert request.response(200, tag="new").get("To") == "<sip:1@h>;tag=ours"


def test_addresses() -> None:
    assert header_uri('"王" <sip:100@h:5060;ob>;tag=1') == "sip:100@h:5060;ob"
    assert header_uri("sip:100@h;tag=1") == "sip:100@h"
    assert uri_user("sip:13800000001@h:5090") == "13800000001" and uri_user("sip:host") == ""
    assert header_parameter("<sip:1@h;tag=inside>;expires=3", "tag") == ""


def test_digest_with_qop() -> None:
    """The example of RFC 2617, section 3.5."""
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = authorization(
        challenge,
        username="Mufasa",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="0a4f113b",
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer and "nc=00000001" in answer


def test_digest_that_is_not_md5_is_refused() -> None:
    with pytest.raises(ValueError, match="Only MD5"):
        authorization(
            'Digest realm="r", nonce="n", algorithm=SHA-256',
            username="u",
            password="p",
            method="REGISTER",
            uri="sip:h",
            cnonce="c",
        )


def test_session_description_there_and_back() -> None:
    assert parse_offer(build_answer("10.0.0.7", 4002)) == AudioTarget("10.0.0.7", 4002)


def test_address_of_the_stream_wins_over_that_of_the_session() -> None:
    offer = (
        b"v=0\r\nc=IN IP4 1.1.1.1\r\nm=audio 9 RTP/AVP 0 8\r\nc=IN IP4 2.2.2.2\r\nm=video 5 RTP/AVP 99\r\n"
    )
    assert parse_offer(offer) == AudioTarget("2.2.2.2", 9)


@pytest.mark.parametrize("offer", [b"", b"v=0\r\nc=IN IP4 1.1.1.1\r\nm=audio 9 RTP/AVP 0 18\r\n"])
def test_offer_without_alaw(offer: bytes) -> None:
    with pytest.raises(NoAudio):
        parse_offer(offer)


def test_rtp_packet_there_and_back() -> None:
    packet = pack(70000, 5, 77, b"\x01\x02", first=True)
    assert packet[1] == 0x88 and unpack(packet) == (5, 77, b"\x01\x02")
    assert unpack(packet[:12]) is None
    assert unpack(b"\x80\x65" + packet[2:]) is None, "telephone events are no sound"


def test_heard_packets_take_their_place() -> None:
    """A lost packet is silence, a late one still fits, time stamps wrap, a new source goes on behind."""
    heard = Heard()
    start = 2**32 - 4
    for step in (0, 1, 3, 2, 5):
        heard.add((start + 4 * step) % 2**32, 1, bytes([step]) * 4)
    assert heard.audio == b"".join(bytes([s]) * 4 for s in (0, 1, 2, 3)) + SILENCE * 4 + b"\x05" * 4
    heard.add(900_000, 2, b"nnnn")
    assert heard.audio[-4:] == b"nnnn" and len(heard.audio) == 28
    assert heard.packets == 6


def test_alaw_is_that_of_libsndfile(tmp_path: Path) -> None:
    """Every code decodes as libsndfile decodes it, and encodes back to itself."""
    codes = bytes(range(256))
    path = tmp_path / "codes.al"
    path.write_bytes(codes)
    theirs, _ = soundfile.read(path, dtype="int16", format="RAW", subtype="ALAW", samplerate=8000, channels=1)
    assert np.array_equal(from_alaw(codes), theirs)
    assert to_alaw(from_alaw(codes)) == codes
    assert to_alaw(np.zeros(1, np.int16)) in (b"\xd5", b"\x55")


def test_speech_is_loaded_at_any_rate_and_written(tmp_path: Path) -> None:
    tone = (np.sin(2 * np.pi * 500 * np.arange(16000) / 16000) * 0.5).astype(np.float32)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone * 0, tone], axis=1), 16000)
    speech = load_speech(tmp_path / "tone.wav", channel=1)
    assert len(speech) == 8000
    write_heard(tmp_path / "heard.wav", speech)
    back, rate = soundfile.read(tmp_path / "heard.wav", dtype="float32")
    assert rate == 8000 and abs(float(np.abs(back).max()) - 0.5) < 0.05
    assert from_alaw(load_speech(tmp_path / "tone.wav", channel=0)).max() <= 8
