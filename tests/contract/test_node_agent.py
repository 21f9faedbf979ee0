"""The node agent over a bad line: cut in the middle, a byte spoilt, a file half written (A6, D8)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from asterisk.cel import CelFile, CelLog, CelSource
from asterisk.remote_cel import RemoteCel
from dialer.ids import new_id
from dialer.telephony.port import CallTrail, TrailUnreadable
from recordings.node.server import NodeAgent
from recordings.node.settings import NodeAgentSettings
from recordings.remote import RemoteSource
from recordings.source import Part, SourceUnreachable
from tests.support.node_agent import TOKEN, BadLine, agent

SOUND = bytes(range(256)) * 4000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "monitor"
    folder.mkdir()
    return folder


@pytest.fixture
def cel_file(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


@pytest.fixture
async def running(folder: Path, cel_file: Path) -> AsyncIterator[NodeAgent]:
    async with agent(folder, cel_file) as running:
        yield running


@pytest.fixture
async def line(running: NodeAgent) -> AsyncIterator[BadLine]:
    async with BadLine(running.port) as line:
        yield line


@pytest.fixture
def source(line: BadLine) -> RemoteSource:
    return RemoteSource(f"http://127.0.0.1:{line.port}", TOKEN, timeout=5)


def leave(folder: Path, attempt_id: str) -> None:
    (folder / f"{attempt_id}.agent.wav").write_bytes(SOUND)
    (folder / f"{attempt_id}.done").write_text("1")


async def fetch(source: RemoteSource, attempt_id: str, to: Path) -> str:
    return await asyncio.to_thread(source.fetch, attempt_id, Part.AGENT, to)


def make_certificate(folder: Path, name: str) -> None:
    """A certificate of 127.0.0.1 that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


# --- recordings ---------------------------------------------------------------------------------


async def test_a_transfer_that_is_cut_goes_on_where_it_stopped(
    folder: Path, line: BadLine, source: RemoteSource, tmp_path: Path
) -> None:
    """A6: resumed; what has arrived is not sent again."""
    attempt_id, to = new_id(), tmp_path / "copy"
    leave(folder, attempt_id)
    line.cut_after = 300_000
    arrived = 0
    for _ in range(10):
        try:
            await fetch(source, attempt_id, to)
            break
        except SourceUnreachable:
            assert to.stat().st_size > arrived
            arrived = to.stat().st_size
            assert to.read_bytes() == SOUND[:arrived]
    assert to.read_bytes() == SOUND
    assert line.passed < len(SOUND) + 50_000


async def test_a_spoilt_byte_is_found_and_the_file_fetched_anew(
    folder: Path, line: BadLine, source: RemoteSource, tmp_path: Path
) -> None:
    """A6: no file is trusted without its checksum."""
    attempt_id, to = new_id(), tmp_path / "copy"
    leave(folder, attempt_id)
    line.spoil_at = 500_000
    with pytest.raises(SourceUnreachable, match="damaged 2 times"):
        await fetch(source, attempt_id, to)
    assert not to.exists()
    line.spoil_at = None
    await fetch(source, attempt_id, to)
    assert to.read_bytes() == SOUND


async def test_a_byte_spoilt_before_the_cut_is_found_after_it(
    folder: Path, line: BadLine, source: RemoteSource, tmp_path: Path
) -> None:
    attempt_id, to = new_id(), tmp_path / "copy"
    leave(folder, attempt_id)
    line.spoil_at, line.cut_after = 100_000, 300_000
    with pytest.raises(SourceUnreachable):
        await fetch(source, attempt_id, to)
    assert to.read_bytes() != SOUND[: to.stat().st_size]
    line.spoil_at = line.cut_after = None
    await fetch(source, attempt_id, to)
    assert to.read_bytes() == SOUND


