"""X2: AMI over TLS on a real Asterisk: encrypted, and with nobody else's certificate."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from asterisk.ami import LinkFault
from asterisk.asking import Answers, ask
from asterisk.install import AsteriskBinary
from asterisk.ports import free_port
from asterisk.server import AsteriskServer
from asterisk.settings import AsteriskSettings
from asterisk.telephony import AsteriskTelephony
from asterisk.tls import context_of
from dialer.telephony.events import LinkUp
from tests.fixtures_asterisk import trial_settings


def certificate(folder: Path, name: str, host: str) -> Path:
    """A certificate that is its own authority, with its key behind it, for `host`."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(scope="module")
def secured(asterisk_binary: AsteriskBinary, short_tmp: Path) -> Iterator[AsteriskSettings]:
    """How an Asterisk whose manager interface speaks TLS is reached."""
    server = AsteriskServer(asterisk_binary, short_tmp / "tls", trial_settings())
    asyncio.run(server.start())
    pem = certificate(short_tmp, "ami", "127.0.0.1")
    port = free_port("127.0.0.1", udp=False)
    manager = server.layout.etc / "manager.conf"
    text = manager.read_text(encoding="utf-8")
    lines = f"[general]\ntlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {pem}\n"
    manager.write_text(text.replace("[general]\n", lines, 1), encoding="utf-8")
    asyncio.run(server.cli("manager reload"))
    yield server.connection().model_copy(update={"port": port, "tls": True, "tls_ca": pem})
    asyncio.run(server.stop())


async def answers(where: AsteriskSettings) -> Answers:
    """What Asterisk answers over this link."""
    return await ask(
        host=where.host,
        port=where.port,
        username=where.username,
        secret=where.secret,
        ssl=context_of(where),
    )


async def test_x2_the_link_is_encrypted(secured: AsteriskSettings) -> None:
    """X2: the service's own link comes up over it, too."""
    assert (await answers(secured)).version
    telephony = AsteriskTelephony(secured)
    await telephony.start()
    async with asyncio.timeout(20):
        async for event in telephony.events():
            assert isinstance(event, LinkUp), event
            break
    await telephony.stop()


async def test_x2_a_certificate_of_somebody_else_is_refused(
    secured: AsteriskSettings, tmp_path: Path
) -> None:
    """X2: nobody gets the secret who cannot prove to be this Asterisk."""
    other = secured.model_copy(update={"tls_ca": certificate(tmp_path, "other", "127.0.0.1")})
    with pytest.raises(LinkFault, match="certificate verify failed"):
        await answers(other)


async def test_x2_a_certificate_for_another_host_is_refused_unless_told(
    secured: AsteriskSettings, asterisk_binary: AsteriskBinary
) -> None:
    """X2: the name is checked, where the site does not say otherwise."""
    by_name = secured.model_copy(update={"host": "localhost"})
    with pytest.raises(LinkFault, match=r"(?i)hostname mismatch"):
        await answers(by_name)
    assert (await answers(by_name.model_copy(update={"tls_check_name": False}))).version


async def test_x2_tls_to_a_plain_port_says_so(secured: AsteriskSettings) -> None:
    """O5: the wrong port is a reason in words."""
    plain = secured.model_copy(update={"port": 1})
    with pytest.raises(LinkFault, match="cannot be reached"):
        await answers(plain)


def test_x2_a_file_without_certificates_is_a_bad_setting(tmp_path: Path) -> None:
    """X2: told when settings are read, not when the link fails."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate", encoding="utf-8")
    with pytest.raises(ValidationError, match="no certificate in PEM form"):
        AsteriskSettings(tls_ca=file)
    with pytest.raises(ValidationError, match="tls_ca"):
        AsteriskSettings(tls_ca=tmp_path / "missing.pem")