async def test_a_file_that_grew_meanwhile_is_taken_as_it_is_in_the_end(
    folder: Path, source: RemoteSource, tmp_path: Path
) -> None:
    """Half written: what was fetched of it before is gone on with."""
    attempt_id, to = new_id(), tmp_path / "copy"
    file = folder / f"{attempt_id}.agent.wav"
    file.write_bytes(SOUND[:5000])
    await fetch(source, attempt_id, to)
    assert not (await asyncio.to_thread(source.look, attempt_id)).closed
    file.write_bytes(b"new header" + SOUND[10:])
    await fetch(source, attempt_id, to)
    assert to.read_bytes() == b"new header" + SOUND[10:]


async def test_without_the_token_nobody_is_let_in(folder: Path, running: NodeAgent) -> None:
    leave(folder, new_id())
    stranger = RemoteSource(f"http://127.0.0.1:{running.port}", TOKEN + "x")
    with pytest.raises(SourceUnreachable, match="The token is wrong"):
        await asyncio.to_thread(stranger.attempts)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}") as http:
        for path in ("/v1/recordings", "/v1/cel", "/v1/health", "/nothing"):
            assert (await http.get(path)).status == 401


async def test_only_files_of_attempts_can_be_asked_for(folder: Path, running: NodeAgent) -> None:
    (folder.parent / "secret.agent.wav").write_text("secret")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}", headers=headers) as http:
        for path, status in (
            ("/v1/recordings/..%2Fsecret/agent", 400),
            (f"/v1/recordings/{new_id()}/secret", 400),
            (f"/v1/recordings/{new_id()}/agent", 404),
            ("/v1/cel?offset=-1", 400),
        ):
            assert (await http.get(path)).status == status, path
        listed = await (await http.get("/v1/recordings?details=1")).json()
        assert listed == {"attempts": {}}


async def test_finished_files_are_listed_with_size_and_checksum(folder: Path, running: NodeAgent) -> None:
    done, growing = sorted((new_id(), new_id()))
    leave(folder, done)
    (folder / f"{growing}.agent.wav").write_bytes(b"half")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}", headers=headers) as http:
        listed = (await (await http.get("/v1/recordings?details=1")).json())["attempts"]
    assert listed[growing] == {"closed": False, "parts": {"agent": {"size": 4}}}
    assert listed[done]["parts"]["agent"]["size"] == len(SOUND)
    assert len(listed[done]["parts"]["agent"]["sha256"]) == 64


async def test_an_agent_that_does_not_run_is_said_so(tmp_path: Path) -> None:
    nobody = RemoteSource("http://127.0.0.1:9", TOKEN, timeout=1)
    with pytest.raises(SourceUnreachable, match="dialer node serve"):
        await asyncio.to_thread(nobody.attempts)


async def test_the_line_is_encrypted_and_the_certificate_checked(
    folder: Path, cel_file: Path, tmp_path: Path
) -> None:
    """X2: HTTPS; a certificate of somebody else is refused."""
    for name in ("agent", "stranger"):
        make_certificate(tmp_path, name)
    files = {"certificate": tmp_path / "agent.pem", "key": tmp_path / "agent.key"}
    attempt_id = new_id()
    leave(folder, attempt_id)
    async with agent(folder, cel_file, **files) as running:
        url = f"https://127.0.0.1:{running.port}"
        ours = RemoteSource(url, TOKEN, ca=tmp_path / "agent.pem")
        assert await asyncio.to_thread(ours.attempts) == [attempt_id]
        fooled = RemoteSource(url, TOKEN, ca=tmp_path / "stranger.pem")
        with pytest.raises(SourceUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(fooled.attempts)


def test_an_agent_without_a_token_does_not_start(folder: Path, cel_file: Path) -> None:
    with pytest.raises(ValueError, match="token is empty"):
        NodeAgent(NodeAgentSettings(), recordings_dir=folder, cel_file=cel_file)


# --- the channel event log ----------------------------------------------------------------------


def row(event: str, unique_id: str, linked_id: str, at: float) -> str:
    return f'"{event}","{at}","{unique_id}","{linked_id}","PJSIP/x","Dial","",""\n'


def call_rows(attempt_id: str, at: float = 1000.0) -> str:
    return row("CHAN_START", attempt_id, attempt_id, at) + row("ANSWER", f"{at}.7", attempt_id, at + 5)


@pytest.fixture(params=["local", "remote"])
async def cel(request: pytest.FixtureRequest, cel_file: Path, line: BadLine) -> AsyncIterator[CelLog]:
    remote: CelSource = RemoteCel(f"http://127.0.0.1:{line.port}", TOKEN, timeout=5)
    log = CelLog(CelFile(cel_file) if request.param == "local" else remote)
    yield log
    await log.close()


async def test_the_log_is_read_on_through_its_renaming(cel: CelLog, cel_file: Path) -> None:
    """A6: CEL of another machine proves what that of this one does."""
    one, two, three, four = sorted(new_id() for _ in range(4))
    cel_file.with_name("cel.csv.1").write_text(call_rows(one, 1000))
    cel_file.write_text(call_rows(two, 2000))
    assert (await cel.trail(one)).customer_answered_at == datetime.fromtimestamp(1005, UTC)
    assert (await cel.trail(two)).customer_answered_at == datetime.fromtimestamp(2005, UTC)
    assert (await cel.trail(three)).customer_started_at is None
    with cel_file.open("a") as log:
        log.write(call_rows(three, 3000))
    cel_file.rename(cel_file.with_name("cel.csv.1"))
    cel_file.write_text(call_rows(four, 4000))
    assert (await cel.trail(three)).customer_answered_at == datetime.fromtimestamp(3005, UTC)
    assert (await cel.trail(four)).customer_answered_at == datetime.fromtimestamp(4005, UTC)


async def test_a_half_written_line_waits_for_its_end(cel: CelLog, cel_file: Path) -> None:
    attempt_id = new_id()
    text = call_rows(attempt_id)
    cel_file.write_text(text[:-20])
    assert (await cel.trail(attempt_id)).customer_started_at is None
    with cel_file.open("a") as log:
        log.write(text[-20:])
    assert (await cel.trail(attempt_id)).customer_started_at is not None


async def test_a_log_that_is_not_there_proves_nothing(cel: CelLog) -> None:
    with pytest.raises(TrailUnreadable):
        await cel.trail(new_id())


async def test_a_bad_line_to_the_log_proves_nothing_and_loses_nothing(cel_file: Path, line: BadLine) -> None:
    cel = CelLog(RemoteCel(f"http://127.0.0.1:{line.port}", TOKEN, timeout=5))
    attempts = [new_id() for _ in range(200)]
    cel_file.write_text("".join(call_rows(one, 1000 + index) for index, one in enumerate(attempts)))
    line.cut_after = 9000
    with pytest.raises(TrailUnreadable):
        await cel.trail(attempts[0])
    line.cut_after, line.spoil_at = None, 9000
    with pytest.raises(TrailUnreadable, match="damaged"):
        await cel.trail(attempts[0])
    line.spoil_at = None
    for one in attempts:
        assert (await cel.trail(one)).customer_answered_at is not None
    await cel.close()


async def test_what_was_read_before_a_part_of_the_log_was_gone_proves_no_end(
    cel_file: Path, line: BadLine
) -> None:
    """D7: the lines that are gone may be those of the answer; what comes after them is read all the same."""
    cel = CelLog(RemoteCel(f"http://127.0.0.1:{line.port}", TOKEN, timeout=5))
    early, late = new_id(), new_id()
    cel_file.write_text(call_rows(early))
    assert (await cel.trail(early)).customer_started_at is not None
    for text in ("", call_rows(late, 2000)):
        cel_file.replace(cel_file.with_name("cel.csv.1"))
        cel_file.write_text(text)
    cel_file.with_name("cel.csv.1").unlink()
    assert await cel.trail(early) == CallTrail(attempt_id=early)
    assert (await cel.trail(late)).customer_started_at is not None
    await cel.close()
